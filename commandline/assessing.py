"""Verbs that compute offline: an agreement and files of facts in, every figure out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from commandline.facts import MAPPING, progress
from commandline.session import Exit, fail, print_json

if TYPE_CHECKING:
    from datetime import date

    from domain.assessment import Assessment, Limits
    from domain.facts import Fact
    from domain.terms.problems import Problem
    from domain.terms.reader import Reading
    from domain.terms.tree import Tree
    from domain.timeline import Edition, Timeline

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FACTS = click.Path(exists=True, path_type=Path)

AGREEMENT = click.argument("agreement", type=FILE)
MORE = click.argument("more", nargs=-1, type=FACTS, metavar="[FILE]...")
FACT_FILES = click.option(
    "--facts",
    "facts",
    multiple=True,
    type=FACTS,
    metavar="FILE…",
    help="Files of facts, CSV or JSON Lines (.gz too) or .xlsx, or a folder of `facts*` files.",
)
AMENDMENTS = click.option(
    "--amendment",
    "amendments",
    multiple=True,
    type=FILE,
    help="An adopted amendment, in the order of adoption; each makes an edition.",
)
SINCE = click.option(
    "--from", "since", help="Assess from this local day or time; the term's start."
)
UNTIL = click.option("--to", "until", help="Assess until then; to the end of the facts.")
KNOWN_AT = click.option("--known-at", help="Only what was known before this instant.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON; instants are UTC.")


@click.command("assess")
@AGREEMENT
@MORE
@FACT_FILES
@AMENDMENTS
@SINCE
@UNTIL
@KNOWN_AT
@MAPPING
@click.option("--clocks", is_flag=True, help="Also the clocks of every ticket.")
@click.option(
    "--explain", metavar="KPI/PERIOD", help="Explain one figure, line, trigger, or ticket/ID."
)
@JSON
def assess_verb(
    agreement: Path,
    more: tuple[Path, ...],
    facts: tuple[Path, ...],
    amendments: tuple[Path, ...],
    mapping: Path | None,
    explain: str | None,
    *,
    clocks: bool,
    as_json: bool,
    **times: str | None,
) -> None:
    """Assess AGREEMENT over files of facts: no server, no database, nothing written.

    Every period, credit, total, trigger and right, as a live agreement would have them. Local
    times are read in the agreement's zone.
    """
    from reports.assessment import as_json as document

    timeline, digest = _timeline(agreement, amendments)
    read = _facts((*facts, *more), timeline, mapping)
    clocks = clocks or (explain or "").startswith("ticket/")
    assessment = _assessed(timeline, read, _limits(times, timeline), digest=digest, clocks=clocks)
    if explain is not None:
        _explain(assessment, explain, read, as_json=as_json)
    elif as_json:
        print_json(document(assessment))
    else:
        _page(assessment)
    if any(each.level == "error" for each in assessment.troubles):
        for each in assessment.troubles:
            if each.level == "error":
                click.echo(f"{each.where}: {each.message} → {each.remedy}", err=True)
        raise SystemExit(int(Exit.INVALID))


@click.command("what-if")
@AGREEMENT
@click.argument("amendment", type=FILE)
@MORE
@FACT_FILES
@SINCE
@UNTIL
@KNOWN_AT
@MAPPING
@click.option(
    "--from-effect",
    is_flag=True,
    help="Only from the amendment's own date; otherwise as if it had always been in force.",
)
@JSON
def what_if_verb(
    agreement: Path,
    amendment: Path,
    more: tuple[Path, ...],
    facts: tuple[Path, ...],
    mapping: Path | None,
    *,
    from_effect: bool,
    as_json: bool,
    **times: str | None,
) -> None:
    """Show what AMENDMENT would have changed in AGREEMENT over files of facts.

    Periods, breaches, credits, triggers and rights, before and after, and the deadlines of open
    tickets, old and new. Nothing is proposed.
    """
    from domain.comparison import compared
    from domain.timeline import Timeline, term_starts_at
    from reports.comparison import as_json as document
    from reports.comparison import sections

    before, digest = _timeline(agreement, ())
    after, _ = _timeline(agreement, (amendment,))
    if not from_effect:
        newest = after.editions[-1]
        from dataclasses import replace

        after = Timeline((replace(newest, starts_at=term_starts_at(newest.terms)),))
    limits = _limits(times, before)
    read = _facts((*facts, *more), before, mapping)
    one = _assessed(before, read, limits, digest=digest, clocks=True)
    other = _assessed(after, read, limits, digest=digest, clocks=True)
    found = compared(one, other)
    if as_json:
        print_json(document(found))
    else:
        click.echo(f"{one.title}: what {amendment.name} would have changed")
        _tables(list(sections(found)), "Nothing would have changed.")


def _timeline(agreement: Path, amendments: Sequence[Path]) -> "tuple[Timeline, str]":
    from hashlib import sha256

    from domain.terms.amendment import amend, read_amendment
    from domain.terms_check import validate_terms
    from domain.timeline import Edition, Timeline, term_ends_at, term_starts_at
    from domain.zones import midnight, zone_named

    raw = agreement.read_bytes()
    digest = sha256(raw).hexdigest()
    reading = validate_terms(raw, str(agreement))
    terms = _sound(reading)
    editions = [Edition(1, terms, term_starts_at(terms))]
    for number, file in enumerate(amendments, start=2):
        change = read_amendment(file.read_bytes(), str(file))
        amended = amend(raw, change)
        if not isinstance(amended, bytes):
            _refuse([str(problem) for problem in amended])
        raw = amended
        terms = _sound(validate_terms(raw, f"{agreement} as amended by {file}"))
        value = change.value
        assert value is not None  # noqa: S101 - an amendment with problems was refused above
        starts = midnight(value.effective_on, zone_named(terms.zone))
        if not editions[-1].starts_at <= starts < term_ends_at(terms):
            _refuse(
                [str(_untimely(change.tree, value.effective_on, editions[-1], term_ends_at(terms)))]
            )
        editions.append(Edition(number, terms, starts, splits=value.split))
    return Timeline(tuple(editions)), digest


def _untimely(tree: "Tree", day: "date", amends: "Edition", ends_at: datetime) -> "Problem":
    """That an amendment takes effect before the edition that it amends, or after the term."""
    from domain.terms.problems import Rule
    from domain.zones import local_date, zone_named

    zone = zone_named(amends.terms.zone)
    since, until = local_date(amends.starts_at, zone), local_date(ends_at, zone)
    said = f"{day} is not in the time of the terms that it amends, {since} to the end on {until}"
    remedy = (
        f"write a day from {since} to before {until}; give amendments in the order in which they "
        "take effect"
    )
    return tree.problem(("effective_on",), Rule.OUT_OF_RANGE, said, remedy)


def _assessed(
    timeline: "Timeline",
    facts: "list[Fact]",
    limits: "Limits",
    *,
    digest: str,
    clocks: bool = False,
) -> "Assessment":
    """The assessment; facts that contradict each other refuse it."""
    from domain.assessment import assess
    from domain.facts.book import FactBookError

    try:
        return assess(timeline, facts, limits, digest=digest, clocks=clocks)
    except FactBookError as error:
        _refuse(list(error.problems))


def _sound(reading: "Reading[Any]") -> Any:  # noqa: ANN401 - the terms of a reading
    for warning in reading.warnings:
        click.echo(str(warning), err=True)
    if reading.value is None or reading.problems:
        _refuse([str(problem) for problem in reading.problems])
    return reading.value


def _refuse(problems: list[str]) -> NoReturn:
    count = len(problems)
    said = f"{count} problem{'s' if count != 1 else ''}; nothing was assessed"
    fail(Exit.INVALID, "\n".join([*problems, said]))


def _facts(
    paths: Sequence[Path], timeline: "Timeline", mapping: Path | None = None
) -> "list[Fact]":
    """Every fact of the files; what is wrong with any of them refuses all."""
    from domain.facts.files import FactFileError, FactIds
    from domain.facts.mapping import read_mapping
    from domain.zones import zone_named
    from incoming import Given, on_disk, open_source

    zone = zone_named(timeline.latest.zone)
    ids = FactIds()
    facts: list[Fact] = []
    wrong: list[str] = []
    given = Given()
    if mapping is not None:
        given = Given(mapping=_sound(read_mapping(mapping.read_bytes(), str(mapping))))
    for path in _files(paths):
        try:
            with progress(path) as watch:
                source = on_disk(path)
                facts.extend(open_source(source, zone, given, ids=ids, watch=watch).facts)
        except FactFileError as error:
            wrong.append(str(error))
    if not wrong:
        try:
            ids.check()
        except FactFileError as error:
            wrong.append(str(error))
    if wrong:
        _refuse([line for each in wrong for line in each.splitlines()])
    return facts


FORMS = (".csv", ".jsonl", ".xlsx", ".csv.gz", ".jsonl.gz")


def _files(paths: Sequence[Path]) -> list[Path]:
    """The files named, and the `facts*` files of folders named, each once."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = sorted(each for each in path.glob("facts*") if each.name.endswith(FORMS))
            if not inside:
                fail(Exit.NOT_FOUND, f"{path}: no `facts*.csv`, `.jsonl` or `.xlsx` in this folder")
            found.update(dict.fromkeys(inside))
        else:
            found[path] = None
    return list(found)


