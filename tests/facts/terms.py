"""A KPI for tests: say only what the test is about."""

from typing import Any

from domain.terms.shape import Kpi

ARRIVALS = {"kind": "proportion", "series": "arrivals", "good": "below 15 min"}


def kpi(measure: dict[str, Any] | None = None, **terms: Any) -> Kpi:  # noqa: ANN401
    """The KPI `on_time`, or what the test makes of it, as a document would write it."""
    return Kpi.model_validate(
        {
            "key": "on_time",
            "title": "Arrivals on time",
            "objective": "Passengers reach their connections.",
            "owners": {"client": "client.owner", "provider": "provider.owner"},
            "unit": "%",
            "measure": measure or ARRIVALS,
            "every": "month",
            "target": {"expected": "at least 80 %"},
            "cut_off": "3 days",
            "no_data": "excluded",
        }
        | terms
    )
