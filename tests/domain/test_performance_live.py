"""A live agreement performs by the same rules, period by period, with what it has already."""

from fractions import Fraction

from domain.facts import Fact, Sample
from domain.facts.book import book
from domain.measurement import Window, aggregate
from domain.measures.outcome import of_figure
from domain.measures.readings import figure_of
from domain.performance import performance
from domain.results import Result, Status
from domain.terms.shape import Terms
from tests.domain.performing import at, perform, sample, terms, timeline

GOOD = {"kind": "proportion", "series": "latency", "good": "below 200"}

BANDS = [
    {"at_least": "95", "points": "0"},
    {"at_least": "50", "below": "95", "points": "2"},
    {"below": "50", "points": "5"},
]


def whole(agreed: Terms, *facts: Fact, until: str = "03-01") -> tuple[Result, ...]:
    return perform(agreed, *facts, until=until).results


def february(
    agreed: Terms, *facts: Fact, key: str = "k", made: tuple[Result, ...] = ()
) -> tuple[Result, ...]:
    """February alone, after results that there are already."""
    done: dict[str, list[Result]] = {}
    for each in made:
        done.setdefault(each.kpi.key, []).append(each)
    over, until = timeline(agreed), at("03-01")
    return performance(over, key, book(facts), at("02-01"), until, None, done).results


def test_a_figure_that_was_counted_elsewhere_gives_the_same_result() -> None:
    agreed = terms({"measure": GOOD, "bands": BANDS, "rounding": {"places": "1", "mode": "down"}})
    facts = [sample("a", "01-04", "100"), sample("b", "01-05", "300"), sample("c", "01-06", "1")]
    (expected,) = perform(agreed, *facts).results
    kpi, period = agreed.kpi("k"), expected.period
    counted = aggregate(kpi.measure, facts, Window(period.start, period.end, period.end))

    found = of_figure(kpi, 1, period, figure_of(kpi, counted))

    assert found == expected
    assert found.points is not None
    assert found.points.base == Fraction(2)


def test_and_so_does_one_without_facts() -> None:
    agreed = terms({"measure": GOOD, "bands": BANDS, "no_data": "worst_band"})
    (expected,) = perform(agreed).results
    kpi, period = agreed.kpi("k"), expected.period
    counted = aggregate(kpi.measure, (), Window(period.start, period.end, period.end))

    assert of_figure(kpi, 1, period, figure_of(kpi, counted)) == expected


def test_a_dimension_that_there_was_goes_on_without_facts() -> None:
    agreed = terms({"measure": GOOD, "per": ["site"]})
    facts = (sample("a", "01-04", "1", site="leeds"), sample("b", "02-04", "1", site="york"))
    before = whole(agreed, facts[0], until="02-01")

    found = february(agreed, facts[1], made=before)

    assert [(each.dim, each.status) for each in found] == [
        ((("site", "leeds"),), Status.NO_DATA),
        ((("site", "york"),), Status.MET),
    ]
    assert found == tuple(each for each in whole(agreed, *facts) if each.period.key == "2027-02")


def test_a_composite_rests_on_the_results_that_its_parts_have() -> None:
    composite = {"kind": "composite", "combine": "weighted", "parts": {"k": "100 %"}}
    agreed = terms(
        {"measure": GOOD},
        {"key": "whole", "measure": composite, "target": {"expected": "above 1 %"}},
    )
    facts = [Sample("a", "latency", at("02-04"), None)]
    parts = whole(agreed, sample("a", "02-04", "1"))

    (found,) = february(agreed, *facts, key="whole", made=parts)

    assert found.value == Fraction(100)
