"""The helpdesk agreement for tests: say only what the test is about."""

from pathlib import Path
from typing import Any

from domain.terms.shape import Agreement
from domain.terms.tree import read_tree

DOCUMENT = Path(__file__).parents[1] / "documents" / "valid.yaml"
RAW: Any = read_tree(DOCUMENT.read_bytes(), "valid.yaml").root


def agreed(**sections: Any) -> Agreement:
    """The agreement, with some values of its sections (or whole values) exchanged."""
    document = dict(RAW)
    for name, value in sections.items():
        merged = isinstance(value, dict) and isinstance(document.get(name), dict)
        document[name] = document[name] | value if merged else value
    return Agreement.model_validate(document)


def with_kpi(key: str, **values: Any) -> Agreement:
    """The agreement, with some values of one KPI exchanged."""
    return agreed(kpis=[each | values if each["key"] == key else each for each in RAW["kpis"]])
