"""The JSON Schema of the agreement document, for editors that complete and check as one types.

It is that of `Terms`, so that it fits documents to be assessed and documents to be launched alike;
what a launch needs besides, `validate` checks.
"""

from typing import Any

from domain.terms.shape import Terms


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12. It knows the shape; what no schema can say, `validate` checks."""
    shape: dict[str, Any] = without_null(Terms.model_json_schema())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "covenant:agreement",
        **shape,
        "title": "Covenant agreement",
    }


def without_null(node: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """The schema without `null`: what an agreement does not say, it leaves out."""
    if isinstance(node, list):
        return [without_null(item) for item in node if item != {"type": "null"}]
    if not isinstance(node, dict):
        return node
    kept = {key: without_null(value) for key, value in node.items() if value is not None}
    match kept.get("anyOf"):
        case [only]:
            del kept["anyOf"]
            return only | kept
        case _:
            return kept
