"""Every problem of shape is told at once, at its place, in plain words and with a remedy."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from domain.terms.fields import Day, Days, Flag, Length, Limit, Number, Percent, Whole, Zone
from domain.terms.problems import Path as Place
from domain.terms.problems import Problem, Rule
from domain.terms.reader import read
from domain.terms.shape import Agreement, Band, Target, Terms
from domain.terms.tree import read_tree
from domain.terms_check import validate, validate_terms
from domain.threshold import parse_threshold

DOCUMENTS = Path(__file__).parents[2] / "documents"
VALID = (DOCUMENTS / "valid.yaml").read_text()
ASSESSABLE = (DOCUMENTS / "assessable.yaml").read_text()


def problems(*changes: tuple[str, str]) -> tuple[Problem, ...]:
    text = VALID
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return read(text.encode(), "a.yaml", Agreement).problems


def test_a_valid_document_has_a_value_and_places() -> None:
    reading = read(VALID.encode(), "a.yaml", Agreement)

    assert reading.problems == ()
    assert reading.value is not None
    assert reading.value is reading.draft
    assert reading.value.contact("client.executive").title == "Chief information officer"
    assert reading.value.contact("provider.manager").zone == "Europe/Madrid"
    assert reading.value.kpi("response").unit == "h"
    assert reading.value.first_day == reading.value.term.starts_on
    assert reading.file == "a.yaml"
    assert reading.place(("term", "months")) == (20, 11)
    with pytest.raises(KeyError):
        reading.value.kpi("other")


def test_a_missing_key_is_placed_at_the_mapping_that_lacks_it() -> None:
    (problem,) = problems(("  months: 24\n", ""))

    assert (problem.line, problem.column, problem.path) == (19, 3, "term.months")
    assert problem.rule == Rule.MISSING_KEY


def test_an_unknown_key_is_placed_at_the_key_with_a_guess() -> None:
    (problem,) = problems(("    warn: 2 weeks\n", "    warn: 2 weeks\n    clauze: x\n"))

    assert (problem.line, problem.column, problem.path) == (48, 5, "milestones.go_live.clauze")
    assert problem.remedy == "did you mean `clause`?"


def test_an_unknown_key_like_no_other_is_told_what_is_possible() -> None:
    (problem,) = problems(("  rounds: 3", "  rounds: 3\n  qqqq: 3"))

    assert problem.remedy == (
        "remove it; possible here: `clause`, `client`, `provider`, `answer_within`, `rounds`"
    )


def test_unknown_keys_are_found_in_lists_and_in_mappings_by_role() -> None:
    found = problems(
        ("title: Head of vendor governance", "title: Head, titel: x"),
        ("kind: mean, ", "kind: mean, kindd: x, "),
    )

    assert [problem.remedy for problem in found] == [
        "did you mean `title`?",
        "did you mean `kind`?",
    ]


def test_unknown_keys_are_found_in_either_form_of_a_section() -> None:
    text = ASSESSABLE.replace("count: 3, of", "cuont: 3, of").replace(
        "{consecutive: 2, of: below_minimum,", "{consecutiv: 2, of: below_minimum,"
    )

    found = read(text.encode(), "a.yaml", Terms).problems

    assert [(problem.path, problem.remedy) for problem in found] == [
        ("triggers.plan.when[0].consecutiv", "did you mean `consecutive`?"),
        ("triggers.exit.when.cuont", "did you mean `count`?"),
    ]


def test_terms_know_their_kpis_by_key() -> None:
    value = read(ASSESSABLE.encode(), "a.yaml", Terms).value

    assert value is not None
    assert value.kpi("answers").unit == "%"
    with pytest.raises(KeyError):
        value.kpi("other")


@pytest.mark.parametrize(
    ("old", "new", "rule", "message"),
    [
        ("agreement: helpdesk", "agreement: Help", Rule.NOT_A_KEY, "'Help' is not a key"),
        ("      reviewer: {", "      Reviewer: {", Rule.NOT_A_KEY, "'Reviewer' is not a key"),
        (
            "decided_by: client.executive",
            "decided_by: customer.x",
            Rule.NOT_A_CONTACT,
            "'customer.x' does not name a contact",
        ),
        ("cio@northwind.example", "cio", Rule.NOT_AN_EMAIL, "'cio' is not an e-mail address"),
        ("GBP", "pounds", Rule.NOT_A_CURRENCY, "'pounds' is not a currency"),
        ("unit: h", "unit: m/s", Rule.NOT_A_UNIT, "'m/s' is not a unit"),
        ("months: 24", "months: 2.5", Rule.NOT_A_WHOLE_NUMBER, "'2.5' is not a whole number"),
        ("months: 24", "months: 0", Rule.OUT_OF_RANGE, "'0' is too small"),
        ("months: 24", "months: 1201", Rule.OUT_OF_RANGE, "'1201' is too large"),
        ("places: 2", "places: 10", Rule.OUT_OF_RANGE, "'10' is too large"),
        ("42000.00", "1_000", Rule.NOT_A_NUMBER, "'1_000' is not a plain number"),
        ("42000.00", "[1]", Rule.WRONG_SHAPE, "a single value belongs here, not a list"),
        ("credit_cap: 10 %", "credit_cap: 10", Rule.NOT_A_PERCENTAGE, "'10' is not a percentage"),
        ("credit_cap: 10 %", "credit_cap: 101 %", Rule.NOT_A_PERCENTAGE, "101 % is no share"),
        (
            "2027-01-11",
            "2027-02-30",
            Rule.NOT_A_DATE,
            "'2027-02-30' is not a calendar date",
        ),
        ("2027-01-11", "1066-10-14", Rule.NOT_A_DATE, "'1066-10-14' is not a calendar date"),
        ("2027-01-11", "11.1.2027", Rule.NOT_A_DATE, "'11.1.2027' is not a calendar date"),
        ("gate: true", "gate: NO", Rule.NOT_TRUE_OR_FALSE, "'NO' is neither true nor false"),
        ("gate: true", "gate: [true]", Rule.WRONG_SHAPE, "a single value belongs here, not a list"),
        ("cut_off: 1 week", "cut_off: soon", Rule.NOT_A_LENGTH, "'soon' is not a length of time"),
        (
            "notice: 6 months",
            "notice: 1201 months",
            Rule.NOT_DAYS,
            "'1201 months' is longer than a hundred years",
        ),
        (
            "cut_off: 1 week",
            "cut_off: 2 working days",
            Rule.NOT_A_LENGTH,
            "'2 working days' is not possible here",
        ),
        ("credit_cap: 10 %", "credit_cap: -1 %", Rule.NOT_A_PERCENTAGE, "-1 % is below nothing"),
        ("notice: 6 months", "notice: 6 h", Rule.NOT_DAYS, "'6 h' is not a number of days"),
        (
            "above 97.5 %",
            "more than 97.5 %",
            Rule.NOT_A_THRESHOLD,
            "'more than 97.5 %' is not a threshold",
        ),
        ("zone: Europe/London", "zone: BST", Rule.NOT_A_ZONE, "'BST' is not an IANA time zone"),
        ("kind: mean", "kind: average", Rule.UNKNOWN_WORD, "'average' is not possible here"),
        ("per: month", "per: moon", Rule.NOT_A_RHYTHM, "'moon' is not a rhythm"),
        ("Kick-off", "''", Rule.EMPTY_VALUE, "nothing is written here"),
        ("Kick-off", "' '", Rule.EMPTY_VALUE, "nothing is written here"),
        ("Kick-off", "{a: b}", Rule.WRONG_SHAPE, "a single value belongs here, not a mapping"),
        ("Kick-off", "x" * 2001, Rule.TOO_LONG, "the text is longer than 2000 characters"),
        (
            "{client: client.reviewer, provider: provider.manager}\n    unit: h",
            "provider.manager\n    unit: h",
            Rule.WRONG_SHAPE,
            "a mapping belongs here, not 'provider.manager'",
        ),
        (
            "to: [provider.director, client.executive]",
            "to: provider.director",
            Rule.WRONG_SHAPE,
            "a list belongs here, not 'provider.director'",
        ),
        (
            "to: [provider.director, client.executive]",
            "to:",
            Rule.WRONG_SHAPE,
            "a list belongs here, not nothing",
        ),
        ("to: [provider.director, client.executive]", "to: []", Rule.EMPTY_VALUE, "this is empty"),
        (
            "first_after: go_live",
            "first_after: soon",
            Rule.NOT_A_DATE,
            "'soon' is not a calendar date",
        ),
        ("good: by due", "good: soon", Rule.NOT_A_THRESHOLD, "'soon' is not a threshold"),
        ("[critical, high]", "[critical, '']", Rule.EMPTY_VALUE, "nothing is written here"),
        ("[critical, high]", "{a: b}", Rule.WRONG_SHAPE, "a list belongs here, not a mapping"),
    ],
)
def test_a_wrong_value_is_told_in_plain_words(old: str, new: str, rule: Rule, message: str) -> None:
    (problem,) = problems((old, new))

    assert (problem.rule, problem.message) == (rule, message)
    assert problem.remedy


def test_the_alternatives_of_a_value_are_told_together() -> None:
    (problem,) = problems(("first_after: go_live", "first_after: soon"))

    assert problem.remedy == ("write `go_live`, or write year-month-day, for example 2027-01-04")


def test_a_list_whose_items_are_wrong_is_not_also_called_empty() -> None:
    found = problems(("2027-01-11", "someday"), ("    gate: true", "    gate: maybe"))

    assert [problem.path for problem in found] == [
        "milestones.kickoff.on",
        "milestones.go_live.gate",
    ]


def test_what_was_refused_as_text_is_not_refused_again_as_value() -> None:
    (problem,) = problems(("months: 24", "months: *x"))

    assert problem.rule == Rule.ALIAS


def test_problems_of_text_and_of_shape_stand_together_in_the_order_of_the_file() -> None:
    found = problems(("zone: Europe/London", "zone: x"), ("scope: ", "scope: !x "), ("GBP", "x"))

    assert [problem.line for problem in found] == [4, 5, 31]


def test_a_readable_value_with_a_problem_of_text_is_withheld() -> None:
    reading = read(VALID.replace("scope: ", "scope: !x ").encode(), "a.yaml", Agreement)

    assert reading.value is None
    assert reading.draft is not None


@pytest.mark.parametrize(
    ("text", "model"), [(VALID, Agreement), (ASSESSABLE, Terms)], ids=["agreement", "terms"]
)
def test_terms_survive_being_stored_as_json(text: str, model: type[Terms]) -> None:
    value = read(text.encode(), "a.yaml", model).value

    assert value is not None
    assert model.model_validate_json(value.model_dump_json()) == value
    assert model.model_validate(value.model_dump()) == value


def test_terms_can_be_made_of_values() -> None:
    threshold = parse_threshold("at least 95 %")

    band = Band.model_validate({"at_least": Decimal(95), "credit": Decimal(2)})
    target = Target.model_validate({"expected": threshold})

    assert band == Band.model_validate({"at_least": "95", "credit": "2 %"})
    assert (target.expected, target.minimum) == (threshold, None)


@settings(max_examples=60, deadline=None)
@given(
    path=st.sampled_from([path for path, _ in read_tree(ASSESSABLE.encode(), "").texts()]),
    wrong=st.sampled_from(["{x: y}", "''", "*x"]),
)
def test_a_wrong_value_anywhere_in_terms_is_a_problem_there(path: Place, wrong: str) -> None:
    spot = read_tree(ASSESSABLE.encode(), "a.yaml").spots[path]
    text = ASSESSABLE[: spot.start] + wrong + ASSESSABLE[spot.end :]

    problems = validate_terms(text.encode(), "a.yaml").problems

    assert (spot.line, spot.column) in {(each.line, each.column) for each in problems}


@settings(max_examples=60, deadline=None)
@given(
    path=st.sampled_from([path for path, _ in read_tree(VALID.encode(), "").texts()]),
    wrong=st.sampled_from(["[x]", "{x: y}", "[[]]", "''", "*x"]),
)
def test_a_wrong_value_anywhere_is_a_problem_there(path: Place, wrong: str) -> None:
    spot = read_tree(VALID.encode(), "a.yaml").spots[path]
    text = VALID[: spot.start] + wrong + VALID[spot.end :]

    problems = validate(text.encode(), "a.yaml").problems

    assert (spot.line, spot.column) in {(each.line, each.column) for each in problems}


@pytest.mark.parametrize(
    "kind",
    [Whole, Number, Percent, Day, Flag, Length, Days, Limit, Zone],
    ids=["whole", "number", "percent", "day", "flag", "length", "days", "limit", "zone"],
)
@pytest.mark.parametrize("wrong", [[], {}, [[]], "", None, 1.5], ids=repr)
def test_no_field_takes_anything_but_its_own_form(kind: Any, wrong: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(wrong)
