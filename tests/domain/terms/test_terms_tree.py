"""The text of a document is read strictly, and whatever the bytes, reading never raises."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.terms.problems import Problem, Rule, clipped
from domain.terms.tree import MOST_BYTES, MOST_NODES, UNREAD, Spot, read_tree
from domain.terms_check import validate, validate_terms

VALID_FILE = Path(__file__).parents[2] / "documents" / "valid.yaml"
VALID = VALID_FILE.read_bytes()


def only_problem(raw: bytes) -> Problem:
    (problem,) = read_tree(raw, "a.yaml").problems
    return problem


@pytest.mark.parametrize("text", ["NO", "12:30:00", "017", "99.950", "null", "~", "2027-01-04"])
def test_every_scalar_stays_text(text: str) -> None:
    assert read_tree(f"a: {text}".encode(), "a.yaml").root == {"a": text}


def test_a_byte_order_mark_is_no_mistake() -> None:
    tree = read_tree(b"\xef\xbb\xbfa: b", "a.yaml")

    assert tree.root == {"a": "b"}
    assert tree.spots["a",] == Spot(1, 4, 4, 5, None)


def test_a_problem_is_one_line_with_place_rule_and_remedy() -> None:
    problem = only_problem(b"a: 1\nb:\n  c: 1\n  c: 2\n")

    assert problem.path == "b.c"
    assert str(problem) == (
        "a.yaml:4:3: `c` stands here for a second time (duplicate-key)"
        " → keep one; the first is on line 3"
    )


def test_the_first_of_two_equal_keys_is_kept() -> None:
    tree = read_tree(b"a: 1\na: {b: [2]}", "a.yaml")

    assert tree.root == {"a": "1"}
    assert list(tree.spots) == [(), ("a",)]


@pytest.mark.parametrize(
    ("raw", "rule", "place"),
    [
        (b"a: " + b"x" * MOST_BYTES, Rule.TOO_LARGE, (1, 1)),
        (b"a: b\nc: d\xff", Rule.NOT_UTF8, (2, 5)),
        (b"a: b\nc: \x07d", Rule.HIDDEN_CHARACTER, (2, 4)),
        (b'a: "\\0"', Rule.HIDDEN_CHARACTER, (1, 4)),
        (b'a: "\\ud800"', Rule.HIDDEN_CHARACTER, (1, 4)),
        ("a: x\u202ey".encode(), Rule.HIDDEN_CHARACTER, (1, 4)),
        (b"a: b\n\tc: d", Rule.YAML_SYNTAX, (2, 1)),
        (b"a: b: c", Rule.YAML_SYNTAX, (1, 5)),
        (b'a: "b', Rule.YAML_SYNTAX, (1, 6)),
        (b"a: %b", Rule.YAML_SYNTAX, (1, 4)),
        (b"a: [b", Rule.YAML_SYNTAX, (1, 6)),
        (b"a: }", Rule.YAML_SYNTAX, (1, 4)),
        (b'a: "\\UFFFFFFFF"', Rule.YAML_SYNTAX, (1, 1)),
        (b"", Rule.EMPTY_DOCUMENT, (1, 1)),
        (b"# nothing", Rule.EMPTY_DOCUMENT, (1, 1)),
        (b"---\n", Rule.EMPTY_DOCUMENT, (1, 1)),
        (b"text", Rule.NOT_A_MAPPING, (1, 1)),
        (b"- a\n- b", Rule.NOT_A_MAPPING, (1, 1)),
        (b"a: b\n---\nc: d", Rule.SEVERAL_DOCUMENTS, (2, 1)),
        (b"a: " + b"[" * 100_000, Rule.TOO_DEEP, (1, 24)),
        (b"? " * 30, Rule.TOO_DEEP, (1, 43)),
        (b"a: [" + b"b," * MOST_NODES + b"]", Rule.TOO_MANY_NODES, (1, 19999)),
        (b"a: *b", Rule.ALIAS, (1, 4)),
        (b"a: &b c", Rule.ALIAS, (1, 4)),
        (b"a: !!int 5", Rule.CUSTOM_TAG, (1, 4)),
        (b"a: !x {b: c}", Rule.CUSTOM_TAG, (1, 4)),
        (b"a: b\n[c]: d", Rule.KEY_NOT_TEXT, (2, 1)),
    ],
)
def test_what_is_not_plain_text_is_refused(raw: bytes, rule: Rule, place: tuple[int, int]) -> None:
    problem = only_problem(raw)

    assert (problem.rule, (problem.line, problem.column)) == (rule, place)


def test_an_alias_bomb_is_never_expanded() -> None:
    bomb = b"a: &a [x, x]\n" + b"".join(
        b"%c: &%c [*%c, *%c]\n" % (n + 1, n + 1, n, n) for n in range(ord("a"), ord("p"))
    )

    tree = read_tree(bomb, "a.yaml")

    assert {problem.rule for problem in tree.problems} == {Rule.ALIAS}
    assert tree.get(("b",)) == [UNREAD, UNREAD]


def test_items_are_named_by_their_key_or_level_or_else_their_index() -> None:
    tree = read_tree(b"a: [{key: x}, {level: 2}, {key: y}, {key: y}, z, {key: '. '}]", "a.yaml")

    names = [tree.name(("a", index)) for index in range(6)]

    assert names == ["a.x", "a.2", "a[2]", "a[3]", "a[4]", "a[5]"]


def test_what_is_not_there_is_placed_at_what_is_around_it() -> None:
    tree = read_tree(b"a:\n  b: c", "a.yaml")

    assert tree.spot(("a", "x", "y")).line == 2
    assert read_tree(b"", "a.yaml").spot(("a",)).line == 1


def test_long_texts_are_cut_in_the_middle() -> None:
    assert clipped("x" * 200, 10) == "xxxxx … xxxxx"


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_never_raise(raw: bytes) -> None:
    assert validate(raw, "a.yaml").problems


@settings(deadline=None)
@given(st.text(alphabet="ab:-[]{},&*!|>'\"%@`#?\n\t \\xU0\x00\ufeff\u2028é", max_size=80))
def test_random_yaml_never_raises(text: str) -> None:
    assert all(str(problem).isprintable() for problem in validate(text.encode(), "a").problems)


DOCUMENTS = [VALID, (VALID_FILE.parent / "assessable.yaml").read_bytes()]
PIECES = [
    b"",
    b"[]",
    b"{}",
    b"x",
    b"0",
    b"999999 years",
    b"*x",
    b"- a",
    b"x: y",
    b"2199-12-31",
    b"null",
]


@settings(deadline=None)
@given(
    st.sampled_from(DOCUMENTS),
    st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(PIECES)), max_size=6),
)
def test_documents_with_wrong_values_never_raise(
    raw: bytes, edits: list[tuple[int, bytes]]
) -> None:
    lines = raw.split(b"\n")
    for index, piece in edits:
        at = index % len(lines)
        lines[at] = lines[at].partition(b":")[0] + b": " + piece

    for reading in (validate(b"\n".join(lines), "a"), validate_terms(b"\n".join(lines), "a")):
        assert (reading.value is None) == bool(reading.problems)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(VALID)), st.binary(max_size=3)), max_size=4))
def test_documents_with_wrong_bytes_never_raise(edits: list[tuple[int, bytes]]) -> None:
    raw = VALID
    for index, piece in edits:
        raw = raw[:index] + piece + raw[index + 1 :]

    reading = validate(raw, "a.yaml")

    assert (reading.value is None) == bool(reading.problems)
