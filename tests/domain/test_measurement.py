"""What facts amount to: which of them count, what each is worth, and what is missing."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.facts import Fact, Sample, Ticket
from domain.measurement import Aggregate, Window, aggregate, good_limit, inputs_digest, plain
from domain.periods import Every, periods
from domain.terms.shape import Measure
from domain.zones import instant, zone_named

OPENED = datetime(2027, 1, 4, 9, tzinfo=UTC)
JANUARY = Window(
    datetime(2027, 1, 1, tzinfo=UTC),
    datetime(2027, 2, 1, tzinfo=UTC),
    datetime(2027, 3, 1, tzinfo=UTC),
)


def sample(name: str, value: str | None, **columns: str) -> Sample:
    return Sample(name, "arrivals", OPENED, None if value is None else Decimal(value), columns)


def ticket(
    name: str, hours: float | None = None, due: float | None = None, **columns: str
) -> Ticket:
    def later(length: float | None) -> datetime | None:
        return None if length is None else OPENED + timedelta(hours=length)

    return Ticket(name, OPENED, resolved_at=later(hours), due_at=later(due), columns=columns)


def counts(measure: dict[str, Any], *facts: Fact) -> tuple[Decimal | int, ...]:
    found = aggregate(Measure.model_validate(measure), facts, JANUARY)
    return found.num, found.den, found.facts, found.missing


ON_TIME = {"kind": "proportion", "series": "arrivals", "good": "below 15 min"}
RESOLVED = {"kind": "proportion", "tickets": "resolution", "good": "at most 4 h"}
BY_DUE = {"kind": "proportion", "tickets": "resolution", "good": "by due"}
FLAG = {"kind": "proportion", "flag": "made_sla"}
MEAN = {"kind": "mean", "series": "arrivals"}
MEAN_TIME = {"kind": "mean", "tickets": "resolution"}
EXCLUDED = {"missing": "excluded"}


def test_good_samples_are_counted_among_all() -> None:
    assert counts(ON_TIME, sample("a", "14.999"), sample("b", "15"), sample("c", "-3")) == (
        2,
        3,
        3,
        0,
    )


@pytest.mark.parametrize(
    ("good", "num"), [("at least 15", 2), ("above 15", 1), ("at most 15", 2), ("below 15", 1)]
)
def test_the_edge_itself_counts_as_the_terms_say(good: str, num: int) -> None:
    measure = {"kind": "proportion", "series": "arrivals", "good": good}

    assert counts(measure, sample("a", "14"), sample("b", "15"), sample("c", "16")) == (
        num,
        3,
        3,
        0,
    )


def test_a_missing_value_counts_against_unless_it_is_excluded() -> None:
    facts = (sample("a", "1"), sample("b", None))

    assert counts(ON_TIME, *facts) == (1, 2, 2, 1)
    assert counts(ON_TIME | EXCLUDED, *facts) == (1, 1, 2, 1)


def test_another_series_is_another_matter() -> None:
    other = Sample("b", "departures", OPENED, Decimal(1))

    assert counts(ON_TIME, sample("a", "1"), other, ticket("c", 1)) == (1, 1, 1, 0)


def test_a_ticket_clock_runs_in_the_unit_of_the_threshold() -> None:
    facts = (ticket("a", 4), ticket("b", 4.001), ticket("c"))

    assert counts(RESOLVED, *facts) == (1, 3, 3, 1)
    assert counts(RESOLVED | {"good": "at most 240 min"}, *facts) == (1, 3, 3, 1)
    assert counts(RESOLVED | {"good": "below 14400 s"}, *facts) == (0, 3, 3, 1)


@pytest.mark.parametrize("clock", ["response", "resolution", "closure"])
def test_each_clock_ends_at_its_event(clock: str) -> None:
    fact = Ticket(
        "a",
        OPENED,
        responded_at=OPENED + timedelta(minutes=1),
        resolved_at=OPENED + timedelta(minutes=2),
        closed_at=OPENED + timedelta(minutes=3),
    )
    minutes = {"response": 1, "resolution": 2, "closure": 3}[clock]

    assert counts({"kind": "mean", "tickets": clock}, fact) == (60 * minutes, 1, 1, 0)


def test_by_due_counts_tickets_that_have_a_due_time() -> None:
    facts = (
        ticket("in time", 4, due=4),
        ticket("late", 5, due=4),
        ticket("open", None, due=4),
        ticket("without due", 1),
    )

    assert counts(BY_DUE, *facts) == (1, 3, 3, 1)
    assert counts(BY_DUE | EXCLUDED, *facts) == (1, 2, 3, 1)


def test_a_flag_says_true_or_false_and_anything_else_is_missing() -> None:
    facts = [
        ticket(said, made_sla=said)
        for said in ("true", "TRUE", "True", "false", "yes", "1", "", " true")
    ]

    assert counts(FLAG, *facts, ticket("silent")) == (3, 9, 9, 5)
    assert counts(FLAG | EXCLUDED, *facts, ticket("silent")) == (3, 4, 9, 5)


def test_a_mean_is_of_the_values_that_there_are() -> None:
    facts = (sample("a", "1.5"), sample("b", "2"), sample("c", None))

    assert counts(MEAN, *facts) == (Decimal("3.5"), 2, 3, 1)
    assert counts(MEAN | EXCLUDED, *facts) == (Decimal("3.5"), 2, 3, 1)


def test_the_mean_of_a_clock_is_in_seconds() -> None:
    assert counts(MEAN_TIME, ticket("a", 1), ticket("b", 0.5), ticket("c")) == (5400, 2, 3, 1)


def test_a_sum_is_exact_far_beyond_28_digits() -> None:
    most = "9" * 24
    facts = (sample("a", most), sample("b", "0.000000000001"), sample("c", most))

    assert counts(MEAN, *facts)[0] == Decimal("1999999999999999999999998.000000000001")


def test_nothing_amounts_to_nothing() -> None:
    assert aggregate(Measure.model_validate(ON_TIME), (), JANUARY) == Aggregate(
        Decimal(0), 0, 0, 0, inputs_digest({})
    )


def test_where_keeps_only_what_it_names() -> None:
    facts = (
        sample("a", "1", carrier="EV", origin="EWR"),
        sample("b", "1", carrier="MQ", origin="EWR"),
        sample("c", "1", carrier="EV", origin="JFK"),
        sample("d", "1"),
    )

    assert counts(ON_TIME | {"where": {"carrier": "EV"}}, *facts)[1] == 2
    assert counts(ON_TIME | {"where": {"carrier": ("EV", "MQ")}}, *facts)[1] == 3
    assert counts(ON_TIME | {"where": {"carrier": "EV", "origin": "EWR"}}, *facts)[1] == 1
    assert counts(ON_TIME | {"where": {"carrier": "ev"}}, *facts)[1] == 0


def at(text: str) -> datetime:
    return instant(datetime.fromisoformat(text), zone_named("Europe/Berlin"))


@pytest.mark.parametrize(
    ("day", "hours"), [("2027-03-28", 23), ("2027-03-29", 24), ("2027-10-31", 25)]
)
def test_a_day_holds_the_hours_that_it_has_and_ends_before_the_next(day: str, hours: int) -> None:
    (period,) = periods(
        Every.DAY,
        zone_named("Europe/Berlin"),
        at(f"{day} 00:00"),
        at(f"{day} 00:00") + timedelta(hours=hours),
    )
    window = Window(period.start, period.end, period.end)
    around = [period.start + timedelta(hours=hour) for hour in range(-2, hours + 2)]
    last = period.end - timedelta(microseconds=1)
    facts = [Sample(f"{each}", "arrivals", each, Decimal(1)) for each in (*around, last)]

    found = aggregate(Measure.model_validate(ON_TIME), facts, window)

    assert found.facts == hours + 1


def test_the_digest_names_what_went_in_whatever_the_order() -> None:
    measure = Measure.model_validate(ON_TIME)
    facts = [sample("a", "1.50"), sample("b", None)]

    digest = aggregate(measure, facts, JANUARY).inputs_digest

    assert digest == aggregate(measure, facts[::-1], JANUARY).inputs_digest
    assert digest == aggregate(measure, [sample("a", "1.5"), facts[1]], JANUARY).inputs_digest
    assert digest != aggregate(measure, [sample("a", "1.51"), facts[1]], JANUARY).inputs_digest
    assert digest != aggregate(measure, [sample("c", "1.50"), facts[1]], JANUARY).inputs_digest
    assert digest != aggregate(measure, facts[:1], JANUARY).inputs_digest


@pytest.mark.parametrize(
    ("value", "text"), [("100", "100"), ("1.50", "1.5"), ("2.000", "2"), ("0.000000000001",) * 2]
)
def test_a_plain_number_has_no_idle_zeros(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


def test_a_measure_that_the_terms_should_have_refused_is_a_fault() -> None:
    with pytest.raises(ValueError, match="a proportion needs `good`"):
        good_limit(Measure.model_validate({"kind": "proportion", "series": "arrivals"}))
    with pytest.raises(ValueError, match="neither a series nor a ticket clock nor a flag"):
        counts({"kind": "mean"}, ticket("a"))
