"""What the terms of a calendar mean: holidays and their names, days of their own, versions."""

from datetime import UTC, date, datetime

import pytest

from domain.opening_hours import calendar_problems, compiled, last_holiday
from domain.service_calendar import ServiceCalendar
from domain.terms.calendars import Calendar
from domain.terms_check import validate_terms
from domain.zones import zone_named

LONDON = zone_named("Europe/London")
OFFICE = {"mon-fri": "09:00-17:00"}
HOUR = 3600


def calendar(**said: object) -> Calendar:
    return Calendar.model_validate({"hours": OFFICE} | said)


def office(**said: object) -> ServiceCalendar:
    return compiled(calendar(**said), LONDON)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


def open_hours(service: ServiceCalendar, day: str) -> float:
    start = at(day)
    return float(service.elapsed(start, at(f"{day}T23:59:59"))) / HOUR


def test_around_the_clock_is_said_in_one_word() -> None:
    assert open_hours(office(hours="24x7"), "2027-01-03") == pytest.approx(24, abs=0.001)
    assert calendar_problems(calendar(hours="24x7")) == []


def test_a_holiday_is_closed_with_a_name_or_without() -> None:
    service = office(holidays=["2027-12-27", {"on": "2027-12-28", "name": "Boxing Day observed"}])

    assert [open_hours(service, f"2027-12-{day}") for day in (24, 27, 28, 29)] == [8, 0, 0, 8]


def test_a_day_that_the_parties_add_is_closed_and_one_that_they_drop_is_worked() -> None:
    service = office(
        holidays=["2027-12-27", "2027-12-28"],
        add=[{"on": "2027-12-24", "name": "Office closed"}],
        drop=["2027-12-28"],
    )

    assert [open_hours(service, f"2027-12-{day}") for day in (24, 27, 28)] == [0, 0, 8]


def test_a_day_with_hours_of_its_own_has_these_whatever_its_weekday_or_holiday() -> None:
    service = office(
        holidays=["2027-12-27"],
        extra=[
            {"on": "2027-12-18", "hours": "09:00-13:00"},
            {"on": "2027-12-27", "hours": ["10:00-11:00", "12:00-14:00"]},
        ],
    )

    assert open_hours(service, "2027-12-18") == 4
    assert open_hours(service, "2027-12-27") == 3
    assert service.is_working_day(date(2027, 12, 18))


def test_hours_that_change_from_a_day_on_leave_earlier_days_as_they_were() -> None:
    service = office(
        holidays=["2028-06-30"],
        versions=[
            {"effective_from": "2028-07-01", "hours": {"mon-fri": "07:00-19:00"}},
            {"effective_from": "2028-08-01", "holidays": ["2028-08-28"]},
        ],
    )

    days = ("2028-06-29", "2028-06-30", "2028-07-03", "2028-08-28", "2028-08-29")
    assert [open_hours(service, day) for day in days] == [8, 0, 12, 0, 12]


def test_a_clock_that_runs_across_a_version_counts_the_old_hours_and_then_the_new() -> None:
    """Nobody is moved silently: what ran before the change stays as it was reckoned."""
    service = office(
        versions=[{"effective_from": "2028-07-03", "hours": {"mon-fri": "07:00-19:00"}}]
    )

    assert service.add(at("2028-06-30T16:00"), 3 * HOUR) == at("2028-07-03T09:00")


