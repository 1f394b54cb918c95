"""The statement says what the plain Python says, and reads no more than it must."""

import asyncio
import re
from asyncio import Semaphore
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import QueuePool

from domain import measurement
from domain.facts import Fact, FactKind, Sample, Ticket
from domain.measurement import Window
from domain.periods import Every, periods
from domain.terms.shape import Kpi
from domain.zones import zone_named
from store import measuring, statistics
from store.facts import take_in
from store.statistics import bound
from store.tables import agreement, statistic
from store.windows import statement
from tests.facts.terms import aggregate, kpi

NEW_YORK = zone_named("America/New_York")
DAY = timedelta(days=1)
NOON = datetime(2016, 3, 1, 12, tzinfo=UTC)
RECEIVED = datetime(2016, 4, 1, tzinfo=UTC)
KNOWN = RECEIVED + DAY
DELAY = {"kind": "mean", "series": "arrivals"}

numbers = count()


async def sign(connection: AsyncConnection) -> str:
    """A fresh agreement, like the one that is there."""
    name = f"agreement-{next(numbers)}"
    row = (await connection.execute(select(agreement).limit(1))).mappings().one()
    await connection.execute(insert(agreement).values({**row, "id": name}))
    return name


async def take(
    connection: AsyncConnection,
    signed: str,
    facts: Iterable[Fact],
    received_at: datetime = RECEIVED,
    kind: FactKind = FactKind.SAMPLE,
) -> None:
    digest = f"digest-{next(numbers)}"
    await take_in(connection, signed, "f.csv", digest, kind, facts, "desk", received_at)


def arrival(name: str, at: datetime, value: str | None = "1", **columns: str) -> Sample:
    return Sample(name, "arrivals", at, None if value is None else Decimal(value), columns)


# Few instants, ids and values, so that they meet often, edges above all.
# Hours that lie near the ends of the days from noon on, and near those of the days of UTC.
instants = st.builds(
    lambda hours, tick: NOON + timedelta(hours=hours, microseconds=tick),
    st.sampled_from([0, 1, 2, 12, 24, 25, 48, 49]),
    st.sampled_from([-1, 0, 0, 1]),
)
maybe = st.none() | instants
ids = st.sampled_from(["a", "A", "b", "Z", "z", "ä", "é", "-", "T 1", "T.1", "😀"])
columns = st.dictionaries(
    st.sampled_from(["team", "flag"]), st.sampled_from(["x", "y", "true", "False", "TRUE", "1"])
)
exact = st.decimals(-(10**23), 10**23, places=12) | st.integers(-2, 2).map(Decimal)
arrivals = st.builds(
    Sample, ids, st.sampled_from(["arrivals", "departures"]), instants, st.none() | exact, columns
)
tickets = st.builds(Ticket, ids, instants, maybe, maybe, maybe, maybe, columns)
windows = st.lists(
    st.builds(
        lambda start, length, known: Window(start, start + length, RECEIVED + known),
        instants,
        st.sampled_from([0, 1, 2, 24, 25, 48, 60]).map(lambda hours: timedelta(hours=hours)),
        st.integers(-1, 4).map(lambda hours: timedelta(hours=hours)),
    ),
    max_size=4,
)
wheres = st.dictionaries(
    st.sampled_from(["team", "flag"]), st.sampled_from(["x", ("x", "y"), ("true", "1")]), max_size=1
)
missing = st.sampled_from(["against", "excluded"])
edges = st.sampled_from(["at least", "above", "at most", "below"])
clocks = st.sampled_from(["response", "resolution", "closure"])


def measures(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Kpi]:
    return st.fixed_dictionaries({"where": wheres, "missing": missing, **parts}).map(kpi)


proportion, mean = st.just("proportion"), st.just("mean")
# Shares of which a float is a little more or less than it says.
shares = st.sampled_from(["0.1 %", "7 %", "29 %", "50 %", "57 %", "95 %", "99.9 %", "100 %"])
of_one = st.sampled_from(["sum", "maximum", "minimum"])
ranked = st.just("percentile")
series = st.sampled_from(["arrivals", "departures"])
of_samples = measures(
    kind=proportion,
    series=series,
    good=st.builds(lambda edge, value: f"{edge} {value} %", edges, st.integers(-1, 1)),
)
of_samples |= measures(kind=mean | of_one, series=series)
of_samples |= measures(kind=ranked, percentile=shares, series=series)
of_tickets = (
    measures(
        kind=proportion,
        tickets=clocks,
        good=st.just("by due")
        | st.builds(
            lambda edge, limit: f"{edge} {limit}", edges, st.sampled_from(["1 h", "120 min"])
        ),
    )
    | measures(kind=proportion, flag=st.just("flag"))
    | measures(kind=mean | of_one, tickets=clocks)
    | measures(kind=ranked, percentile=shares, tickets=clocks)
)


