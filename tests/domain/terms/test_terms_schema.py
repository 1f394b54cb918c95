"""The schema for editors knows the shape."""

from domain.terms.schema import schema
from domain.terms.shape import Agreement, Terms


def test_the_schema_names_itself_and_every_key() -> None:
    made = schema()

    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert made["$id"] == "covenant:agreement"
    assert set(made["properties"]) == set(Agreement.model_fields)
    assert set(made["required"]) == {
        name for name, field in Terms.model_fields.items() if field.is_required()
    }
    assert made["description"]
    assert made["additionalProperties"] is False


def test_what_an_agreement_leaves_out_is_not_null() -> None:
    minimum = schema()["$defs"]["Target"]["properties"]["minimum"]

    assert "null" not in str(schema())
    assert minimum["type"] == "string"
    assert "default" not in minimum


def test_numbers_may_be_written_without_quotes() -> None:
    assert schema()["$defs"]["Charges"]["properties"]["amount"]["type"] == ["string", "number"]
