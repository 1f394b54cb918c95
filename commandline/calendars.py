"""Verbs about calendars: a year of one to approve, and a snapshot of public holidays to paste."""

import re
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commandline.session import Exit, fail, print_json, record, verb

if TYPE_CHECKING:
    from domain.calendar_year import CalendarYear
    from domain.terms.shape import Terms

YEARS = re.compile(r"(\d{4})(?:-(\d{4}))?", re.ASCII)
MOST_YEARS = 30


@click.group("calendar", context_settings={"help_option_names": ["-h", "--help"]})
def calendar_verb() -> None:
    """Look at the calendars of an agreement, and take public holidays into one."""


# --- a year to approve


@calendar_verb.command("show")
@click.argument("agreement", metavar="FILE|AGREEMENT")
@click.option("--calendar", "key", metavar="KEY", help="Only this one of its calendars.")
@click.option("--year", type=click.IntRange(1900, 2199), help="The year; the first of the term.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; lengths in seconds.")
@verb
async def show_verb(agreement: str, key: str | None, year: int | None, *, as_json: bool) -> None:
    """Preview a year of the calendars in a document, or of a launched agreement.

    Every day that is not like its weekday is named: holidays, days with hours of their own, days on
    which the clocks change, and the day from which other hours hold.
    """
    from domain.calendar_year import year_of
    from domain.zones import zone_named

    terms = _read(Path(agreement)) if Path(agreement).is_file() else await _in_force(agreement)
    if not terms.calendars:
        fail(
            Exit.NOT_FOUND, f"{agreement} has no `calendars`; clocks and KPIs run around the clock"
        )
    if key is not None and key not in terms.calendars:
        fail(
            Exit.NOT_FOUND, f"there is no calendar `{key}`; there are {', '.join(terms.calendars)}"
        )
    years = {
        name: year_of(each, zone_named(terms.zone), year or terms.term.starts_on.year)
        for name, each in terms.calendars.items()
        if key in {None, name}
    }
    if as_json:
        calendars = [_as_json(name, each) for name, each in years.items()]
        print_json({"agreement": terms.agreement, "calendars": calendars})
        return
    for name, each in years.items():
        _print_year(name, each, terms)


def _read(file: Path) -> "Terms":
    from domain.terms_check import validate_terms

    reading = validate_terms(file.read_bytes(), str(file))
    if reading.value is None:
        fail(Exit.INVALID, "\n".join(map(str, reading.problems)))
    return reading.value


async def _in_force(agreement: str) -> "Terms":
    from store.views.agreements import terms_of

    async with record() as connection:
        now = datetime.now(UTC)  # noqa: TID251 - a page is read at an instant
        terms = await terms_of(connection, agreement, now)
    if terms is None:
        fail(
            Exit.NOT_FOUND,
            f"there is neither a file nor an agreement '{agreement}'; see `covenant list`",
        )
    return terms


def _as_json(key: str, year: "CalendarYear") -> dict[str, Any]:
    return {
        "calendar": key,
        "year": year.year,
        "zone": year.zone,
        "working_days": year.working_days,
        "open_s": year.open_s,
        "holidays_until": year.holidays_until,
        "months": [
            {"month": each.month, "working_days": each.working_days, "open_s": each.open_s}
            for each in year.months
        ],
        "unusual": [
            {
                "day": each.day,
                "why": each.why,
                "name": each.name,
                "open_s": each.open_s,
                "usual_s": each.usual_s,
            }
            for each in year.unusual
        ],
    }


def _print_year(key: str, year: "CalendarYear", terms: "Terms") -> None:
    click.echo(
        f"{key}, {year.year}, in {year.zone}: {year.working_days} working days, "
        f"{_hours(year.open_s)} open"
    )
    for each in year.months:
        month = date(year.year, each.month, 1)
        click.echo(f"  {month:%b}  {each.working_days:>2} days  {_hours(each.open_s):>10}")
    for unusual in year.unusual:
        name = f", {unusual.name}" if unusual.name else ""
        click.echo(
            f"  {unusual.day:%Y-%m-%d %a}  {unusual.why}{name}: {_hours(unusual.open_s)} open, "
            f"usually {_hours(unusual.usual_s)}"
        )
    if not year.unusual:
        click.echo("  Every day is like its weekday.")
    if year.holidays_until is None:
        click.echo("  It knows no holidays.")
    elif year.holidays_until.year < year.year:
        click.echo(
            f"  Its last holiday is {year.holidays_until}: add those of later years, see "
            "`covenant calendar holidays`."
        )
    click.echo(f"  Shown for {terms.title}; hours across midnight count to the day they start on.")


def _hours(seconds: int) -> str:
    """Hours and minutes; seconds too where there are any."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h" + (f" {minutes} min" if minutes else "") + (f" {rest} s" if rest else "")


# --- holidays to take into an agreement


@calendar_verb.command("holidays")
@click.argument("region", metavar="REGION")
@click.option("--years", "said", required=True, metavar="2027-2029", help="One year, or some.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def holidays_verb(region: str, said: str, *, as_json: bool) -> None:
    """Print the public holidays of REGION (GB-ENG, US-NY, DE) to paste into a calendar.

    What is pasted and agreed holds, whatever a later release of the library behind this says. Read
    it before you do: days that hang on the moon are estimates.
    """
    import holidays

    years = _years(said)
    country, _, subdivision = region.upper().partition("-")
    known = holidays.list_supported_countries()
    if country not in known:
        fail(
            Exit.NOT_FOUND, f"no holidays are known for '{region}'; write for example GB-ENG or DE"
        )
    if subdivision and subdivision not in known[country]:
        parts = ", ".join(known[country]) or "none"
        fail(
            Exit.NOT_FOUND,
            f"'{subdivision}' is no part of {country} that is known; there are {parts}",
        )
    # Named, or the names would be in the language of whoever asks.
    language = "en_US" if "en_US" in getattr(holidays, country).supported_languages else None
    found = holidays.country_holidays(
        country, subdiv=subdivision or None, years=years, language=language
    )
    days = sorted((day, name) for day, name in found.items())
    source = f"holidays {version('holidays')}"
    if as_json:
        print_json(
            {
                "region": region.upper(),
                "years": years,
                "source": source,
                "holidays": [
                    {"on": day, "name": name, "estimated": "estimated" in name}
                    for day, name in days
                ],
            }
        )
        return
    click.echo(f"holidays: # {region.upper()}, {said}, from {source}; check before you agree")
    for day, name in days:
        click.echo(f'  - {{on: {day}, name: "{name.replace(chr(34), chr(39))}"}}')
    if not days:
        fail(Exit.NOT_FOUND, f"the library knows no holidays of {region.upper()} in {said}")


def _years(said: str) -> list[int]:
    match = YEARS.fullmatch(said)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if not first <= last < first + MOST_YEARS:
        fail(
            Exit.USAGE,
            f"'{said}' names no years; write 2027, or 2027-2029, {MOST_YEARS} at the most",
        )
    return list(range(first, last + 1))
