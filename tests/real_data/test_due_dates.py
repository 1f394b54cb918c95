"""A city's due dates from an agreement's calendar alone: working days from the next open hour.

Of 34,987 requests of 32 types the City of Boston's own system set the due date. The rule behind
them (Monday to Friday, 08:30 to 17:00, the city's holidays; what comes in out of hours counts from
the next opening; so many working days later at the same clock time) is written down as a clock of
an agreement. What that gives, exactly:

- all 34,987 dates that another program computed from the same rule, to the second;
- of the city's own dates 20,511 to the second and 34,488 to the minute (the city cut most of them to
  whole minutes); 405 more lie within two minutes, because the city counted from another second than
  that of the opening; together 34,893, which are 99.73 %;
- the other 94 are another date than the rule gives. Each is listed with the reason.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from domain.clocks.every import Clocks
from domain.clocks.runs import ClockRun, ClockStatus
from domain.facts import Ticket
from domain.terms.shape import Terms
from domain.zones import instant, zone_named
from tests.real_data.shared_data import BOSTON, rows, shared

NEW_YORK = zone_named("America/New_York")
DAYS = (1, 2, 3, 5, 10)
CLOSE = timedelta(seconds=120)
"""So far from the rule's a date of the city's is still one that the rule explains."""

LATE = datetime.fromisoformat("2017-01-01T00:00:00Z")

Row = dict[str, str]


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
def judged() -> tuple[tuple[Row, ClockRun], ...]:
    """Each request with its clock; when it was closed, and the city's flag, are in its row."""
    of_all = {row["case_id"]: row for row in rows(f"{BOSTON}.csv.gz")}
    found = [
        row | {name: of_all[row["case_id"]][name] for name in ("closed_dt", "ontime")}
        for row in rows("boston311_2015_due_date_oracle.csv.gz")
    ]
    runs = agreed().on_each(map(ticket_of, found), {}, LATE)
    return tuple((row, run) for row in found for run in runs[row["case_id"]])


def ticket_of(row: Row) -> Ticket:
    closed = local(row["closed_dt"]) if row["closed_dt"] else None
    columns = {"days": row["n_business_days"]}
    return Ticket(row["case_id"], local(row["open_dt"]), closed_at=closed, columns=columns)


def cut(at: datetime) -> datetime:
    return at.replace(second=0)


def unlike() -> Iterator[tuple[Row, ClockRun, str]]:
    """The requests whose date is not the rule's, each with the reason why the rule gives another."""
    for row, run in judged():
        assert run.deadline is not None
        if abs(local(row["target_dt"]) - run.deadline) > CLOSE:
            yield row, run, why_not(local(row["target_dt"]), run)


def why_not(city: datetime, run: ClockRun) -> str:
    assert run.deadline is not None
    wall, rule = (at.astimezone(NEW_YORK) for at in (city, run.deadline))
    if city - run.opened_at < timedelta(hours=1):
        return "the rule gives working days, the city's date is that of the opening"
    if not run.basis.hours.is_working_day(wall.date()):
        return "the rule ends on working days only, the city's day is none"
    if wall.date() == rule.date():
        return "the rule keeps the clock time of the opening, the city counted from another"
    if abs(city - local(f"{wall.date()} {rule.time()}")) <= CLOSE:
        return "the rule gives the type's number of working days, the city gave more"
    return "the rule counts from the opening, of the city's date day and clock time are others"


def test_every_date_of_the_oracle_follows_from_the_calendar_to_the_second() -> None:
    other = [
        row["case_id"] for row, run in judged() if run.deadline != local(row["model_target_dt"])
    ]

    assert len(judged()) == 34_987
    assert other == []


def test_the_city_s_own_dates_are_the_rule_s_so_closely_and_no_closer() -> None:
    close = Counter[str]()
    for row, run in judged():
        assert run.deadline is not None
        city, rule = local(row["target_dt"]), run.deadline
        close["to the second"] += city == rule
        close["to the minute"] += cut(city) == cut(rule)
        close["within two minutes"] += abs(city - rule) <= CLOSE
        assert (abs(city - rule) <= CLOSE) == (row["agree_120s"] == "True")

    assert close == {
        "to the second": 20_511,
        "to the minute": 34_488,
        "within two minutes": 34_893,
    }
    assert f"{34_893 / 34_987:.2%}" == "99.73%"


def test_each_date_that_is_not_the_rule_s_is_listed_with_the_reason() -> None:
    found = list(unlike())

    for row, run, why in found:
        print(f"{row['case_id']} {row['type']}: city {row['target_dt']}; {why}.", *run.reason)
    assert Counter(why for _, _, why in found) == {
        "the rule gives working days, the city's date is that of the opening": 6,
        "the rule ends on working days only, the city's day is none": 6,
        "the rule keeps the clock time of the opening, the city counted from another": 47,
        "the rule gives the type's number of working days, the city gave more": 19,
        "the rule counts from the opening, of the city's date day and clock time are others": 16,
    }


def test_the_agreed_clock_judges_closed_requests_as_the_city_s_flag_does() -> None:
    """But for 29, each closed between the city's date and the rule's, which is one of the 94."""
    unlike_ids = {row["case_id"] for row, _, _ in unlike()}
    flags = Counter[tuple[str, ClockStatus]]()
    other = set()
    for row, run in judged():
        if row["closed_dt"]:
            flags[row["ontime"], run.status] += 1
            if row["ontime"] and (row["ontime"] == "ONTIME") != (run.status == ClockStatus.MET):
                other.add(row["case_id"])

    assert flags == {
        ("ONTIME", ClockStatus.MET): 22_321,
        ("ONTIME", ClockStatus.MISSED): 27,
        ("OVERDUE", ClockStatus.MET): 2,
        ("OVERDUE", ClockStatus.MISSED): 8_600,
        ("", ClockStatus.MISSED): 4,
    }
    assert len(other) == 29
    assert other <= unlike_ids, other - unlike_ids
