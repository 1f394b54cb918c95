"""A city's due dates from an agreement's calendar alone: working days from the next open hour.

Of 34,987 requests of 32 types the City of Boston's own system set the due date. The rule behind
them (Monday to Friday, 08:30 to 17:00, the city's holidays; what comes in out of hours counts from
the next opening; so many working days later at the same clock time) is written down as a clock of
an agreement. It gives 34,893 of them (99.73 %) to the minute. The rest was set by hand, or later;
each is listed with what the rule gives and why.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from domain.clocks.every import Clocks
from domain.clocks.runs import ClockRun
from domain.facts import Ticket
from domain.terms.shape import Terms
from domain.zones import instant, zone_named
from tests.real_data.shared_data import rows, shared

NEW_YORK = zone_named("America/New_York")
DAYS = (1, 2, 3, 5, 10)
CLOSE = timedelta(seconds=120)
"""The city's own dates are cut to the minute, or set a minute after the opening."""


def agreed() -> Clocks:
    """The city's rule as an agreement."""
    holidays = json.loads(shared("boston_holidays_2015_2016.json").read_text())
    limits = [{"where": {"days": str(each)}, "within": f"{each} working days"} for each in DAYS]
    clock = {"key": "due", "stops": "closure", "calendar": "office", "starts": "next_open_hour"}
    return Clocks(
        Terms.model_validate(
            {
                "agreement": "city",
                "title": "Requests",
                "zone": NEW_YORK.key,
                "term": {"starts_on": "2015-01-01", "months": 24},
                "calendars": {
                    "office": {"hours": {"mon-fri": "08:30-17:00"}, "holidays": list(holidays)}
                },
                "clocks": [{**clock, "limits": limits}],
            }
        )
    )


def local(text: str) -> datetime:
    return instant(datetime.fromisoformat(text), NEW_YORK)


@cache
def judged() -> tuple[tuple[dict[str, str], ClockRun], ...]:
    """Each request with its clock, as it stood at the opening."""
    return tuple(_judged())


def _judged() -> Iterator[tuple[dict[str, str], ClockRun]]:
    clocks = agreed()
    for row in rows("boston311_2015_due_date_oracle.csv.gz"):
        opened = local(row["open_dt"])
        ticket = Ticket(row["case_id"], opened, columns={"days": row["n_business_days"]})
        (run,) = clocks.on(ticket, (), opened)
        yield row, run


def why_not(row: dict[str, str], run: ClockRun) -> str | None:
    """Why the city's date is another than the rule's; None where it is the same."""
    city, rule = local(row["target_dt"]), run.deadline
    assert rule is not None
    if abs(city - rule) <= CLOSE:
        return None
    if city < rule:
        return "the city asks for it before so many working days are over"
    if city.astimezone(NEW_YORK).date() == rule.astimezone(NEW_YORK).date():
        return "the day is the rule's, counted from a later instant than the opening"
    return "the city gives more working days than the type has"


def test_every_due_date_follows_from_the_calendar() -> None:
    """To the second, against the date that another program computed from the same rule."""
    other = [
        row["case_id"] for row, run in judged() if run.deadline != local(row["model_target_dt"])
    ]

    assert len(judged()) == 34_987
    assert other == []


def test_the_citys_own_dates_are_the_rules_but_for_those_listed() -> None:
    found = [(row, run, why) for row, run in judged() if (why := why_not(row, run))]

    for row, run, why in found:
        print(row["case_id"], f"city {row['target_dt']}: {why}.", *run.reason)
    assert len(judged()) - len(found) == 34_893
    assert Counter(why for _, _, why in found) == {
        "the city asks for it before so many working days are over": 7,
        "the city gives more working days than the type has": 41,
        "the day is the rule's, counted from a later instant than the opening": 46,
    }
    assert all(row["agree_120s"] == "False" for row, _, _ in found)
