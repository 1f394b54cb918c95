"""What a breach says of the agreements below it."""

from domain.results import Dim, Result, Status
from domain.support import with_support
from tests.domain.runs import kpi, run, terms

SPOKEN = terms(
    kpi("portal", supported_by=["line", "power"]),
    kpi("line", provided_by="carrier"),
    kpi("power"),
    parties={
        "client": {"name": "A bank"},
        "provider": {"name": "An integrator"},
        "others": {"carrier": {"name": "A carrier"}},
    },
)


def measured(key: str, *figures: object, dim: Dim = (), first: int = 1) -> list[Result]:
    return run(SPOKEN.kpi(key), figures, dim=dim, first=first)


def told(*results: Result) -> tuple[str, ...]:
    return with_support(results)[0].reason


def test_a_miss_names_the_miss_below_and_whose_it_is() -> None:
    assert told(*measured("portal", 80), *measured("line", 85, 85)) == (
        "It rests on line of carrier, missed at the same time: line/2027-01 (below_minimum).",
    )


def test_a_miss_says_that_what_it_rests_on_was_met() -> None:
    said = told(*measured("portal", 95), *measured("line", 99), *measured("power", 96))

    assert said == (
        "It rests on line, which was met.",
        "It rests on power, missed at the same time: power/2027-01 (below_expected).",
    )


def test_a_miss_at_another_time_is_no_cause() -> None:
    assert told(*measured("portal", 95), *measured("power", 80, first=2)) == ()


def test_nothing_is_said_of_what_was_not_measured() -> None:
    assert told(*measured("portal", 95), *measured("power", Status.NO_DATA)) == ()


def test_what_was_met_needs_no_cause() -> None:
    assert told(*measured("portal", 99), *measured("line", 80)) == ()


def test_a_miss_at_another_site_is_no_cause() -> None:
    here, there = (("site", "leeds"),), (("site", "york"),)
    said = told(
        *measured("portal", 95, dim=here),
        *measured("power", 80, dim=there),
        *measured("power", 96, dim=here),
    )

    assert said == (
        "It rests on power, missed at the same time: power/leeds/2027-01 (below_expected).",
    )


def test_every_result_keeps_its_place() -> None:
    results = [*measured("portal", 95, 99), *measured("line", 80, 99)]

    assert [each.kpi.key for each in with_support(results)] == ["portal", "portal", "line", "line"]
