"""Names that tell results apart, also the parts of a period that an edition splits."""

from domain.assessment import Assessment, Limits, assess
from domain.comparison import compared
from domain.naming import names_of
from domain.timeline import Edition, Timeline
from tests.domain.performing import START, at, outage, perform_all, terms

UPTIME = {"measure": {"kind": "availability", "outages": "web"}}


def test_a_result_is_named_by_kpi_and_period() -> None:
    found = perform_all(terms(UPTIME, UPTIME | {"key": "other"}), until=None).results

    assert names_of(found)[:2] == ["k/2027-01", "k/2027-02"]
    assert len(set(names_of(found))) == len(found)


def test_dimensions_stand_between_kpi_and_period() -> None:
    sites = [outage("a", "01-04", 1, site="leeds"), outage("b", "01-05", 1, site="york")]
    found = perform_all(terms(UPTIME | {"per": ["site"]}), *sites).results

    assert names_of(found)[:2] == ["k/leeds/2027-01", "k/york/2027-01"]


def split(*minutes: float) -> Assessment:
    """January in two parts, with an outage in each of so many minutes."""
    agreed = terms(UPTIME | {"target": {"expected": "at least 99 %"}})
    halves = Edition(1, agreed, START), Edition(2, agreed, at("01-16"), splits=True)
    days = zip(("01-04", "01-20"), minutes, strict=True)
    facts = [outage(day, day, length) for day, length in days]
    return assess(Timeline(halves), facts, Limits(until=at("02-01")), digest="")


def test_the_parts_of_a_split_period_are_told_apart_by_their_edition() -> None:
    found = split(1, 1).results

    assert names_of(found) == ["k/2027-01@1", "k/2027-01@2"]


def test_what_would_have_changed_in_either_part_is_told() -> None:
    assert [each.key for each in compared(split(1, 1), split(900, 1)).periods] == ["k/2027-01@1"]
    assert [each.key for each in compared(split(1, 1), split(1, 900)).periods] == ["k/2027-01@2"]
    assert compared(split(1, 900), split(1, 900)).periods == ()