def as_known(history: list[tuple[datetime, list[Fact]]], known_at: datetime) -> list[Fact]:
    """The latest revision of each fact among those received before `known_at`."""
    facts = {fact.id: fact for received, file in history if received < known_at for fact in file}
    return list(facts.values())


def histories(
    facts: st.SearchStrategy[Any],
) -> st.SearchStrategy[list[tuple[datetime, list[Fact]]]]:
    file = st.lists(facts, max_size=12, unique_by=lambda fact: fact.id)
    return st.lists(file, min_size=1, max_size=4).map(
        lambda several: [
            (RECEIVED + timedelta(hours=number), each) for number, each in enumerate(several)
        ]
    )


examples = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


async def both_say_the_same(
    database: AsyncEngine,
    kind: FactKind,
    several: list[Kpi],
    history: list[tuple[datetime, list[Fact]]],
    spans: list[Window],
) -> None:
    async with database.begin() as connection:
        signed = await sign(connection)
        for number, (received_at, facts) in enumerate(history, 1):
            await take(connection, signed, facts, received_at, kind)
            known = history[:number]
            runs = [(terms.measure, spans) for terms in several]
            expected = [
                [
                    measurement.aggregate(measure, as_known(known, span.known_at), span)
                    for span in spans
                ]
                for measure, _ in runs
            ]
            # Read, then out of the statistics; and with the next file, of both.
            read = await measuring.aggregate(connection, signed, runs)
            assert read == expected
            # Results go into JSON, which knows no Decimal.
            assert {type(each.facts) for each in read[0]} | {
                type(each.missing) for each in read[0]
            } <= {int}
            assert await measuring.aggregate(connection, signed, runs) == expected


@pytest.mark.usefixtures("agreed")
@given(
    several=st.lists(of_samples, min_size=1, max_size=3), history=histories(arrivals), spans=windows
)
@examples
async def test_sql_and_python_agree_about_samples(
    database: AsyncEngine,
    several: list[Kpi],
    history: list[tuple[datetime, list[Fact]]],
    spans: list[Window],
) -> None:
    await both_say_the_same(database, FactKind.SAMPLE, several, history, spans)


@pytest.mark.usefixtures("agreed")
@given(
    several=st.lists(of_tickets, min_size=1, max_size=3), history=histories(tickets), spans=windows
)
@examples
async def test_sql_and_python_agree_about_tickets(
    database: AsyncEngine,
    several: list[Kpi],
    history: list[tuple[datetime, list[Fact]]],
    spans: list[Window],
) -> None:
    await both_say_the_same(database, FactKind.TICKET, several, history, spans)


async def test_a_window_holds_its_start_and_not_its_end(database: AsyncEngine, agreed: str) -> None:
    tick = timedelta(microseconds=1)
    at = [NOON - tick, NOON, NOON + DAY - tick, NOON + DAY]
    spans = [Window(NOON + DAY * step, NOON + DAY * (step + 1), KNOWN) for step in (1, 0, -1)]

    async with database.begin() as connection:
        await take(connection, agreed, [arrival(f"S{n}", each) for n, each in enumerate(at)])
        found = await aggregate(connection, agreed, kpi(), spans)

    assert [each.facts for each in found] == [1, 2, 1]


@pytest.mark.parametrize(
    ("good", "num"), [("at least 15", 2), ("above 15", 1), ("at most 15", 2), ("below 15", 1)]
)
async def test_the_edge_itself_counts_as_the_terms_say(
    database: AsyncEngine, agreed: str, good: str, num: int
) -> None:
    terms = kpi({"kind": "proportion", "series": "arrivals", "good": good})
    facts = [arrival(value, NOON, value) for value in ("14", "15", "16")]

    async with database.begin() as connection:
        await take(connection, agreed, facts)
        (found,) = await aggregate(connection, agreed, terms, [Window(NOON, KNOWN, KNOWN)])

    assert found.num == num


async def test_what_was_received_at_the_cut_off_came_too_late(
    database: AsyncEngine, agreed: str
) -> None:
    spans = [Window(NOON, NOON + DAY, RECEIVED + timedelta(microseconds=tick)) for tick in (0, 1)]

    async with database.begin() as connection:
        await take(connection, agreed, [arrival("a", NOON)])
        found = await aggregate(connection, agreed, kpi(), spans)

    assert [each.facts for each in found] == [0, 1]