def _limits(times: Mapping[str, str | None], timeline: "Timeline") -> "Limits":
    from domain.assessment import Limits
    from domain.timeline import term_starts_at

    limits = Limits(
        _instant(times["since"], timeline, "--from"),
        _instant(times["until"], timeline, "--to"),
        _instant(times["known_at"], timeline, "--known-at"),
    )
    starts_at = term_starts_at(timeline.editions[0].terms)
    if limits.until is not None and limits.until <= max(limits.since or starts_at, starts_at):
        fail(Exit.USAGE, f"--to {times['until']} is not after the beginning of what is assessed")
    if limits.since is not None and limits.since >= timeline.ends_at:
        fail(Exit.USAGE, f"--from {times['since']} is after the end of the term")
    return limits


def _instant(text: str | None, timeline: "Timeline", option: str) -> datetime | None:
    from datetime import UTC, date

    from domain.zones import instant, midnight, zone_named

    if text is None:
        return None
    zone = zone_named(timeline.latest.zone)
    try:
        if len(text) == len("2027-01-04"):
            return midnight(date.fromisoformat(text), zone)
        at = datetime.fromisoformat(text)
        return instant(at, zone) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        fail(
            Exit.USAGE,
            f"{option} '{text}' is not a day or time; write 2027-01-04, `2027-01-04 09:30` "
            "or 2027-01-04T09:30:00Z",
        )


