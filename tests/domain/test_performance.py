"""One result for each KPI, dimension and period: what was promised, and what happens without data."""

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.facts import Sample
from domain.facts.book import book
from domain.performance import all_performances, performance
from domain.results import Default, Points, Result, Status
from domain.timeline import Edition, Timeline, term_starts_at
from tests.domain.performing import (
    LATENCY,
    START,
    at,
    event,
    january,
    perform,
    perform_all,
    sample,
    terms,
    ticket,
    timeline,
)

AT_LEAST_95 = {"expected": "at least 95 %", "minimum": "at least 90 %"}
MARCH = "04-01"


def monthly(*values: str | None, **kpi: Any) -> tuple[Result, ...]:
    """The results of months with these values; None is a month without facts."""
    facts = [
        sample(f"s{month}", f"{month:02}-10", value)
        for month, value in enumerate(values, 1)
        if value is not None
    ]
    return perform(terms(kpi), *facts, until=f"{len(values) + 1:02}-01").results


def statuses(*values: str | None, **kpi: Any) -> list[Status]:
    return [result.status for result in monthly(*values, **kpi)]


# --- targets, bands, points


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("95", Status.MET),
        ("94.999", Status.BELOW_EXPECTED),
        ("90", Status.BELOW_EXPECTED),
        ("89.999", Status.BELOW_MINIMUM),
    ],
)
def test_a_figure_is_compared_exactly(value: str, status: Status) -> None:
    (result,) = monthly(value, target=AT_LEAST_95)

    assert result.status == status
    assert result.missed == (status != Status.MET)
    assert (result.bare_status, result.bare_value) == (status, result.value)


@pytest.mark.parametrize(
    ("value", "status", "band"),
    [
        ("100", Status.MET, 0),
        ("98", Status.BELOW_EXPECTED, 1),
        ("96", Status.BELOW_EXPECTED, 2),
        ("94", Status.BELOW_EXPECTED, 3),
        ("92", Status.MET, None),
    ],
)
def test_without_a_target_met_is_what_its_band_asks_nothing_for(
    value: str, status: Status, band: int | None
) -> None:
    bands = [
        {"at_least": "99", "credit": "0 %", "points": "0", "reward": "5 %"},
        {"at_least": "97", "below": "99", "points": "1"},
        {"at_least": "95", "below": "97", "credit": "5 %"},
        {"at_least": "93", "below": "95", "amount": "100"},
    ]

    (result,) = monthly(value, bands=bands)

    assert (result.status, result.band) == (status, band)


@pytest.mark.parametrize(
    ("value", "points"), [("99", 0), ("98.5", 1), ("97.5", 2), ("96.5", 3), ("95.9", 4)]
)
def test_points_are_those_of_the_band(value: str, points: int) -> None:
    """LI clause, service points: from 99 none, [98, 99) 1, [97, 98) 2, [96, 97) 3, below 96 4."""
    bands = [
        {"at_least": "99", "points": "0"},
        {"at_least": "98", "below": "99", "points": "1"},
        {"at_least": "97", "below": "98", "points": "2"},
        {"name": "red", "at_least": "96", "below": "97", "points": "3"},
        {"below": "96", "points": "4"},
    ]

    (result,) = monthly(value, bands=bands, target={"expected": "at least 99 %"})

    assert result.points == Points(Fraction(points))
    if points == 3:
        said = "That is band 4 `red`, at least 96 and below 97: 3 points."
        assert result.reason[-1] == said


@pytest.mark.parametrize(
    ("percent", "band"),
    [("95", 0), ("94.99", 1), ("90", 1), ("89.99", 2), ("85", 2), ("84.99", 3)],
)
def test_figures_on_the_edge_fall_in_the_band_that_it_opens(percent: str, band: int) -> None:
    """Accenture-SAS P1: bands at 95, 90 and 85."""
    bands = [
        {"at_least": "95"},
        {"at_least": "90", "below": "95", "credit": "2 %"},
        {"at_least": "85", "below": "90", "credit": "3 %"},
        {"below": "85", "credit": "5 %"},
    ]

    assert monthly(percent, bands=bands)[0].band == band


