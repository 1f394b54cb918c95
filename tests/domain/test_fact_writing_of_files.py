"""Files written otherwise: separators, characters, and numbers with a comma or with thousands apart."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from domain.facts import FactKind, Sample
from domain.facts.files import FactFileError, open_facts
from domain.facts.mapping import Mapping, read_mapping
from domain.facts.numbers import Writing, plain_number, writing_of
from domain.facts.proposing import propose
from domain.facts.schema import schema
from domain.facts.sniffing import Begun, encoding_of, separators_of
from domain.zones import zone_named

UTC = zone_named("Etc/UTC")


def mapping(said: str = "") -> Mapping:
    columns = "columns: {id: nr, series: reihe, at: am, value: wert, site: größe}"
    text = f"mapping: desk\n{said}\nfacts: [{{kind: sample, {columns}}}]\n"
    reading = read_mapping(text.encode(), "desk.yaml")
    assert reading.value is not None, reading.problems
    return reading.value


def samples(text: str, said: str, encoding: str = "utf-8") -> list[Any]:
    lines = text.encode(encoding).splitlines(keepends=True)
    return list(open_facts(lines, "export.csv", UTC, mapping=mapping(said)).facts)


# --- separators and characters


@pytest.mark.parametrize(
    ("separator", "said"),
    [(";", 'separator: ";"'), ("|", 'separator: "|"'), ("\t", "separator: tab"), (",", "")],
)
@pytest.mark.parametrize("encoding", ["utf-8", "windows-1252", "iso-8859-1", "iso-8859-15"])
def test_a_mapping_names_the_separator_and_the_characters(
    separator: str, said: str, encoding: str
) -> None:
    text = "nr,reihe,am,wert,größe\nS1,checks,2027-01-04,1,Köln\n".replace(",", separator)

    (fact,) = samples(text, f"{said}\nencoding: {encoding}", encoding)

    assert isinstance(fact, Sample)
    assert (fact.id, fact.columns) == ("S1", {"site": "Köln"})


@pytest.mark.parametrize(
    ("text", "said", "expected"),
    [
        ("nr;reihe\n", "", "not separated by commas"),
        ("nr,reihe\n", 'separator: ";"', "not separated by semicolons"),
        ("nr;reihe\n", "separator: tab", "not separated by tabs"),
    ],
)
def test_another_separator_than_was_named_is_told(text: str, said: str, expected: str) -> None:
    with pytest.raises(FactFileError, match=rf"{expected} \(wrong-separator\) → .*`separator`"):
        samples(text, said)


def test_characters_that_are_none_of_the_encoding_are_told() -> None:
    lines = [b"nr;reihe;am;wert;gr\xf6\xdfe\n", b"S1;checks;2027-01-04;1;\x81\n"]
    how = mapping('separator: ";"\nencoding: windows-1252')

    with pytest.raises(FactFileError, match=r"export.csv:2:24: .*not windows-1252 text"):
        list(open_facts(lines, "export.csv", UTC, mapping=how).facts)


def test_a_ragged_row_says_what_separates_cells() -> None:
    with pytest.raises(FactFileError, match="quote a cell that holds one of the semicolons"):
        samples("nr;reihe;am;wert;größe\nS1;a;b\n", 'separator: ";"')


def test_json_lines_are_utf8_whatever_a_mapping_says_of_csv() -> None:
    line = '{"nr": "S1", "reihe": "checks", "am": "2027-01-04", "größe": "Köln"}\n'.encode()
    how = mapping('separator: ";"\nencoding: windows-1252')

    (fact,) = open_facts([line], "export.jsonl", UTC, mapping=how).facts

    assert fact.columns == {"site": "Köln"}


# --- numbers


@pytest.mark.parametrize(
    ("decimal", "thousands", "text", "expected"),
    [
        ("comma", None, "1234,5", "1234.5"),
        ("comma", None, "1.234,5", None),
        ("comma", "point", "1.234,5", "1234.5"),
        ("comma", "point", "-1.234.567,25", "-1234567.25"),
        ("comma", "point", "1.234", "1234"),
        ("comma", "point", "12.34", None),
        ("comma", "point", "1.2345", None),
        ("comma", "point", "1.234,5 %", "1234.5 %"),
        ("comma", "space", "1 234,5", "1234.5"),
        ("comma", "space", "1\u00a0234,5", "1234.5"),
        ("comma", "space", "99,5 %", "99.5 %"),
        ("comma", "space", "1.234,5", None),
        ("comma", "apostrophe", "1\u2019234,5", "1234.5"),
        ("point", "comma", "1,234.5", "1234.5"),
        ("point", "comma", "12,5", None),
        ("point", "apostrophe", "1'234.50", "1234.50"),
        ("point", "space", "1,5", "1,5"),
        ("comma", "point", "", ""),
        ("comma", "point", "many", "many"),
    ],
)
def test_numbers_are_read_as_the_mapping_says_and_never_guessed(
    decimal: Any, thousands: Any, text: str, expected: str | None
) -> None:
    assert plain_number(decimal, thousands)(text) == expected


def test_numbers_of_a_file_are_read_and_wrong_ones_told() -> None:
    said = 'separator: ";"\ndecimal: comma\nthousands: point'
    head = "nr;reihe;am;wert;größe\n"

    (fact,) = samples(f"{head}S1;checks;2027-01-04;1.234,5;a\n", said)
    assert fact.value == Decimal("1234.5")
    with pytest.raises(
        FactFileError, match=r"export.csv:2:4: '12\.5' has a mark .* → write `1.234,5`"
    ):
        samples(f"{head}S1;checks;2027-01-04;12.5;a\n", said)


def test_one_mark_cannot_mean_two_things() -> None:
    text = "mapping: m\nthousands: point\nfacts: [{kind: ticket, columns: {id: a, opened: b}}]\n"

    (problem,) = read_mapping(text.encode(), "m.yaml").problems

    assert (problem.path, problem.line) == ("thousands", 2)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1.234,5"], Writing(comma="1.234,5", thousands="point")),
        (["12,5", "1.234"], Writing(comma="12,5", unclear="1.234", thousands="point")),
        (["0,125"], Writing(comma="0,125")),
        (["1234,567"], Writing(comma="1234,567")),
        (["1.234.567"], Writing(comma="1.234.567", thousands="point")),
        (["1 234,50 %"], Writing(comma="1 234,50 %", thousands="space")),
        (["12.5", "1,234"], Writing(point="12.5", unclear="1,234", thousands="comma")),
        (["1'234.5"], Writing(point="1'234.5", thousands="apostrophe")),
        (["1,5", "1.5"], Writing(comma="1,5", point="1.5")),
        (["1.234"], Writing(unclear="1.234")),
        (["1,234", "2,345"], Writing(unclear="1,234")),
        (["1 234"], Writing(thousands="space")),
        (["12", "", "?", "04.01.2027", "10.0.0.1"], Writing()),
    ],
)
def test_how_numbers_are_written_is_seen_only_where_it_is_sure(
    texts: Sequence[str], expected: Writing
) -> None:
    assert writing_of(texts) == expected


# --- proposals


def proposed(
    *values: str, header: str = "id,at,series,value", kind: FactKind = FactKind.SAMPLE
) -> list[str]:
    rows = [[f"S{number}", "2027-01-04", "a", value] for number, value in enumerate(values)]
    text = propose("export.csv", Begun(header.split(","), rows), kind)
    return [line for line in text.split("\n") if "decimal" in line or "thousands" in line]


def test_a_decimal_comma_is_proposed_where_the_sample_shows_it() -> None:
    assert proposed("1.234,5", "7") == ['decimal: comma  # "1.234,5"', "thousands: point"]
    assert proposed("1.5") == []
    assert proposed("1,234.5") == ["thousands: comma"]


def test_what_is_ambiguous_is_told_and_not_guessed() -> None:
    assert proposed("1.234") == [
        '# decimal: comma  # "1.234" may be over a thousand, or have three decimals: '
        "say `decimal` and `thousands`, or leave both out"
    ]
    assert proposed("1,5", "1.5") == [
        '# decimal: comma  # numbers are written both ways, "1,5" and "1.5": look at the file'
    ]


def test_where_no_column_is_known_to_hold_numbers_all_that_do_are_looked_at() -> None:
    assert proposed("1,5", "?", header="id,at,series,Messwert")[0] == 'decimal: comma  # "1,5"'
    assert proposed("1,5", header="id,opened,a,b", kind=FactKind.TICKET) == []


def test_separator_and_characters_are_proposed() -> None:
    text = propose(
        "a.csv", Begun(["id", "opened"], [], "\t", "windows-1252", (";",)), FactKind.TICKET
    )

    reading = read_mapping(text.encode(), "a.yaml")
    assert reading.value is not None
    assert (reading.value.separator, reading.value.encoding) == ("tab", "windows-1252")
    assert '# the columns could be separated by this as well: ";"' in text


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["a,b\n", "1,2\n"], [","]),
        (["a;b;c\n", "1,5;2,5;x\n"], [";"]),
        (["a;b\n", "1,5;2\n"], [";"]),
        (["a,b;c;d\n", "1,2;3;4\n"], [";", ","]),
        (["a\n", "1\n"], []),
        (['a,"b\n', "1,2\n"], []),
        (["\n"], []),
    ],
)
def test_the_separator_gives_every_row_as_many_cells(texts: list[str], expected: list[str]) -> None:
    assert separators_of(texts) == expected


def test_what_is_no_utf8_is_most_likely_windows() -> None:
    assert encoding_of(["größe\n".encode()]) == "utf-8"
    assert encoding_of(["größe\n".encode("windows-1252")]) == "windows-1252"


# --- the schema


def test_the_schema_names_itself_and_every_key() -> None:
    made = schema()

    assert made["$id"] == "covenant:mapping"
    assert set(made["properties"]) == set(Mapping.model_fields)
    assert set(made["required"]) == {"mapping", "facts"}
    assert made["additionalProperties"] is False
    assert "null" not in str(made)
    assert all(
        "description" in each or "$ref" in each
        for name, each in made["properties"].items()
        if name not in {"title", "facts"}
    )