def _explain(
    assessment: "Assessment", subject: str, facts: "Sequence[Fact]", *, as_json: bool
) -> None:
    from reports.assessment_text import explained, of_ticket, subjects
    from reports.clocks import clock_document

    told = explained(assessment, subject) or _without_clock(assessment, subject, facts)
    if not told:
        near = ", ".join(subjects(assessment, subject))
        fail(Exit.NOT_FOUND, f"there is no '{subject}' in this assessment; there are {near}")
    if as_json:
        runs = of_ticket(assessment, subject)
        of = [clock_document(run) for run in runs]
        print_json({"subject": subject, "explained": told, **({"clocks": of} if of else {})})
    else:
        click.echo("\n".join(told))


def _without_clock(assessment: "Assessment", subject: str, facts: "Sequence[Fact]") -> list[str]:
    """Why a ticket that is there has no clock; nothing where there is none such."""
    from domain.clocks.every import Clocks
    from domain.facts.book import book
    from domain.timeline import Timeline
    from reports.clocks import PREFIX, without_clock

    name = subject.removeprefix(PREFIX)
    if name == subject:
        return []
    known = book(facts, assessment.known_at).tickets
    timeline = Timeline(assessment.editions)
    return [
        line
        for ticket in known
        if ticket.id == name
        for line in without_clock(
            name, Clocks(timeline.at(ticket.opened_at).terms).why_none(ticket)
        )
    ]


def _page(assessment: "Assessment") -> None:
    from reports.assessment_text import heading, sections

    click.echo(heading(assessment))
    _tables(list(sections(assessment)), "There is nothing to assess in this time.")


BROKEN = {"", "line", "periods", "rule", "where", "what", "remedy", "assumed", "before", "after"}
"""Columns whose cells may be broken over lines."""


def _tables(sections: list[Any], nothing: str) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if not sections:
        console.print(nothing)
    for title, columns, rows in sections:
        table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
        told = [place for place in range(len(columns)) if any(row[place] for row in rows)]
        for place in told:
            name = columns[place]
            table.add_column(name, overflow="fold", no_wrap=name not in BROKEN)
        for row in rows:
            table.add_row(*(row[place] for place in told))
        console.print(table)