@pytest.mark.parametrize(("value", "band"), [("2", 0), ("2.01", 1), ("5", 1), ("5.01", 2)])
def test_bands_close_on_the_other_side_where_less_is_better(value: str, band: int) -> None:
    bands = [
        {"at_most": "2"},
        {"above": "2", "at_most": "5", "credit": "1 %"},
        {"above": "5", "credit": "3 %"},
    ]

    assert monthly(value, bands=bands)[0].band == band


def test_a_figure_outside_every_band_has_none_and_no_points() -> None:
    bands = [{"below": "90", "points": "2"}]

    (result,) = monthly("95", bands=bands)

    assert (result.band, result.points) == (None, Points(Fraction(0)))
    assert result.reason[-1] == "No band holds the figure."


def test_a_band_without_edges_holds_every_figure() -> None:
    (result,) = monthly("95", bands=[{"points": "2"}])

    assert result.reason[-1] == "That is band 1, every figure: 2 points."


def test_a_band_is_told_only_where_points_or_the_status_hang_on_it() -> None:
    bands = [{"at_least": "90"}]
    options: list[dict[str, Any]] = [
        {"target": AT_LEAST_95, "bands": bands},
        {"target": AT_LEAST_95, "bands": [bands[0] | {"points": "1"}]},
        {"bands": bands},
        {"bands": []},
    ]

    told = [
        any("band" in sentence for sentence in monthly("99", **said)[0].reason) for said in options
    ]

    assert told == [False, True, True, False]


def test_the_figure_shows_on_its_side_of_the_band() -> None:
    bands = [{"above": "95"}, {"at_most": "95", "credit": "1 %"}]

    assert monthly("95.001", bands=bands)[0].reason[0].endswith("was 95.001 %.")
    for figure, told in (
        ("95.000000000001", "95.000000000001"),
        ("95.0000000000001", "very little above 95.00"),
    ):
        assert monthly(figure, bands=bands)[0].reason[0].endswith(f"was {told} %.")


def test_rounding_comes_before_the_comparison_where_agreed() -> None:
    rounding = {"places": "1", "mode": "half_up"}

    (result,) = monthly("94.95", target=AT_LEAST_95, rounding=rounding)

    assert (result.value, result.status) == (Fraction(95), Status.MET)


def test_clauses_are_cited() -> None:
    kpi = {
        "clause": "Schedule 2",
        "measure": LATENCY | {"clause": "2.1"},
        "target": AT_LEAST_95 | {"clause": "2.2"},
        "bands": [{"below": "95", "credit": "5 %", "clause": "2.3"}],
    }

    (result,) = monthly("94", **kpi)

    assert result.reason[-1] == "Clauses: measure 2.1; target 2.2; band 2.3; KPI Schedule 2."


# --- no data


FAILING = [
    {"at_least": "95"},
    {"below": "90", "credit": "9 %", "points": "1"},
    {"at_least": "90", "below": "95", "credit": "5 %", "points": "7"},
]


@pytest.mark.parametrize(
    ("policy", "status", "band", "said"),
    [
        ("excluded", Status.NO_DATA, None, "Such a period is left out, as agreed."),
        ("failed", Status.BELOW_MINIMUM, 1, "Such a period has failed, as agreed."),
        ("worst_band", Status.BELOW_MINIMUM, 1, "Such a period is in the worst band, as agreed."),
        (
            "asked",
            Status.NO_DATA,
            None,
            "A task asks for the figure, as agreed; until then the period is left out.",
        ),
        (
            "carried",
            Status.NO_DATA,
            None,
            "There is no earlier figure to carry on, so the period is left out.",
        ),
    ],
)
def test_a_period_without_data_is_what_was_agreed(
    policy: str, status: Status, band: int | None, said: str
) -> None:
    (result,) = monthly(None, target=AT_LEAST_95, bands=FAILING, no_data=policy)

    assert (result.status, result.band, result.value) == (status, band, None)
    assert result.reason == ("There were no facts.", said)
    assert result.points == Points(Fraction(1 if band else 0))


def test_without_a_minimum_a_failure_is_below_expected() -> None:
    assert statuses(None, target={"expected": "at least 95 %"}, no_data="failed") == [
        Status.BELOW_EXPECTED
    ]
    assert statuses(None, no_data="worst_band") == [Status.BELOW_EXPECTED]


