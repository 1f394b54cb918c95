"""Each period goes by the edition in force as it begins, unless an edition splits it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.terms.shape import Terms
from domain.timeline import Edition, Timeline, term_ends_at, term_starts_at


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


START, END = utc("2027-01-01T00:00"), utc("2028-01-01T00:00")


def terms(**kpi: Any) -> Terms:
    return Terms.model_validate(
        {
            "agreement": "hosting",
            "title": "Hosting",
            "zone": "UTC",
            "term": {"starts_on": "2027-01-01", "months": "12"},
            "kpis": [
                {"key": "uptime", "unit": "%", "every": "month"}
                | {"measure": {"kind": "proportion", "flag": "up"}}
                | kpi
            ],
        }
    )


MONTHLY, WEEKLY, WITHOUT = terms(), terms(every="week"), terms(key="other")


def found(*editions: Edition, until: datetime = END) -> list[tuple[int, str, datetime]]:
    return [
        (edition.number, period.key, period.end)
        for edition, period in Timeline(editions).periods("uptime", START, until)
    ]


def test_before_the_first_edition_the_first_is_in_force() -> None:
    timeline = Timeline((Edition(1, MONTHLY, START), Edition(2, WEEKLY, utc("2027-04-15T00:00"))))

    assert timeline.at(START - timedelta(days=1)).number == 1
    assert timeline.at(utc("2027-04-14T23:59")).number == 1
    assert timeline.at(utc("2027-04-15T00:00")).number == 2
    assert timeline.latest == WEEKLY
    assert timeline.ends_at == END


def test_a_period_that_an_edition_falls_into_ends_as_it_began() -> None:
    rows = found(Edition(1, MONTHLY, START), Edition(2, WEEKLY, utc("2027-02-10T00:00")))

    assert rows[:3] == [
        (1, "2027-01", utc("2027-02-01T00:00")),
        (1, "2027-02", utc("2027-03-01T00:00")),
        (2, "2027-W09", utc("2027-03-08T00:00")),
    ]


def test_an_edition_may_split_the_period_in_which_it_begins() -> None:
    rows = found(
        Edition(1, MONTHLY, START), Edition(2, terms(), utc("2027-02-10T00:00"), splits=True)
    )

    assert rows[:3] == [
        (1, "2027-01", utc("2027-02-01T00:00")),
        (1, "2027-02", utc("2027-02-10T00:00")),
        (2, "2027-02", utc("2027-03-01T00:00")),
    ]


def test_a_kpi_that_an_edition_brings_begins_with_it() -> None:
    rows = found(
        Edition(1, WITHOUT, START),
        Edition(2, MONTHLY, utc("2027-11-10T00:00")),
    )

    assert rows == [
        (2, "2027-11", utc("2027-12-01T00:00")),
        (2, "2027-12", END),
    ]


def test_a_kpi_that_an_edition_drops_ends_with_the_period_that_had_begun() -> None:
    rows = found(Edition(1, MONTHLY, START), Edition(2, WITHOUT, utc("2027-02-10T00:00")))

    assert [row[1] for row in rows] == ["2027-01", "2027-02"]


def test_the_term_is_of_local_days() -> None:
    eastern = MONTHLY.model_copy(
        update={
            "zone": "America/New_York",
            "term": MONTHLY.term.model_copy(update={"months": 3}),
        }
    )

    assert term_starts_at(eastern) == utc("2027-01-01T05:00")
    assert term_ends_at(eastern) == utc("2027-04-01T04:00")


@given(st.lists(st.tuples(st.integers(1, 360), st.booleans(), st.booleans()), max_size=4))
def test_whatever_changes_periods_tile_the_term_each_under_its_edition(
    changes: list[tuple[int, bool, bool]],
) -> None:
    editions = [Edition(1, MONTHLY, START)]
    for number, (day, weekly, splits) in enumerate(sorted(changes), 2):
        new = WEEKLY if weekly else MONTHLY
        editions.append(Edition(number, new, START + timedelta(days=day), splits))
    timeline = Timeline(tuple(editions))

    rows = list(timeline.periods("uptime", START, END))

    assert (rows[0][1].start, rows[-1][1].end) == (START, END)
    assert all(one.end == other.start for (_, one), (_, other) in pairwise(rows))
    for edition, period in rows:
        assert edition == timeline.at(period.start)
        assert not any(
            each.splits and period.start < each.starts_at < period.end for each in editions
        )


def test_no_time_has_no_periods() -> None:
    assert found(Edition(1, MONTHLY, START), until=START) == []