async def test_a_correction_counts_from_when_it_was_known(
    database: AsyncEngine, agreed: str
) -> None:
    corrected = RECEIVED + 2 * DAY
    spans = [Window(NOON, NOON + DAY, known) for known in (corrected, corrected + DAY)]

    async with database.begin() as connection:
        await take(connection, agreed, [arrival("a", NOON, "10")])
        await take(connection, agreed, [arrival("a", NOON, "20")], corrected)
        before, after = await aggregate(connection, agreed, kpi(DELAY), spans)

    assert [before.num, after.num] == [10, 20]
    assert before.inputs_digest != after.inputs_digest


@pytest.mark.parametrize(
    "moved",
    [arrival("a", NOON + DAY), Sample("a", "departures", NOON), arrival("a", NOON, team="y")],
)
async def test_a_fact_that_was_corrected_away_no_longer_counts(
    database: AsyncEngine, agreed: str, moved: Sample
) -> None:
    terms = kpi({"kind": "mean", "series": "arrivals", "where": {"team": "x"}})

    async with database.begin() as connection:
        await take(connection, agreed, [arrival("a", NOON, team="x")])
        await take(connection, agreed, [moved], RECEIVED + timedelta(hours=1))
        (found,) = await aggregate(connection, agreed, terms, [Window(NOON, NOON + DAY, KNOWN)])

    assert found.facts == 0


async def test_facts_of_another_agreement_never_count(database: AsyncEngine, agreed: str) -> None:
    async with database.begin() as connection:
        other = await sign(connection)
        await take(connection, other, [arrival("a", NOON)])
        await take(connection, agreed, [arrival("a", NOON, "7"), arrival("b", NOON, "7")])
        (found,) = await aggregate(connection, agreed, kpi(DELAY), [Window(NOON, KNOWN, KNOWN)])

    assert found.num == 14
    assert found.den == 2


async def test_without_windows_there_is_nothing_to_tell(database: AsyncEngine, agreed: str) -> None:
    async with database.begin() as connection:
        assert await aggregate(connection, agreed, kpi(), []) == []


@pytest.mark.parametrize(("day", "hours"), [(13, 23), (14, 24)])
async def test_the_day_when_clocks_go_forward_has_23_hours(
    database: AsyncEngine, agreed: str, day: int, hours: int
) -> None:
    start = datetime(2016, 3, day, tzinfo=NEW_YORK).astimezone(UTC)
    (period,) = periods(Every.DAY, NEW_YORK, start, start + timedelta(hours=1))
    (whole,) = (
        each
        for each in periods(Every.DAY, NEW_YORK, start - DAY, start + 3 * DAY)
        if each.key == period.key
    )
    hourly = [arrival(f"S{n}", start + timedelta(hours=n)) for n in range(-30, 60)]

    async with database.begin() as connection:
        await take(connection, agreed, hourly)
        (found,) = await aggregate(
            connection, agreed, kpi(), [Window(whole.start, whole.end, KNOWN)]
        )

    assert found.facts == hours


async def explained(connection: AsyncConnection, terms: Kpi, given: dict[str, Any]) -> str:
    compiled = statement(terms.measure).compile(dialect=connection.dialect)
    values = {**compiled.params, **given}
    raw = (await connection.get_raw_connection()).driver_connection
    assert raw is not None
    rows = await raw.fetch(
        f"EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF, BUFFERS OFF) {compiled}",
        *(values[name] for name in compiled.positiontup or ()),
    )
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize(
    ("kind", "measure", "index"),
    [
        (FactKind.SAMPLE, DELAY, "sample_2016_03_agreement_series_at_idx"),
        (
            FactKind.TICKET,
            {"kind": "mean", "tickets": "closure"},
            "ticket_2016_03_agreement_opened_at_idx",
        ),
    ],
)
async def test_a_days_window_reads_that_day_and_no_more(
    database: AsyncEngine, agreed: str, kind: FactKind, measure: dict[str, str], index: str
) -> None:
    def fact(number: int) -> Fact:
        at = NOON + timedelta(hours=number % 8760)
        name = f"F{number}"
        return arrival(name, at) if kind == FactKind.SAMPLE else Ticket(name, at, closed_at=at)

    async with database.begin() as connection:
        await take(connection, agreed, map(fact, range(160_000)), kind=kind)
        plan = await explained(
            connection,
            kpi(measure, unit="min"),
            bound(agreed, [(kpi(measure, unit="min").measure, [Window(NOON, NOON + DAY, KNOWN)])]),
        )

    assert index in plan
    assert "Seq Scan" not in plan
    # Of a day or a window, that is; no fact is looked at in vain.
    assert sum(map(int, re.findall(r"Rows Removed by [\w ]+: (\d+)", plan))) <= 3