def test_the_last_figure_is_carried_on() -> None:
    results = monthly("94", None, None, "96", None, target=AT_LEAST_95, no_data="carried")

    assert [result.value for result in results] == [94, 94, 94, 96, 96]
    assert [result.status for result in results][1:4] == [
        Status.BELOW_EXPECTED,
        Status.BELOW_EXPECTED,
        Status.MET,
    ]
    assert results[2].reason[:2] == (
        "There were no facts.",
        "The figure of 2027-01 is carried on, as agreed: 94.00 %, expected at least 95 %.",
    )


# --- averages, low volumes, baselines


def test_a_figure_is_averaged_with_those_before_it_as_far_as_there_are() -> None:
    results = monthly("98", "92", None, "95", target=AT_LEAST_95, averaging={"periods": "3"})

    assert [result.value for result in results] == [98, 95, None, Fraction(187, 2)]
    assert results[1].reason == (
        "The mean of 1 sample of latency was 92.00 %.",
        "The mean of this and the 1 period before it (98.00 in 2027-01) is 95.00 %, "
        "expected at least 95 %.",
    )


@pytest.mark.parametrize(
    ("last", "value", "status"),
    [("96.0", Fraction(2909, 30), Status.BELOW_EXPECTED), ("96.2", Fraction(2911, 30), Status.MET)],
)
def test_an_average_of_three_months_is_compared(last: str, value: Fraction, status: Status) -> None:
    """MT clause, service level termination event: 96.967 is one, 97.033 is none."""
    results = monthly(
        *("97.5", "97.4", last),
        target={"expected": "at least 97 %"},
        averaging={"periods": "3"},
    )

    assert (results[-1].value, results[-1].status) == (value, status)


RESOLVED = {"kind": "proportion", "tickets": "resolution", "good": "at most 4 h"}


def resolved(good: int, bad: int, **kpi: Any) -> Result:
    facts = [ticket(f"g{n}", "01-05 08:00", "01-05 09:00") for n in range(good)]
    facts += [ticket(f"b{n}", "01-05 08:00", "01-05 19:00") for n in range(bad)]
    return january(RESOLVED, *facts, **({"target": AT_LEAST_95} | kpi))


@pytest.mark.parametrize(
    ("good", "bad", "status"),
    [
        (0, 1, Status.NO_DATA),
        (28, 1, Status.NO_DATA),
        (28, 2, Status.BELOW_EXPECTED),
        (30, 0, Status.MET),
        (0, 0, Status.NO_DATA),
    ],
)
def test_few_facts_may_be_left_out(good: int, bad: int, status: Status) -> None:
    assert resolved(good, bad, low_volume={"fewer_than": "30"}).status == status


@pytest.mark.parametrize(
    ("good", "bad", "status"),
    [
        (5, 2, Status.MET),
        (5, 3, Status.BELOW_MINIMUM),
        (30, 2, Status.BELOW_EXPECTED),
    ],
)
def test_few_facts_may_have_so_many_misses(good: int, bad: int, status: Status) -> None:
    low_volume = {"fewer_than": "30", "misses_allowed": "2"}

    result = resolved(good, bad, low_volume=low_volume, bands=FAILING)

    assert result.status == status
    if status == Status.MET:
        assert (result.band, result.value) == (None, Fraction(500, 7))
        assert result.reason[-1] == (
            "There are fewer than 30 facts, and at most 2 of them are bad: met, as agreed."
        )


def test_where_less_is_better_the_counted_ones_are_the_bad_ones() -> None:
    low_volume = {"fewer_than": "30", "misses_allowed": "2"}
    rounding = {"places": "1", "mode": "down"}
    target = {"expected": "at most 5 %"}

    two = resolved(2, 9, target=target, low_volume=low_volume, rounding=rounding)
    three = resolved(3, 9, target=target, low_volume=low_volume)

    assert (two.status, two.value) == (Status.MET, Fraction(181, 10))
    assert three.status == Status.BELOW_EXPECTED


def test_no_facts_at_all_are_not_few_facts() -> None:
    counted = {"kind": "count", "events": "audit"}
    few = {"fewer_than": "30"}
    target = {"expected": "at most 0 audit"}

    none = january(counted, unit="audit", target=target, low_volume=few)

    assert (none.status, none.value) == (Status.MET, Fraction(0))


