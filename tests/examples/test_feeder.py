"""The demo's figures are those of a plain pandas script; two rehearsals tell the same story."""

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from domain.zones import midnight, zone_named
from rehearsal.stage import Played, play, read_piece, throw_away_record
from tests.examples import reference_flights as reference

FEEDER = Path(__file__).parents[2] / "examples" / "feeder-2013"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with its facts, in a place of its own."""
    copy = tmp_path_factory.mktemp("feeder") / "feeder-2013"
    shutil.copytree(FEEDER, copy, ignore=shutil.ignore_patterns("facts-*.csv"))
    out = str(copy / "facts-sample.csv")
    subprocess.run([sys.executable, str(copy / "make_facts.py"), "--out", out], check=True)
    return copy


def rehearsed(folder: Path, out: Path, until: str | None = None) -> Played:
    """Play the example."""
    piece = read_piece(folder)
    zone = zone_named(piece.terms.zone)
    day = piece.script.until if until is None else type(piece.script.until).fromisoformat(until)
    ends = midnight(day, zone)
    with throw_away_record() as url:
        return asyncio.run(
            play(piece, url, out, until=ends, tell=lambda _: None, passed=lambda _: None)
        )


@pytest.fixture(scope="module")
def played(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The whole rehearsal, once."""
    return rehearsed(folder, tmp_path_factory.mktemp("played"))


def events(played: Played, event: str, subject: str = "") -> list[Any]:
    """The entries of an event about a subject."""
    return [entry for entry in played.story if entry.event == event and subject in entry.subject]


def test_every_figure_equals_the_reference_period_by_period(played: Played) -> None:
    own = reference.flights("EV")
    expected = {
        "arrival": reference.arrivals(own, "month"),
        "completion": reference.completion(own, "week"),
        "departure_delay": reference.departure_delay(own, "day"),
        "departure_within_hour": reference.departures(own, "day"),
    }

    found: dict[str, dict[str, tuple[int, int]]] = {kpi: {} for kpi in expected}
    for row in played.summary["periods"]:
        if row["den"]:
            found[row["kpi"]][row["period"]] = (int(row["num"]), int(row["den"]))
    assert found == expected
    assert {kpi: len(periods) for kpi, periods in found.items()} == {
        "arrival": 12,
        "completion": 53,
        "departure_delay": 365,
        "departure_within_hour": 365,
    }


def test_nobody_is_turned_away_at_the_gateway(played: Played) -> None:
    assert played.turned_away == []


def test_training_is_late_and_warned_of(played: Played) -> None:
    training = [entry.event for entry in played.story if entry.subject.endswith("/training")]

    assert training == [
        "milestone_at_risk",
        "milestone_overdue",
        "milestone_replanned",
        "milestone_at_risk",
        "milestone_delivered",
        "milestone_accepted",
    ]


def test_one_breach_climbs_every_level_unanswered(played: Played) -> None:
    climb = [
        (entry.event, entry.detail.get("level"))
        for entry in played.story
        if entry.subject == "noncompliance/feeder-2013/completion/2013-W05"
        and entry.event in {"rung_fired", "ladder_exhausted", "breach_acknowledged"}
    ]

    assert climb == [
        ("rung_fired", 1),
        ("rung_fired", 2),
        ("rung_fired", 3),
        ("ladder_exhausted", None),
    ]


def test_one_breach_is_acknowledged_at_level_two_and_proved_by_later_months(played: Played) -> None:
    case = "noncompliance/feeder-2013/arrival/2013-01"
    story = [entry.event for entry in played.story if entry.subject == case]

    assert story.index("breach_acknowledged") > story.index("rung_fired")
    assert [entry.detail["level"] for entry in events(played, "rung_fired", case)] == [1, 2]
    assert events(played, "plan_accepted", case)
    (closed,) = events(played, "case_closed", case)
    assert closed.detail["outcome"] == "verified"


def test_six_reviews_one_escalated_one_leading_to_a_new_target(played: Played) -> None:
    assert [row["id"] for row in played.summary["reviews"]] == [
        f"review/feeder-2013/{number}" for number in range(1, 7)
    ]
    assert [entry.subject for entry in events(played, "review_escalated")] == [
        "review/feeder-2013/3"
    ]
    (adopted,) = events(played, "edition_adopted")
    assert adopted.detail["edition"] == 2
    november = {
        row["period"]: row["edition"]
        for row in played.summary["periods"]
        if row["kpi"] == "arrival"
    }
    assert (november["2013-10"], november["2013-11"]) == (1, 2)


def test_the_renewal_is_decided_and_the_second_term_begins(played: Played) -> None:
    assert events(played, "renewal_settled")[0].detail["outcome"] == "renewed"
    assert played.summary["term"] == 2


def test_what_is_owed_is_capped_by_the_month(played: Played) -> None:
    december = next(row for row in played.summary["credits"] if row["month"] == "2013-12")

    assert (str(december["earned_percent"]), str(december["due_percent"])) == ("9", "8")
    assert december["amount"] == "336,000.00 USD"


def test_every_notice_was_sent(played: Played) -> None:
    assert set(played.summary["notices"]) == {"sent"}


def test_two_rehearsals_tell_the_same_story(folder: Path, tmp_path: Path) -> None:
    until = "2013-02-20"
    first, second = (
        json.dumps(rehearsed(folder, tmp_path / name, until).as_json(), default=str)
        for name in ("first", "second")
    )

    assert first == second
    assert "breach_acknowledged" in first
