"""Which periods ask for their facts, and by when."""

import pytest

from domain.asking import asked_until, lacking
from domain.restating import due_of
from domain.results import Status
from tests.domain.runs import day, kpi, run, terms, timeline

SAMPLES = {"kind": "mean", "series": "wait"}


@pytest.mark.parametrize(("no_data", "asks"), [("asked", 1), ("excluded", 0), ("carried", 0)])
def test_only_a_period_without_a_figure_asks_and_only_where_the_terms_say_so(
    no_data: str, asks: int
) -> None:
    (measured,) = terms(kpi(no_data=no_data)).kpis

    found = lacking(run(measured, [95, Status.NO_DATA, 95]))

    assert [(each.period.key, each.status) for each in found] == [
        ("2027-02", Status.NO_DATA)
    ] * asks


@pytest.mark.parametrize(
    ("said", "until"),
    [
        ({}, "2027-02-15"),  # ten working days after Monday, 1 February
        ({"asked_within": "3 working days"}, "2027-02-04"),
        ({"asked_within": "30 days"}, "2027-03-03"),
        ({"restate_within": "5 days"}, "2027-02-06"),
        ({"restate_within": "90 days"}, "2027-02-15"),
        ({"asked_within": "30 days", "restate_within": "20 days"}, "2027-02-21"),
    ],
)
def test_facts_are_asked_for_as_long_as_agreed_and_as_they_count(
    said: dict[str, str], until: str
) -> None:
    agreed = terms(kpi(no_data="asked", **said))
    (result,) = run(agreed.kpis[0], [Status.NO_DATA])
    due = due_of(result, timeline(agreed))

    assert asked_until(due, due.due_at, agreed, timeline(agreed)) == day(until)


def test_asked_for_anew_the_time_begins_anew() -> None:
    agreed = terms(kpi(no_data="asked", asked_within="7 days"))
    (result,) = run(agreed.kpis[0], [Status.NO_DATA])
    due = due_of(result, timeline(agreed))

    assert asked_until(due, day("2027-03-01"), agreed, timeline(agreed)) == day("2027-03-08")
