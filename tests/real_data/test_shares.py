"""Two organisations' real tickets, through the whole way in, equal what others counted."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.facts import FactKind, Ticket
from domain.facts.files import FactFileError
from domain.measurement import Window
from domain.measures.readings import figure_of
from domain.periods import Every, periods
from domain.zones import zone_named
from store.facts import Intake, take_in
from tests.facts.terms import aggregate, kpi
from tests.real_data.shared_data import (
    BOSTON,
    BOSTON_CLOSED_BEFORE_OPENED,
    UCI,
    UCI_LOG,
    Tally,
    boston_flags,
    boston_truth,
    mapped,
    uci_truth,
)

NEW_YORK = zone_named("America/New_York")
LONDON = zone_named("Europe/London")
RECEIVED = datetime(2017, 6, 1, tzinfo=UTC)
KNOWN = RECEIVED + timedelta(days=1)


async def tally(
    connection: AsyncConnection, agreed: str, measure: dict[str, Any], column: str, truth: Tally
) -> Tally:
    """What Covenant makes of each month and group that the truth names, where there are facts."""
    zone = NEW_YORK if measure.get("good") == "by due" else LONDON
    months = list(
        periods(
            Every.MONTH,
            zone,
            datetime(2015, 1, 1, tzinfo=zone).astimezone(UTC),
            datetime(2017, 3, 1, tzinfo=zone).astimezone(UTC),
        )
    )
    windows = [Window(month.start, month.end, KNOWN) for month in months]
    found: Tally = {}
    for group in sorted({group for _, group in truth}):
        terms = kpi(measure | {"where": {column: group}})
        amounts = await aggregate(connection, agreed, terms, windows)
        for month, amount in zip(months, amounts, strict=True):
            figure = figure_of(terms, amount)
            if figure.value is not None:
                assert figure.value == Fraction(100 * amount.num) / amount.den
                found[month.key, group] = amount.den, int(amount.num)
    return found


async def test_uci_incidents_kept_their_sla_as_often_as_was_counted(
    database: AsyncEngine, agreed: str
) -> None:
    truth = uci_truth()
    file = mapped(UCI, LONDON)

    async with database.begin() as connection:
        taken = await take_in(
            connection, agreed, file.name, "uci", FactKind.TICKET, file.facts, "desk", RECEIVED
        )
        found = await tally(
            connection, agreed, {"kind": "proportion", "flag": "made_sla"}, "priority", truth
        )

    assert taken == Intake(read=24_918, accepted=24_918, repeated=0)
    assert len(truth) == 32
    assert found == truth


async def test_boston_closed_requests_in_time_as_often_as_was_counted(
    database: AsyncEngine, agreed: str
) -> None:
    """The truth counts the 82 requests whose own flag is blank: all of them were late."""
    truth = boston_truth()
    file = mapped(BOSTON, LONDON)
    by_due = {
        "kind": "proportion",
        "tickets": "closure",
        "good": "by due",
        "missing": "excluded",
    }

    async with database.begin() as connection:
        taken = await take_in(
            connection, agreed, file.name, "boston", FactKind.TICKET, file.facts, "desk", RECEIVED
        )
        found = await tally(connection, agreed, by_due, "department", truth)

    assert taken == Intake(read=121_145, accepted=121_145, repeated=0)
    assert len(truth) == 96
    assert found == truth
    assert boston_flags() == {
        "ONTIME": sum(good for _, good in found.values()),
        "OVERDUE": sum(all_ - good for all_, good in found.values()) - 82,
        "": 82,
    }


async def test_boston_as_it_is_is_refused_with_every_impossible_request_counted() -> None:
    without = (b", not_before: open_dt, within: 60 s", b"")
    facts = mapped(BOSTON, LONDON, but=without).facts

    with pytest.raises(FactFileError) as refusal:
        list(facts)

    told = refusal.value.problems
    assert {(problem.path, str(problem.rule)) for problem in told} == {("closed", "before-opened")}
    assert len(told) + refusal.value.more == BOSTON_CLOSED_BEFORE_OPENED


def test_the_log_of_incidents_ends_as_their_list_says() -> None:
    """141,712 rows of changes, of which the last of each incident is the incident."""
    log = [fact for fact in mapped(UCI_LOG, LONDON).facts if isinstance(fact, Ticket)]
    listed = list(mapped(UCI, LONDON).facts)

    assert len(log) == 24_918
    assert {fact.id: fact for fact in log} == {fact.id: fact for fact in listed}
    months = Counter(
        (f"{fact.opened_at.astimezone(LONDON):%Y-%m}", fact.columns["priority"]) for fact in log
    )
    kept = Counter(
        (f"{fact.opened_at.astimezone(LONDON):%Y-%m}", fact.columns["priority"])
        for fact in log
        if fact.columns["made_sla"] == "true"
    )
    assert {key: (all_, kept[key]) for key, all_ in months.items()} == uci_truth()


def test_every_flag_of_the_city_says_what_the_due_date_says() -> None:
    flagged = Counter[tuple[str, bool]]()
    for fact in mapped(BOSTON, LONDON).facts:
        assert isinstance(fact, Ticket)
        if fact.closed_at is not None and fact.due_at is not None:
            flagged[fact.columns.get("ontime", ""), fact.closed_at <= fact.due_at] += 1

    assert set(flagged) == {("ONTIME", True), ("OVERDUE", False), ("", False)}
    assert flagged["ONTIME", True] + flagged["OVERDUE", False] == 79_126
