"""A small agreement for tests of the rules: say only what the test is about."""

import json
from typing import Any

from domain.terms.problems import Problem
from domain.terms.reader import Reading
from domain.terms.shape import Terms
from domain.terms_check import validate_terms

UPTIME: dict[str, Any] = {
    "key": "uptime",
    "unit": "%",
    "measure": {"kind": "availability", "outages": "booking"},
    "every": "month",
    "target": {"expected": "at least 99 %", "minimum": "at least 95 %"},
    "bands": [
        {"at_least": 99, "name": "good", "points": 0, "credit": "0 %"},
        {"at_least": 95, "below": 99, "name": "minor", "points": 1, "credit": "5 %"},
        {"below": 95, "name": "severe", "points": 3, "credit": "10 %"},
    ],
}
ANSWERS: dict[str, Any] = {
    "key": "answers",
    "service": "desk",
    "unit": "%",
    "measure": {"kind": "proportion", "flag": "answered"},
    "every": "month",
    "target": {"expected": "at least 90 %"},
}
DOCUMENT: dict[str, Any] = {
    "agreement": "hosting",
    "title": "Hosting",
    "zone": "UTC",
    "term": {"starts_on": "2027-01-01", "months": 24},
    "charges": {"currency": "GBP", "amount": "1000"},
    "kpis": [UPTIME, ANSWERS],
}


def kpi(**values: Any) -> dict[str, Any]:
    """The uptime KPI, with some of its values exchanged, or left out where they are None."""
    return {key: value for key, value in {**UPTIME, **values}.items() if value is not None}


def remedy(scheme: dict[str, Any] | str = "tiers", **values: Any) -> dict[str, Any]:
    """A remedy of the uptime KPI."""
    kind = {"kind": scheme} if isinstance(scheme, str) else scheme
    return {"key": "credits", "kpis": ["uptime"], "scheme": kind, **values}


def trigger(when: Any, **values: Any) -> dict[str, Any]:
    """A trigger of an action plan."""
    return {"key": "plan", "when": when, "then": "action_plan", **values}


def read(**sections: Any) -> Reading[Terms]:
    """The document with some sections exchanged, or left out where they are None."""
    document = {**DOCUMENT, **sections}
    kept = {key: value for key, value in document.items() if value is not None}
    return validate_terms(json.dumps(kept).encode(), "a.yaml")


def problems(**sections: Any) -> list[Problem]:
    """What is refused, and what is warned of."""
    reading = read(**sections)
    return [*reading.problems, *reading.warnings]


def found(**sections: Any) -> set[tuple[str, str]]:
    """The rules that were broken, and where."""
    return {(each.rule.value, each.path) for each in problems(**sections)}