def test_whole_counts_are_told_without_places() -> None:
    counted = {"kind": "count", "events": "report"}
    told = [event(f"e{number}", "01-10 08:00") for number in range(3)]

    made = january(counted, *told, unit="report", target={"expected": "at most 2 report"})

    assert made.reason[0].endswith("3 report, expected at most 2 report.")


def test_misses_are_counted_of_shares_only() -> None:
    low_volume = {"fewer_than": "30", "misses_allowed": "2"}

    assert statuses("94", target=AT_LEAST_95, low_volume=low_volume) == [Status.BELOW_EXPECTED]


def test_in_a_baseline_figures_are_told_and_nothing_is_promised() -> None:
    results = monthly(
        *("80", None, "80", "80"),
        target=AT_LEAST_95,
        bands=FAILING,
        baseline={"periods": "3"},
        no_data="failed",
    )

    assert [result.status for result in results] == [
        Status.BASELINE,
        Status.NO_DATA,
        Status.BASELINE,
        Status.BELOW_MINIMUM,
    ]
    assert [result.value for result in results] == [80, None, 80, 80]
    assert [result.points for result in results] == [Points(Fraction(n)) for n in (0, 0, 0, 1)]
    assert [result.band for result in results] == [None, None, None, 1]
    assert results[0].bare_status == Status.BASELINE
    assert results[0].reason[-1] == "This is a period of the baseline: nothing is promised yet."


# --- dimensions


def test_a_kpi_is_split_by_the_values_that_its_facts_name() -> None:
    facts = (
        sample("a", "01-05", "96", site="york", shift="day"),
        sample("b", "02-05", "94", site="leeds", shift="day"),
        sample("c", "02-05", "93", site="leeds", shift="night"),
        sample("d", "02-05", "93", site="leeds"),
        sample("e", "03-05", "93", site="hull", shift="day"),
    )

    performed = perform(terms({"per": ["site", "shift"]}), *facts, until="03-01")

    assert [(dict(each.dim), each.period.key, each.value) for each in performed.results] == [
        ({"site": "leeds", "shift": "day"}, "2027-01", None),
        ({"site": "leeds", "shift": "night"}, "2027-01", None),
        ({"site": "york", "shift": "day"}, "2027-01", 96),
        ({"site": "leeds", "shift": "day"}, "2027-02", 94),
        ({"site": "leeds", "shift": "night"}, "2027-02", 93),
        ({"site": "york", "shift": "day"}, "2027-02", None),
    ]
    (trouble,) = performed.troubles
    assert trouble.message == "1 fact of k left out: without `site` and `shift`"


def test_each_dimension_has_its_own_past() -> None:
    facts = sample("a", "01-05", "96", site="york"), sample("b", "02-05", "90", site="leeds")
    kpi = {"per": ["site"], "no_data": "carried", "averaging": {"periods": "2"}}

    results = perform(terms(kpi), *facts, until="03-01").results

    assert [result.value for result in results] == [None, 96, 90, 96]


# --- editions


def test_each_period_goes_by_its_edition() -> None:
    facts = [sample(f"s{month}", f"{month:02}-05", "94", site="york") for month in (1, 2, 3)]
    editions = timeline(
        terms({"target": AT_LEAST_95}),
        terms({"target": {"expected": "at least 94 %"}, "per": ["site"]}),
    )

    results = perform(editions, *facts, until="04-01").results

    assert [(result.edition, result.dim, result.status) for result in results] == [
        (1, (), Status.BELOW_EXPECTED),
        (2, (("site", "york"),), Status.MET),
        (2, (("site", "york"),), Status.MET),
    ]


def test_all_kpis_that_an_edition_knows_are_performed() -> None:
    editions = timeline(terms({}), terms({"key": "new"}))
    ends = {"k": at("03-01"), "new": at("03-01")}

    results = all_performances(editions, book([]), START, ends, None).results

    assert [(result.kpi.key, result.period.key) for result in results] == [
        ("k", "2027-01"),
        ("new", "2027-02"),
    ]


def test_a_kpi_without_an_end_has_no_periods_yet() -> None:
    assert all_performances(timeline(terms({})), book([]), START, {}, None).results == ()


# --- what was assumed


