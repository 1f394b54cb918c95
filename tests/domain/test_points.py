"""Points, defaults and repeated failures: published cases, and each rule by itself."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.points import judged
from domain.results import Points, Result, Status
from domain.terms.shape import Terms
from tests.domain.runs import kpi, months, result, run, terms, timeline

NO_DATA, EXCUSED, BASELINE = Status.NO_DATA, Status.EXCUSED, Status.BASELINE

TWICE_RUNNING = {"when": {"consecutive": 2, "of": "missed"}, "times": "2", "clause": "2.2"}

UK_BANDS = [
    {"at_least": "99", "points": "0"},
    {"at_least": "98", "below": "99", "points": "1"},
    {"at_least": "97", "below": "98", "points": "2"},
    {"at_least": "96", "below": "97", "points": "3", "name": "serious"},
    {"below": "96", "points": "4"},
]


def uk(**values: Any) -> Terms:
    target = {"expected": "at least 99 %"}
    return terms(kpi(target=target, bands=UK_BANDS), **{"repeats": [TWICE_RUNNING]} | values)


def totals(agreed: Terms, figures: Sequence[object]) -> list[Fraction | None]:
    found = judged(run(agreed.kpis[0], figures), timeline(agreed))
    return [None if each.points is None else each.points.total for each in found]


def defaults(agreed: Terms, figures: Sequence[object]) -> list[int]:
    """The months that are service level defaults."""
    found = judged(run(agreed.kpis[0], figures), timeline(agreed))
    return [number for number, each in enumerate(found, 1) if each.default]


# --- points


@pytest.mark.parametrize(
    ("figures", "points"),
    [(["98.5", "96.5"], [1, 6]), (["96.5", "98.5", "96.5"], [3, 2, 6])],
)
def test_a_repeated_failure_counts_twice_and_never_four_times(
    figures: list[str], points: list[int]
) -> None:
    assert totals(uk(), figures) == points


def test_points_say_how_they_came_about() -> None:
    agreed = uk()

    first, second = judged(run(agreed.kpis[0], ["96.5", "98.5"]), timeline(agreed))

    assert "3 points, as the band serious gives." in first.reason
    assert "1 point, as its band gives." in second.reason
    assert (
        "A repeated failure: 1 x 2 = 2 points. 2 in a row missed. Asked for: at least 2 in a row "
        "missed. By: uptime/2027-01, uptime/2027-02. Clause: 2.2."
    ) in second.reason


def test_points_that_are_known_already_stay() -> None:
    agreed = uk(repeats=[])
    (reported,) = run(agreed.kpis[0], ["96.5"])

    (found,) = judged([replace(reported, points=Points(Fraction(7)))], timeline(agreed))

    assert found.points == Points(Fraction(7))


def test_without_a_band_or_points_in_it_there_are_none() -> None:
    silent = terms(kpi(bands=[{"below": "97", "credit": "5 %"}]))

    assert totals(silent, [95, 99]) == [None, None]


LADDER = terms(kpi(points_by_run=["1", "2", "3"]))


def test_points_grow_with_each_month_missed_in_a_row_and_the_last_go_on() -> None:
    assert totals(LADDER, [95, 95, 95, 95, 99, 95]) == [1, 2, 3, 3, 0, 1]


@pytest.mark.parametrize("status", [NO_DATA, EXCUSED, BASELINE])
def test_what_is_no_verdict_has_no_points_and_holds_the_run(status: Status) -> None:
    assert totals(LADDER, [95, status, 95]) == [1, None, 2]


def test_a_run_of_misses_is_counted_whatever_the_order_of_the_results() -> None:
    results = run(LADDER.kpis[0], [95, 95, 95])

    found = judged(results[::-1], timeline(LADDER))

    assert [each.points and each.points.total for each in found] == [3, 2, 1]
    assert "3 points: the 3rd miss in a row." in found[0].reason


def test_each_site_has_a_run_of_misses_of_its_own() -> None:
    (period,) = months(1, 1)
    results = [
        result(LADDER.kpis[0], period, 95, dim=(("site", site),)) for site in ("leeds", "york")
    ]

    found = judged(results, timeline(LADDER))

    assert [each.points and each.points.total for each in found] == [1, 1]


# --- repeated failures


def test_of_several_repeats_the_largest_multiplier_counts() -> None:
    repeats = [
        {"when": {"consecutive": 2, "of": "missed"}, "times": "2"},
        {"when": {"consecutive": 3, "of": "missed"}, "times": "3"},
        {"when": {"count": 1, "of": "missed"}, "times": "1.5"},
    ]

    assert totals(uk(repeats=repeats), ["98.5"] * 3) == [Fraction("1.5"), 2, 3]


def test_of_equal_multipliers_the_first_is_told() -> None:
    agreed = uk(repeats=[TWICE_RUNNING, TWICE_RUNNING | {"clause": "9.9"}])

    _, second = judged(run(agreed.kpis[0], [97, 97]), timeline(agreed))

    assert second.reason[-1].endswith("Clause: 2.2.")


def test_a_repeat_may_be_for_some_kpis_only() -> None:
    banded = {"target": {"expected": "at least 99 %"}, "bands": UK_BANDS}
    only_b = [TWICE_RUNNING | {"kpis": ["b"]}]
    agreed = terms(kpi("a", **banded), kpi("b", **banded), repeats=only_b)
    results = [each for measured in agreed.kpis for each in run(measured, [97, 97])]

    found = judged(results, timeline(agreed))

    assert [each.points and each.points.total for each in found] == [2, 2, 2, 4]


def test_indicators_have_no_repeated_failures_unless_they_are_named() -> None:
    indicator = kpi(
        target={"expected": "at least 99 %"}, bands=UK_BANDS, classification="indicator"
    )

    assert totals(terms(indicator, repeats=[TWICE_RUNNING]), [97, 97]) == [2, 2]
    named = [TWICE_RUNNING | {"kpis": ["uptime"]}]
    assert totals(terms(indicator, repeats=named), [97, 97]) == [2, 4]


def test_what_has_no_points_is_not_multiplied() -> None:
    free = [{"below": "99", "points": "0"}]
    agreed = terms(kpi(target={"expected": "at least 99 %"}, bands=free), repeats=[TWICE_RUNNING])

    found = judged(run(agreed.kpis[0], [95, 95]), timeline(agreed))

    assert [each.points for each in found] == [Points(Fraction(0))] * 2
    assert totals(terms(repeats=[TWICE_RUNNING]), [95, 95]) == [None, None]


def test_over_a_service_every_failure_of_that_month_is_repeated() -> None:
    banded = {"target": {"expected": "at least 99 %"}, "bands": UK_BANDS, "service": "web"}
    together = [{"when": {"consecutive": 2, "of": "missed", "same": "service"}, "times": "2"}]
    agreed = terms(kpi("a", **banded), kpi("b", **banded), repeats=together)
    results = [*run(agreed.kpis[0], [97, 97]), *run(agreed.kpis[1], [99, 97])]

    found = judged(results, timeline(agreed))

    assert [each.points and each.points.total for each in found] == [2, 4, 0, 4]


def test_a_repeat_that_says_once_is_for_the_first_time_only() -> None:
    once = {"when": {"consecutive": 2, "of": "missed", "afterwards": "once"}, "times": "2"}

    assert totals(uk(repeats=[once]), [97, 97, 97]) == [2, 4, 2]


def test_each_result_is_multiplied_by_the_edition_that_it_goes_by() -> None:
    without, with_it = uk(repeats=[]), uk()
    before = run(without.kpis[0], [97, 97], edition=1)
    after = run(with_it.kpis[0], [97], first=3, edition=2)
    editions = timeline(without, with_it, with_it, then=["2027-03-01", "2028-01-01"])

    found = judged([*before, *after], editions)

    assert [each.points and each.points.total for each in found] == [2, 2, 4]


@given(
    figures=st.lists(st.decimals(90, 100, places=1), max_size=12),
    times=st.decimals(1, 5, places=1),
)
def test_multiplied_points_are_the_band_s_or_so_many_times_as_much(
    figures: list[Decimal], times: Decimal
) -> None:
    agreed = uk(repeats=[TWICE_RUNNING | {"times": str(times)}, TWICE_RUNNING | {"times": "1"}])

    once, found = totals(uk(repeats=[]), figures), totals(agreed, figures)

    for number, (base, total) in enumerate(zip(once, found, strict=True)):
        repeated = number > 0 and figures[number - 1] < 99 and figures[number] < 99
        assert total == (base if not repeated or base is None else base * Fraction(times))


# --- service level defaults


FOURTH = {"count": 4, "of": "missed", "window": "12 months"}


def missed(*numbers: int) -> list[int]:
    return [95 if number in numbers else 99 for number in range(1, 14)]


@pytest.mark.parametrize(("numbers", "found"), [((1, 4, 7, 12), [12]), ((1, 4, 7, 13), [])])
def test_the_fourth_miss_of_what_is_expected_in_a_year_is_a_default(
    numbers: tuple[int, ...], found: list[int]
) -> None:
    assert defaults(terms(kpi(default_when=FOURTH)), missed(*numbers)) == found


def test_so_is_every_further_miss_while_the_pattern_holds() -> None:
    agreed = terms(kpi(default_when=FOURTH))
    once = terms(kpi(default_when=FOURTH | {"afterwards": "once"}))

    assert defaults(agreed, missed(1, 2, 3, 4, 5)) == [4, 5]
    assert defaults(once, missed(1, 2, 3, 4, 5)) == [4]


def test_below_the_minimum_is_a_default_at_once() -> None:
    agreed = terms(kpi(default_when=FOURTH))

    (found,) = judged(run(agreed.kpis[0], [80]), timeline(agreed))

    assert found.default
    assert found.reason == ("A service level default: the minimum is missed.",)


def test_where_the_terms_are_silent_every_miss_is_a_default() -> None:
    found = judged(run(terms().kpis[0], [95, 99, NO_DATA]), timeline(terms()))

    assert [each.default for each in found] == [True, False, False]
    assert found[0].reason == ("A service level default: what is expected is missed.",)


def test_a_default_names_what_made_it_one_and_a_miss_what_it_lacks() -> None:
    agreed = terms(kpi(default_when=FOURTH | {"count": 2, "clause": "4.1"}))

    first, second = judged(run(agreed.kpis[0], [95, 95]), timeline(agreed))

    assert first.reason == (
        "Not a service level default, which needs at least 2 missed within 12 months (4.1).",
    )
    assert second.reason == (
        "A service level default. 2 missed within 12 months. Asked for: at least 2 missed within "
        "12 months (4.1). By: uptime/2027-01, uptime/2027-02.",
    )


def test_what_an_indicator_misses_is_never_a_default() -> None:
    assert defaults(terms(kpi(classification="indicator")), [80, 95]) == []


def test_a_baseline_has_no_defaults() -> None:
    assert defaults(terms(), [BASELINE, EXCUSED]) == []


def test_only_what_counts_is_a_default_of_those_that_end_together() -> None:
    bands = [{"name": "severe", "below": "96"}]
    when = {"count": 2, "of": "missed", "same": "agreement", "where": {"bands": ["severe"]}}
    agreed = terms(kpi(target={"expected": "at least 97 %"}, bands=bands, default_when=when))
    leeds, york = (
        run(agreed.kpis[0], figures, dim=(("site", site),))
        for site, figures in {"leeds": [95, 95], "york": [96, 96]}.items()
    )

    found = judged([*leeds, *york], timeline(agreed))

    assert [each.default for each in found] == [False, True, False, False]


def test_a_met_period_that_completes_a_share_is_no_default() -> None:
    when = {"share": "at least 50 %", "of": "missed", "window": "2 periods"}

    assert defaults(terms(kpi(default_when=when)), [95, 99, 95]) == [1, 3]


def test_a_default_by_a_mean_tells_the_figures_of_which_it_is() -> None:
    when = {"mean": "below 97 %", "of": "value", "window": "2 periods"}
    agreed = terms(kpi(default_when=when))

    _, found = judged(run(agreed.kpis[0], [96, 95]), timeline(agreed))

    assert found.default
    assert "(96 + 95) / 2 = 95.5 %" in found.reason[-1]


def test_the_contract_year_of_a_default_begins_at_local_midnight() -> None:
    when = {"count": 3, "of": "missed", "window": "contract year"}
    agreed = terms(kpi(default_when=when), term={"starts_on": "2026-06-01", "months": "36"})

    # April and May lie in the first year, June, July and August in the second.
    found = judged(run(agreed.kpis[0], [95] * 5, first=4), timeline(agreed))

    assert [each.default for each in found] == [False, False, False, False, True]


def test_each_kpi_has_its_own_condition_of_a_default() -> None:
    agreed = terms(
        kpi("a", default_when={"count": 1, "of": "missed"}),
        kpi("b", default_when={"count": 3, "of": "missed"}),
    )
    results = [each for measured in agreed.kpis for each in run(measured, [95, 95])]

    assert [each.default for each in judged(results, timeline(agreed))] == [
        True,
        True,
        False,
        False,
    ]


def test_what_an_earlier_edition_has_seen_is_not_used_up_by_the_condition_of_a_later_one() -> None:
    twice = {"count": 2, "of": "missed", "afterwards": "consumes"}
    before = terms(kpi(default_when=twice | {"count": 9}))
    after = terms(kpi(default_when=twice))
    results = [
        *run(before.kpis[0], [95, 95]),
        *run(after.kpis[0], [95], first=3, edition=2),
    ]

    found = judged(results, timeline(before, after, then=["2027-03-01"]))

    assert [each.default for each in found] == [False, False, True]


def test_misses_under_an_earlier_edition_count_towards_a_default_under_a_later_one() -> None:
    lenient = terms(kpi(default_when=FOURTH | {"count": 9}))
    strict = terms(kpi(default_when=FOURTH | {"count": 3}))
    before = run(lenient.kpis[0], [95, 95, 95], edition=1)
    after = run(strict.kpis[0], [95], first=4, edition=2)

    found = judged([*before, *after], timeline(lenient, strict, then=["2027-04-01"]))

    assert [each.default for each in found] == [False, False, False, True]


def test_repeated_defaults_are_counted_once_defaults_are_known() -> None:
    agreed = terms(
        kpi(target={"expected": "at least 99 %", "minimum": "at least 96 %"}, bands=UK_BANDS)
        | {"default_when": FOURTH},
        repeats=[{"when": {"consecutive": 2, "of": "default"}, "times": "2"}],
    )

    assert totals(agreed, [97, 95, 95]) == [2, 4, 8]


def test_results_come_back_in_their_order() -> None:
    agreed = terms(kpi("a"), kpi("b"))
    results: list[Result] = [
        *run(agreed.kpis[1], [95, 99]),
        *run(agreed.kpis[0], [95]),
    ]

    found = judged(results, timeline(agreed))

    assert [(each.kpi.key, each.period.key) for each in found] == [
        ("b", "2027-01"),
        ("b", "2027-02"),
        ("a", "2027-01"),
    ]