async def test_after_an_intake_only_the_days_are_read_that_it_touched(
    database: AsyncEngine, agreed: str
) -> None:
    terms, days = kpi(DELAY), 30
    month = Window(NOON, NOON + days * DAY, KNOWN + DAY)
    daily = [arrival(f"S{n}", NOON + n * DAY) for n in range(days)]

    async def counted(connection: AsyncConnection) -> tuple[int, int]:
        (found,) = await aggregate(connection, agreed, terms, [month])
        kept = await connection.scalar(select(func.count()).select_from(statistic))
        assert kept is not None
        return found.facts, kept

    async with database.begin() as connection:
        await take(connection, agreed, daily)
        # The month as a whole.
        assert await counted(connection) == (days, 1)
        assert await counted(connection) == (days, 1)
        await take(connection, agreed, [arrival("late", NOON + DAY)], KNOWN)
        # It will be asked for again: each of its days, and itself.
        assert await counted(connection) == (days + 1, 1 + days + 1)
        late = [arrival("later", NOON + DAY), arrival("S9", NOON + 8 * DAY)]
        await take(connection, agreed, late, KNOWN + timedelta(hours=1))
        # The day of the late one, those that S9 left and reached, and the month.
        assert await counted(connection) == (days + 2, 1 + days + 1 + 4)


async def test_a_period_that_still_runs_is_counted_by_its_days(
    database: AsyncEngine, agreed: str
) -> None:
    month = Window(NOON, NOON + 30 * DAY, NOON + 10 * DAY)

    async with database.begin() as connection:
        several = [arrival(f"S{n}", NOON + n * DAY) for n in range(9)]
        await take(connection, agreed, several, NOON + 9 * DAY)
        (found,) = await aggregate(connection, agreed, kpi(DELAY), [month])
        kept = await connection.scalar(select(func.count()).select_from(statistic))

    assert (found.facts, kept) == (9, 9 + 1)


async def test_of_a_percentile_only_the_whole_window_is_kept(
    database: AsyncEngine, agreed: str
) -> None:
    terms = kpi({"kind": "percentile", "percentile": "95 %", "series": "arrivals"})
    month = Window(NOON, NOON + 30 * DAY, KNOWN + DAY)

    async with database.begin() as connection:
        for hours, numbers in enumerate((range(20), range(20, 40))):
            several = [arrival(f"S{n}", NOON + n % 30 * DAY, str(n)) for n in numbers]
            await take(connection, agreed, several, RECEIVED + timedelta(hours=hours))
            (found,) = await aggregate(connection, agreed, terms, [month])
        kept = await connection.scalar(select(func.count()).select_from(statistic))

    assert (int(found.num), found.den, kept) == (37, 40, 2)


async def test_the_rank_of_a_share_with_many_digits_is_exact(
    database: AsyncEngine, agreed: str
) -> None:
    """It lies above 10,110 by a tenth of what twelve decimals can tell."""
    terms = kpi({"kind": "percentile", "percentile": "99.57647985817 %", "series": "arrivals"})
    facts = [arrival(f"S{n}", NOON, str(n)) for n in range(1, 10_154)]
    month = Window(NOON, NOON + DAY, KNOWN)

    async with database.begin() as connection:
        await take(connection, agreed, facts)
        (found,) = await aggregate(connection, agreed, terms, [month])

    assert found.num == 10_111
    assert found == measurement.aggregate(terms.measure, facts, month)


