"""Two organisations' real tickets, through the whole way in, equal what others counted."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.facts import FactKind
from domain.facts.files import FactFileError, open_facts
from domain.measurement import Window
from domain.measures.readings import figure_of
from domain.periods import Every, periods
from domain.zones import zone_named
from store.facts import Intake, take_in
from store.measuring import aggregate
from tests.facts.terms import kpi
from tests.real_data.shared_data import (
    BOSTON_CLOSED_BEFORE_OPENED,
    Tally,
    boston_flags,
    boston_requests,
    boston_truth,
    uci_incidents,
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
    file = open_facts(uci_incidents(), "facts-ticket-uci.csv", LONDON)

    async with database.begin() as connection:
        taken = await take_in(
            connection, agreed, file.name, "uci", FactKind.TICKET, file.facts, "mira", RECEIVED
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
    file = open_facts(boston_requests(clocks_agree=True), "facts-ticket-boston.csv", NEW_YORK)
    by_due = {
        "kind": "proportion",
        "tickets": "closure",
        "good": "by due",
        "missing": "excluded",
    }

    async with database.begin() as connection:
        taken = await take_in(
            connection, agreed, file.name, "boston", FactKind.TICKET, file.facts, "mira", RECEIVED
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
    facts = open_facts(
        boston_requests(clocks_agree=False), "boston.csv", NEW_YORK, FactKind.TICKET
    ).facts

    with pytest.raises(FactFileError) as refusal:
        list(facts)

    told = refusal.value.problems
    assert {(problem.path, str(problem.rule)) for problem in told} == {("closed", "before-opened")}
    assert len(told) + refusal.value.more == BOSTON_CLOSED_BEFORE_OPENED