def test_what_the_terms_leave_open_is_told_where_it_mattered() -> None:
    restated = Default(
        "kpis.k.restate_within",
        "late and corrected facts restate a period until the agreement is closed",
    )
    assert perform(terms({}), sample("s", "01-05", "1")).defaults == (
        restated,
        Default("kpis.k.rounding", "figures are compared exactly"),
        Default("kpis.k.target", "met is what its band asks nothing for"),
    )
    assert perform(terms({})).defaults == (
        restated,
        Default("kpis.k.no_data", "a period without facts is left out"),
    )
    assert perform(terms({"no_data": "excluded"})).defaults == (restated,)
    said = {"no_data": "excluded", "restate_within": "90 days"}
    assert perform(terms(said)).defaults == ()
    said |= {"no_data": "asked"}
    assert perform(terms(said)).defaults == (
        Default(
            "kpis.k.asked_within",
            "facts of a period without any are asked for within 10 working days",
        ),
    )
    said |= {"asked_within": "5 days"}
    assert perform(terms(said)).defaults == ()


def test_what_a_measure_leaves_open_is_told_too() -> None:
    settled = {
        "rounding": {"places": "2", "mode": "down"},
        "target": AT_LEAST_95,
        "restate_within": "90 days",
    }
    percentile = {"measure": LATENCY | {"kind": "percentile", "percentile": "95 %"}}
    facts = sample("s", "01-05", "1"), ticket("t", "01-05")

    assert perform(terms(settled | percentile), *facts).defaults == (
        Default("kpis.k.measure.percentile", "by nearest rank, never interpolated"),
    )
    assert perform(terms(settled | {"measure": RESOLVED}), *facts).defaults == (
        Default("kpis.k.measure.missing", "a fact without a value counts against"),
    )
    said = settled | {"measure": RESOLVED | {"missing": "against"}}
    assert perform(terms(said), *facts).defaults == ()


# --- months, zones, order


@pytest.mark.parametrize(("month", "first", "last"), [("03", 0, 1), ("10", 1, 0)])
def test_a_period_begins_and_ends_at_local_midnight(month: str, first: int, last: int) -> None:
    berlin = {"zone": "Europe/Berlin", "term": {"starts_on": f"2027-{month}-01", "months": "1"}}
    (result,) = perform(terms({}, **berlin), until=None).results

    assert result.period.start == datetime(2027, int(month), 1, tzinfo=UTC) - _hours(1 + first)
    assert result.period.end == datetime(2027, int(month) + 1, 1, tzinfo=UTC) - _hours(1 + last)


def _hours(count: int) -> Any:
    return at("01-02") - at("01-01") if count == 24 else (at(f"01-01 0{count}:00") - START)


values = st.lists(st.integers(0, 100).map(str), min_size=1, max_size=8)


@given(values, st.randoms(use_true_random=False))
def test_the_order_of_facts_changes_nothing(told: list[str], random: Any) -> None:
    facts = [
        sample(f"s{n}", f"{n % 3 + 1:02}-05", value, site="ab"[n % 2])
        for n, value in enumerate(told)
    ]
    shuffled = random.sample(facts, len(facts))
    agreed = terms({"per": ["site"], "averaging": {"periods": "2"}, "target": AT_LEAST_95})

    assert perform(agreed, *facts, until=MARCH) == perform(agreed, *shuffled, until=MARCH)


@given(values)
def test_one_kpi_alone_performs_as_it_does_among_all(told: list[str]) -> None:
    facts: list[Sample] = [sample(f"s{n}", "01-05", value) for n, value in enumerate(told)]
    agreed = terms({}, {"key": "other"})

    alone = perform(agreed, *facts).results
    among = [each for each in perform_all(agreed, *facts).results if each.kpi.key == "k"]

    assert list(alone) == among


def test_the_digest_tells_whether_the_same_facts_went_in() -> None:
    digests = [
        january(LATENCY, sample("a", "01-05", value)).inputs_digest for value in ("1", "1.0", "2")
    ]

    assert digests[0] == digests[1] != digests[2]


def test_a_split_period_is_performed_in_parts() -> None:
    one = terms({})
    over = Timeline(
        (Edition(1, one, term_starts_at(one)), Edition(2, one, at("01-16"), splits=True))
    )
    facts = sample("a", "01-05", "1"), sample("b", "01-20", "2")

    results = performance(over, "k", book(facts), START, at("02-01"), None).results

    assert [(each.edition, each.value) for each in results] == [(1, Fraction(1)), (2, Fraction(2))]