def test_working_days_of_a_version_are_those_of_its_days() -> None:
    service = office(
        versions=[{"effective_from": "2028-07-01", "hours": {"mon-sat": "09:00-12:00"}}]
    )

    assert not service.whole_days.is_working_day(date(2028, 6, 24))
    assert service.whole_days.is_working_day(date(2028, 7, 1))
    assert open_hours(service.whole_days, "2028-07-01") == pytest.approx(24, abs=0.001)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (
            {"holidays": ["2027-12-27", {"on": "2027-12-27"}]},
            "`holidays` has 2027-12-27 twice; leave one out",
        ),
        (
            {"drop": ["2027-12-27"]},
            "`drop` names 2027-12-27, which is no holiday; name one of `holidays`",
        ),
        (
            {"holidays": ["2027-12-27"], "add": ["2027-12-27"]},
            "`add` names 2027-12-27, which is a holiday already; leave it out",
        ),
        (
            {"add": ["2027-12-27"], "extra": [{"on": "2027-12-27", "hours": "09:00-10:00"}]},
            "2027-12-27 is closed by `add` and open by `extra`; keep one of them",
        ),
        (
            {"extra": [{"on": "2027-12-27", "hours": ["09:00-10:00", "09:30-11:00"]}]},
            "09:00-10:00 and 09:30-11:00 overlap on 2027-12-27; "
            "let one end before the other starts",
        ),
        (
            {"extra": [{"on": "2027-12-27", "hours": "09:00-09:00"}]},
            "`extra 2027-12-27`: 09:00-09:00 is no time at all; a whole day is 00:00-24:00",
        ),
        (
            {"versions": [{"effective_from": "2028-01-01", "hours": {"monday": "09:00-10:00"}}]},
            "from 2028-01-01: `monday` names no weekdays; write for example `mon`, `mon-fri` or "
            "`mon,wed`",
        ),
        (
            {
                "versions": [
                    {"effective_from": "2028-07-01", "add": ["2028-07-03"]},
                    {"effective_from": "2028-01-01", "drop": []},
                ]
            },
            "the version from 2028-01-01 stands behind that from 2028-07-01; "
            "write versions in the order of their days, each day once",
        ),
    ],
)
def test_what_is_wrong_with_days_is_said(said: dict[str, object], problem: str) -> None:
    assert calendar_problems(calendar(**said)) == [problem]


def test_what_every_version_repeats_is_said_once() -> None:
    twice = ["2027-12-27", "2027-12-27"]

    problems = calendar_problems(
        calendar(holidays=twice, versions=[{"effective_from": "2028-01-01", "extra": []}])
    )

    assert problems == ["`holidays` has 2027-12-27 twice; leave one out"]


def test_versions_in_the_order_of_their_days_are_as_they_should_be() -> None:
    versions = [{"effective_from": "2028-01-01"}, {"effective_from": "2028-07-01"}]

    assert calendar_problems(calendar(versions=versions)) == []


def test_the_last_holiday_is_that_of_all_versions() -> None:
    assert last_holiday(calendar()) is None
    assert last_holiday(
        calendar(
            holidays=["2027-12-27"],
            versions=[{"effective_from": "2028-01-01", "holidays": [{"on": "2028-12-25"}]}],
        )
    ) == date(2028, 12, 25)


DOCUMENT = """
agreement: desk
title: Desk
parties: {client: {name: Lindenhof Clinics}, provider: {name: Farrow Desk Services}}
term: {starts_on: 2027-01-01, months: 24}
zone: Europe/London
calendars: {office: {hours: {mon-fri: "09:00-17:00"}, holidays: [HOLIDAYS]}}
kpis: []
"""


def test_holidays_that_end_before_the_term_are_warned_of() -> None:
    reading = validate_terms(DOCUMENT.replace("HOLIDAYS", "2027-12-27").encode(), "desk.yaml")

    assert reading.value is not None
    assert [str(each) for each in reading.warnings] == [
        "desk.yaml:7:65: warning: the last holiday is 2027-12-27, and the term ends on 2029-01-01 "
        "(holidays-end-early) → add those of the later years; see `covenant calendar holidays`"
    ]


def test_holidays_of_the_last_year_are_enough() -> None:
    reading = validate_terms(DOCUMENT.replace("HOLIDAYS", "2028-05-01").encode(), "desk.yaml")

    assert (reading.problems, reading.warnings) == ((), ())
