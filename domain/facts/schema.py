"""The JSON Schema of mapping files, for editors that complete and check as one types."""

from typing import Any

from domain.facts.mapping import Mapping
from domain.terms.schema import without_null


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12. It knows the shape; what no schema can say, the reading checks."""
    shape: dict[str, Any] = without_null(Mapping.model_json_schema())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "covenant:mapping",
        **shape,
        "title": "Covenant mapping file",
    }
