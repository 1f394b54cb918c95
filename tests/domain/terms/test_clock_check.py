"""A clock on tickets says what it needs to run, and nothing that has no effect."""

from typing import Any

import pytest

from domain.terms.problems import Rule
from tests.domain.checked import found, kpi, problems

OFFICE = {"office": {"hours": {"mon-fri": "09:00-17:00"}}}
LIMITS = [{"where": {"priority": "p1"}, "within": "4 h"}, {"within": "8 h"}]


def clock(**values: Any) -> dict[str, Any]:
    sections = {"key": "fix", "stops": "resolution", "limits": LIMITS, **values}
    return {"clocks": [sections], "calendars": OFFICE}


@pytest.mark.parametrize(
    "values",
    [
        {"on_change": "carry", "on_reopen": "restart", "warn_at": ["50 %", "80 %"]},
        {"starts": "next_open_hour", "calendar": "office"},
        {"starts": "next_open_hour", "limits": [{"within": "1 h", "calendar": "office"}]},
        {"stops": "update", "updates": ["note"], "on_reopen": "restart"},
        {"pauses": ["pending", {"states": ["hold"], "reasons": ["x"], "at_most": "5 days"}]},
        {"reopening_continues": "false"},
        {"on_close": "runs_on"},
        {"on_close": [{"reasons": ["x"], "where": {"type": "y"}, "then": "stops"}]},
        {"stops": "update", "on_close": "lapses"},
        {"stops": "closure", "on_close": [{"reasons": ["x"], "then": "left_out"}]},
    ],
)
def test_a_sound_clock(values: dict[str, Any]) -> None:
    assert found(**clock(**values)) == set()


@pytest.mark.parametrize(
    ("values", "rule", "path"),
    [
        ({"limits": [{"within": "4 h", "calendar": "x"}]}, Rule.UNKNOWN_NAME, "limits[0].calendar"),
        ({"pauses": [{"states": ["a"], "at_most": "0 h"}]}, Rule.ZERO_LENGTH, "pauses[0].at_most"),
        ({"on_change": "carry", "limits": LIMITS[1:]}, Rule.KEY_WITHOUT_USE, "on_change"),
        ({"starts": "next_open_hour"}, Rule.KEY_WITHOUT_USE, "starts"),
        ({"updates": ["note"]}, Rule.KEY_WITHOUT_USE, "updates"),
        ({"stops": "update", "on_reopen": "carry"}, Rule.KEY_WITHOUT_USE, "on_reopen"),
        (
            {"on_reopen": "carry", "reopening_continues": "true"},
            Rule.KEY_WITHOUT_USE,
            "reopening_continues",
        ),
        ({"warn_at": ["50 %", "50 %"]}, Rule.REPEATED_KEY, "warn_at[1]"),
        ({"warn_at": ["0 %"]}, Rule.OUT_OF_RANGE, "warn_at[0]"),
        ({"warn_at": ["100 %"]}, Rule.OUT_OF_RANGE, "warn_at[0]"),
        (
            {"on_close": [{"then": "missed"}, {"reasons": ["x"], "then": "lapses"}]},
            Rule.NEVER_REACHED,
            "on_close[1]",
        ),
        ({"stops": "update", "on_close": "runs_on"}, Rule.KEY_WITHOUT_USE, "on_close"),
        ({"stops": "closure", "on_close": "missed"}, Rule.KEY_WITHOUT_USE, "on_close"),
        (
            {"stops": "closure", "on_close": [{"reasons": ["x"], "then": "runs_on"}]},
            Rule.KEY_WITHOUT_USE,
            "on_close[0]",
        ),
        ({"on_close": []}, Rule.EMPTY_VALUE, "on_close"),
        ({"on_close": "ends"}, Rule.WRONG_SHAPE, "on_close"),
        ({"on_change": "restarts"}, Rule.UNKNOWN_WORD, "on_change"),
        ({"pauses": [{"reasons": ["a"]}]}, Rule.MISSING_KEY, "pauses[0].states"),
    ],
)
def test_what_a_clock_must_not_say(values: dict[str, Any], rule: Rule, path: str) -> None:
    sections = clock(**values)

    assert found(**sections) == {(rule, f"clocks.fix.{path}")}
    assert all(each.remedy for each in problems(**sections))


@pytest.mark.parametrize(
    ("values", "rule", "path"),
    [
        ({"warn_at": ["101 %"]}, Rule.NOT_A_PERCENTAGE, "warn_at[0]"),
        ({"warn_at": ["0 %"]}, Rule.OUT_OF_RANGE, "warn_at[0]"),
        ({"warn_at": ["50 %"], "target": None}, Rule.KEY_WITHOUT_USE, "warn_at"),
    ],
)
def test_a_warning_of_a_kpi_needs_a_budget(values: dict[str, Any], rule: Rule, path: str) -> None:
    assert found(kpis=[kpi(**values)]) == {(rule, f"kpis.uptime.{path}")}
    assert found(kpis=[kpi(warn_at=["50 %", "100 %"])]) == set()