async def test_what_comes_in_while_a_window_is_counted_spoils_no_statistic(
    database: AsyncEngine, agreed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terms, month = kpi(DELAY), Window(NOON, NOON + 3 * DAY, KNOWN + DAY)
    earlier = Window(month.start, month.end, KNOWN)
    looked = statistics.look

    async with database.begin() as connection:
        await take(connection, agreed, [arrival("a", NOON), arrival("b", NOON + DAY)])

    async def look_and_be_overtaken(*given: Any) -> Any:
        found = await looked(*given)
        async with database.begin() as other:
            await take(other, agreed, [arrival(f"c{next(numbers)}", NOON)], KNOWN)
        return found

    async with database.begin() as connection:
        monkeypatch.setattr(statistics, "look", look_and_be_overtaken)
        (overtaken,) = await aggregate(connection, agreed, terms, [month])
        monkeypatch.setattr(statistics, "look", looked)
        before, after = await aggregate(connection, agreed, terms, [earlier, month])

    assert (overtaken.facts, before.facts, after.facts) == (3, 2, 3)


def limited(series: str, good: str) -> Kpi:
    return kpi({"kind": "proportion", "series": series, "good": good})


SEVERAL = [
    limited("arrivals", "at most 3 min"),
    limited("arrivals", "at most 1 min"),
    limited("departures", "at most 3 min"),
    limited("departures", "above 1 min"),
    kpi({"kind": "percentile", "percentile": "50 %", "series": "arrivals"}),
    kpi({"kind": "percentile", "percentile": "95 %", "series": "departures"}),
]


async def of_both_series(connection: AsyncConnection, signed: str) -> None:
    """Five samples each, worth 0 to 4 and 10 to 14 minutes."""
    facts = [
        Sample(f"{name}{n}", name, NOON + n * DAY, Decimal(n + more), {})
        for name, more in (("arrivals", 0), ("departures", 10))
        for n in range(5)
    ]
    await take(connection, signed, facts)


@pytest.mark.parametrize("most", [1, 300])
async def test_measures_of_one_shape_are_read_together_each_by_its_own_terms(
    database: AsyncEngine, agreed: str, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(measuring, "MOST_WINDOWS", most)
    spans = [Window(NOON, NOON + days * DAY, KNOWN) for days in (5, 2, 5)]

    async with database.begin() as connection:
        await of_both_series(connection, agreed)
        runs = [(terms.measure, spans) for terms in SEVERAL]
        found = await measuring.aggregate(connection, agreed, runs)

    assert [[int(each.num) for each in several] for several in found] == [
        [4, 2, 4],
        [2, 2, 2],
        [0, 0, 0],
        [5, 2, 5],
        [2, 0, 2],
        [14, 11, 14],
    ]


@pytest.mark.usefixtures("agreed")
async def test_what_is_counted_beforehand_is_found_by_whoever_asks(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "MOST_WINDOWS", 1)
    month = [Window(NOON, NOON + 30 * DAY, KNOWN)]
    runs = [(terms.measure, month) for terms in SEVERAL]

    async with database.begin() as connection:
        signed = await sign(connection)
        await of_both_series(connection, signed)
    await measuring.count_beforehand(database, signed, runs, Semaphore(measuring.AT_ONCE))
    async with database.connect() as connection:
        kept = await statistics.look(connection, signed, runs)
        expected = await measuring.aggregate(connection, signed, runs)

    assert [each and int(each.num) for each in kept.values()] == [4, 2, 0, 5, 2, 14]
    assert [int(each.num) for (each,) in expected] == [4, 2, 0, 5, 2, 14]


@pytest.mark.usefixtures("agreed")
async def test_agreements_that_are_counted_at_once_leave_connections_to_others(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "MOST_WINDOWS", 1)
    runs = [(terms.measure, [Window(NOON, NOON + 30 * DAY, KNOWN)]) for terms in SEVERAL]
    agreements: list[str] = []
    async with database.begin() as connection:
        for _ in range(4):
            agreements.append(await sign(connection))
            await of_both_series(connection, agreements[-1])
    pool, out = database.sync_engine.pool, []
    assert isinstance(pool, QueuePool)
    event.listen(pool, "checkout", lambda *_: out.append(pool.checkedout()))

    gate = Semaphore(1)
    await asyncio.gather(
        *(measuring.count_beforehand(database, each, runs, gate) for each in agreements)
    )

    # One for each looks what is kept; all else passes the gate one by one.
    assert (len(out), max(out) <= len(agreements)) == (4 + 4 * 6, True)


@pytest.mark.usefixtures("agreed")
async def test_counting_beforehand_fails_as_its_statements_do(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    month = [Window(NOON, NOON + 30 * DAY, KNOWN)]
    async with database.begin() as connection:
        signed = await sign(connection)
        await of_both_series(connection, signed)
    monkeypatch.setattr(
        measuring, "prepared", lambda _: text("SELECT 1 / 0 FROM unnest(CAST(:kind AS text[]))")
    )

    with pytest.raises(DBAPIError, match="division by zero"):
        await measuring.count_beforehand(
            database, signed, [(SEVERAL[0].measure, month)], Semaphore(1)
        )
