"""An agreement must be governable: nobody unknown, nothing unmeasurable, nothing dead."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.checks.governance import CONTACTS, GOVERNANCE_RULES
from domain.terms.fields import CONTACT_REF
from domain.terms.problems import Rule
from domain.terms.schema import schema
from domain.terms_check import (
    RULES,
    facts_are_kept_while_they_are_needed,
    is_for_assessment,
    missing_for_launch,
    validate,
    validate_terms,
)
from tests.domain.runs import kpi, terms

DOCUMENTS = Path(__file__).parents[2] / "documents"
VALID = (DOCUMENTS / "valid.yaml").read_text()

GO_LIVE_ON = "title: Go-live\n    on: 2027-03-01"
PERCENT = "target: {expected: at least 95 %, minimum: at least 90 %}"
HOURS = "target: {expected: at most 4 h, minimum: at most 8 h}"
RESPONSE = "{kind: mean, tickets: response, missing: excluded}"
SERIES = "{kind: mean, series: x}"
POINTS = "target: {expected: above -5 points}"
FLAG = "{kind: proportion, flag: stayed_solved}"
TOP_BAND = "{at_least: 95, credit: 0 %}"
MIDDLE_BAND = "{at_least: 90, below: 95, credit: 2 %}"
LOW_BAND = "{below: 90, credit: 5 %}"
BANDS = f"    bands:\n      - {TOP_BAND}\n      - {MIDDLE_BAND}\n      - {LOW_BAND}\n"
TWO_MONTHS_TERM = (
    ("months: 24", "months: 2"),
    ("notice: 6 months", "notice: 30 days"),
    ("decide_before: 90 days", "decide_before: 10 days"),
    ("every: 2 months", "every: 1 month"),
)


def found(*changes: tuple[str, str]) -> set[tuple[str, str]]:
    text = VALID
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return {(problem.rule, problem.path) for problem in validate(text.encode(), "a").problems}


def test_the_valid_document_has_no_problems() -> None:
    reading = validate(VALID.encode(), "valid.yaml")

    assert reading.problems == ()
    assert reading.value is not None


def test_ten_mistakes_of_ten_kinds_are_named_at_once() -> None:
    raw = (DOCUMENTS / "ten_mistakes.yaml").read_bytes()

    problems = validate(raw, "ten_mistakes.yaml").problems

    assert [(problem.line, problem.rule.value) for problem in problems] == [
        (4, "duplicate-key"),
        (11, "missing-key"),
        (11, "unknown-key"),
        (32, "not-a-number"),
        (39, "not-a-date"),
        (51, "not-true-or-false"),
        (64, "unit-mismatch"),
        (69, "band-gap"),
        (99, "unknown-contact"),
        (109, "alias"),
    ]
    assert all(problem.remedy for problem in problems)


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("decided_by: client.executive", "decided_by: client.x", "renewal.decided_by"),
        ("confirmed_by: provider.director", "confirmed_by: provider.x", "renewal.confirmed_by"),
        (
            "delivered_by: provider.manager\n    accepted_by: client.governance\n    warn: 2",
            "delivered_by: provider.x\n    accepted_by: client.governance\n    warn: 2",
            "milestones.go_live.delivered_by",
        ),
        (
            "to: [provider.director, client.executive]",
            "to: [provider.director, client.x]",
            "escalation.severe.2.to[1]",
        ),
        ("escalate_to: [client.executive", "escalate_to: [client.x", "reviews.escalate_to[0]"),
        ("reviewers: [client.reviewer", "reviewers: [client.x", "reviews.reviewers[0]"),
        ("  client: client.governance", "  client: client.x", "changes.client"),
    ],
)
def test_whoever_is_named_can_be_reached(old: str, new: str, path: str) -> None:
    assert found((old, new)) == {(Rule.UNKNOWN_CONTACT, path)}


def test_an_unknown_contact_like_no_other_is_told_who_there_is() -> None:
    text = VALID.replace("confirmed_by: provider.director", "confirmed_by: provider.zzzzzzzzzzzzz")

    (problem,) = validate(text.encode(), "a").problems

    assert problem.remedy == (
        "name one of `provider.director`, `provider.manager`, or add the contact to its party"
    )


def test_where_contacts_cannot_be_read_nobody_is_called_unknown() -> None:
    contacts = VALID[VALID.index("    contacts:\n      manager") : VALID.index("term:\n")]

    assert found((contacts, "    contacts: x\n")) == {
        (Rule.WRONG_SHAPE, "parties.provider.contacts")
    }


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("  provider: provider.director", "  provider: client.executive", "changes.provider"),
        ("  client: client.governance", "  client: provider.director", "changes.client"),
        (
            "{client: client.reviewer, provider: provider.manager}\n    unit: h",
            "{client: provider.manager, provider: provider.manager}\n    unit: h",
            "kpis.response.owners.client",
        ),
    ],
)
def test_each_side_has_its_own_people(old: str, new: str, path: str) -> None:
    assert found((old, new)) == {(Rule.WRONG_SIDE, path)}


def named_contacts(
    node: dict[str, Any], shapes: dict[str, dict[str, Any]], path: str = ""
) -> Iterator[str]:
    """Where the shape holds references to contacts."""
    node = shapes[node["$ref"].rpartition("/")[2]] if "$ref" in node else node
    if node.get("pattern") == CONTACT_REF:
        yield path
    for key, below in node.get("properties", {}).items():
        yield from named_contacts(below, shapes, f"{path}.{key}".removeprefix("."))
    if "items" in node:
        yield from named_contacts(node["items"], shapes, f"{path}.*")


def test_every_contact_that_the_shape_names_is_checked() -> None:
    shape = schema()

    assert set(named_contacts(shape, shape["$defs"])) == set(CONTACTS)


@pytest.mark.parametrize(
    ("old", "new", "rule", "path"),
    [
        (
            "accepted_by: client.governance\n    warn: 5",
            "accepted_by: provider.director\n    warn: 5",
            Rule.SELF_ACCEPTANCE,
            "milestones.kickoff.accepted_by",
        ),
        ("level: 2", "level: 3", Rule.LEVEL_ORDER, "escalation.severe.3.level"),
        (
            "to: [provider.director, client.executive]",
            "to: [provider.director]",
            Rule.ONE_SIDED,
            "escalation.severe.2.to",
        ),
        (", provider.manager]\n  answer", "]\n  answer", Rule.ONE_SIDED, "reviews.reviewers"),
        ("key: reopened", "key: response", Rule.REPEATED_KEY, "kpis[2].key"),
        ("key: go_live", "key: kickoff", Rule.REPEATED_KEY, "milestones[1].key"),
        ("key: kickoff", "key: go_live", Rule.GO_LIVE_NOT_LAST, "milestones[0]"),
        ("key: kickoff", "key: go_live", Rule.GO_LIVE_NOT_A_GATE, "milestones[0]"),
        ("    gate: true\n", "", Rule.GO_LIVE_NOT_A_GATE, "milestones.go_live"),
        ("key: go_live", "key: golive", Rule.NO_GO_LIVE, "milestones"),
        ("2027-01-11", "2027-03-02", Rule.MILESTONE_ORDER, "milestones.go_live.on"),
        (
            GO_LIVE_ON,
            "title: x\n    on: 2029-03-01",
            Rule.GO_LIVE_AFTER_TERM,
            "milestones.go_live.on",
        ),
        (
            "  answer_within: 10 days\n  rounds",
            "  answer_within: 0 days\n  rounds",
            Rule.ZERO_LENGTH,
            "changes.answer_within",
        ),
        (
            "answer_within: 4 h",
            "answer_within: 0 h",
            Rule.ZERO_LENGTH,
            "escalation.severe.1.answer_within",
        ),
        ("notice: 6 months", "notice: 90 days", Rule.NOTICE_TOO_SHORT, "renewal.notice"),
        ("notice: 6 months", "notice: 2 years", Rule.LONGER_THAN_TERM, "renewal.notice"),
        (
            "decide_before: 90 days",
            "decide_before: 24 months",
            Rule.LONGER_THAN_TERM,
            "renewal.decide_before",
        ),
        ("every: 2 months", "every: 2 years", Rule.LONGER_THAN_TERM, "reviews.every"),
        ("first_after: go_live", "first_after: 2029-01-01", Rule.LONGER_THAN_TERM, "reviews.every"),
        ("months: 24", "months: 2", Rule.LONGER_THAN_TERM, "kpis.reopened.every"),
        (
            "remind_before: 3 days",
            "remind_before: 10 days",
            Rule.REMINDER_TOO_EARLY,
            "reviews.remind_before",
        ),
        ("cut_off: 1 week", "cut_off: 2 months", Rule.CUT_OFF_TOO_LONG, "kpis.reopened.cut_off"),
        ("cut_off: 1 week", "cut_off: 1416 h", Rule.CUT_OFF_TOO_LONG, "kpis.reopened.cut_off"),
    ],
)
def test_people_and_times_fit_together(old: str, new: str, rule: Rule, path: str) -> None:
    assert (rule, path) in found((old, new))


@pytest.mark.parametrize(
    ("keep", "measured", "said"),
    [
        ("3 years", {}, None),
        ("35 months", {}, "`it` can be restated until the agreement is closed"),
        ("125 days", {"restate_within": "91 days", "cut_off": "3 days"}, None),
        ("124 days", {"restate_within": "91 days", "cut_off": "3 days"}, "reads facts of 125 days"),
        (
            "186 days",
            {"restate_within": "91 days", "cut_off": "3 days", "averaging": {"periods": "3"}},
            "reads facts of 187 days",
        ),
    ],
)
def test_facts_are_kept_for_as_long_as_a_period_may_be_restated(
    keep: str, measured: dict[str, Any], said: str | None
) -> None:
    agreed = terms(kpi("it", **measured), facts={"keep": keep})

    problems = list(facts_are_kept_while_they_are_needed(agreed))

    assert [(each.path, each.rule) for each in problems] == (
        [(("facts", "keep"), Rule.KEPT_TOO_SHORT)] if said else []
    )
    assert all(said is not None and said in each.message for each in problems)


def test_without_a_word_about_facts_nothing_is_too_short() -> None:
    assert not list(facts_are_kept_while_they_are_needed(terms()))
    assert (Rule.KEPT_TOO_SHORT, "facts.keep") in found(
        ("months: 24\n", "months: 24\nfacts: {keep: 23 months}\n")
    )


def test_a_cut_off_may_be_in_hours_and_a_review_may_have_its_own_anchor() -> None:
    assert not found(
        ("cut_off: 1 week", "cut_off: 36 h"), ("first_after: go_live", "first_after: 2027-04-01")
    )


def test_without_go_live_nothing_is_said_of_when_reviews_begin() -> None:
    changes = (("key: go_live", "key: golive"), ("every: 2 months", "every: 2 years"))

    assert found(*changes) == {(Rule.NO_GO_LIVE, "milestones")}


def test_a_whole_period_is_counted_from_its_calendar_start() -> None:
    within = (("starts_on: 2027-03-01", "starts_on: 2027-03-02"),)

    assert (Rule.LONGER_THAN_TERM, "kpis.response.every") not in found(*TWO_MONTHS_TERM, *within)
    assert (Rule.LONGER_THAN_TERM, "kpis.reopened.every") in found(*TWO_MONTHS_TERM, *within)


@pytest.mark.parametrize(
    ("old", "new", "rule", "path"),
    [
        (FLAG, "{kind: proportion}", Rule.NO_SINGLE_SOURCE, "measure"),
        (FLAG, "{kind: proportion, flag: x, series: y}", Rule.NO_SINGLE_SOURCE, "measure"),
        (FLAG, "{kind: proportion, series: y}", Rule.GOOD_MISSING, "measure.good"),
        (FLAG, "{kind: proportion, flag: x, good: by due}", Rule.GOOD_WITHOUT_USE, "measure.good"),
        (FLAG, "{kind: mean, series: x, good: below 2}", Rule.GOOD_WITHOUT_USE, "measure.good"),
        (
            FLAG,
            "{kind: proportion, series: x, good: by due}",
            Rule.BY_DUE_WITHOUT_TICKETS,
            "measure.good",
        ),
        (FLAG, "{kind: mean, flag: x}", Rule.MEAN_OF_FLAG, "measure.kind"),
        (FLAG, "{kind: mean, tickets: closure}", Rule.UNIT_MISMATCH, "unit"),
        (
            FLAG,
            "{kind: proportion, tickets: closure, good: below 2 weeks}",
            Rule.UNIT_MISMATCH,
            "measure.good",
        ),
        (
            FLAG,
            "{kind: proportion, tickets: closure, good: at least 0 h}",
            Rule.NEVER_MISSED,
            "measure.good",
        ),
        (
            FLAG,
            "{kind: proportion, tickets: closure, good: below 0 h}",
            Rule.NEVER_MET,
            "measure.good",
        ),
        ("above 97.5 %", "above 97.5 points", Rule.UNIT_MISMATCH, "target.expected"),
        ("above 97.5 %", "at least 0 %", Rule.NEVER_MISSED, "target.expected"),
        ("above 97.5 %", "at most 120 %", Rule.NEVER_MISSED, "target.expected"),
        ("above 97.5 %", "above 100 %", Rule.NEVER_MET, "target.expected"),
        ("above 97.5 %", "below 0 %", Rule.NEVER_MET, "target.expected"),
        ("above 97.5 %", "above 90 %, minimum: at least 0 %", Rule.NEVER_MISSED, "target.minimum"),
        (
            "above 97.5 %",
            "above 90 %, minimum: below 80 %",
            Rule.MINIMUM_OTHER_SIDE,
            "target.minimum",
        ),
        (
            "above 97.5 %",
            "above 90 %, minimum: above 90 %",
            Rule.MINIMUM_NOT_LOOSER,
            "target.minimum",
        ),
        (
            "above 97.5 %",
            "at least 90 %, minimum: above 90 %",
            Rule.MINIMUM_NOT_LOOSER,
            "target.minimum",
        ),
        (
            "above 97.5 %",
            "at most 9 %, minimum: below 9 %",
            Rule.MINIMUM_NOT_LOOSER,
            "target.minimum",
        ),
    ],
)
def test_kpis_are_measurable_and_targets_can_be_missed(
    old: str, new: str, rule: Rule, path: str
) -> None:
    assert (rule, f"kpis.reopened.{path}") in found((old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("above 97.5 %", "above 90 %, minimum: at least 90 %"),
        (FLAG, "{kind: proportion, tickets: closure, good: below 2 h}"),
        (FLAG, "{kind: mean, series: satisfaction}"),
        (HOURS, "target: {expected: below 4 h}"),
        (
            f"unit: h\n    measure: {RESPONSE}\n    every: month\n    {HOURS}",
            f"unit: points\n    measure: {SERIES}\n    every: month\n    {POINTS}",
        ),
    ],
)
def test_other_ways_to_measure_are_fine(old: str, new: str) -> None:
    assert found((old, new)) == set()


def test_a_proportion_is_a_percentage() -> None:
    changes = (
        ('unit: "%"\n    measure: {', "unit: x\n    measure: {"),
        ("above 97.5 %", "above 97.5 x"),
    )

    assert found(*changes) == {(Rule.UNIT_MISMATCH, "kpis.reopened.unit")}


@pytest.mark.parametrize(
    ("old", "new", "rule", "path"),
    [
        (
            MIDDLE_BAND,
            "{at_least: 90, above: 90, below: 95, credit: 2 %}",
            Rule.BAND_EDGES,
            "[1].above",
        ),
        (
            MIDDLE_BAND,
            "{at_least: 90, at_most: 95, below: 95, credit: 2 %}",
            Rule.BAND_EDGES,
            "[1].below",
        ),
        (MIDDLE_BAND, "{at_least: 95, below: 90, credit: 2 %}", Rule.BAND_EMPTY, "[1]"),
        (MIDDLE_BAND, "{above: 95, at_most: 95, credit: 2 %}", Rule.BAND_EMPTY, "[1]"),
        (MIDDLE_BAND, "{at_least: 90, below: 94.99, credit: 2 %}", Rule.BAND_GAP, "[0]"),
        (MIDDLE_BAND, "{above: 90, below: 95, credit: 2 %}", Rule.BAND_GAP, "[1]"),
        (MIDDLE_BAND, "{at_least: 90, at_most: 95, credit: 2 %}", Rule.BAND_OVERLAP, "[0]"),
        (LOW_BAND, "{at_least: 10, below: 90, credit: 5 %}", Rule.BAND_GAP, "[2]"),
        (TOP_BAND, "{at_least: 95, below: 100, credit: 0 %}", Rule.BAND_GAP, "[0]"),
        (TOP_BAND, "{at_least: 95, credit: 1 %}", Rule.BAND_CREDITS_A_MET_TARGET, "[0]"),
        (
            LOW_BAND,
            f"{LOW_BAND}\n      - {{above: 100, credit: 9 %}}",
            Rule.BAND_UNREACHABLE,
            "[3]",
        ),
        (BANDS, "    bands:\n      - {credit: 0 %}\n", Rule.BANDS_WITHOUT_CREDIT, ""),
        (BANDS, "    bands:\n      - {above: 9, below: 9, credit: 0 %}\n", Rule.BAND_EMPTY, "[0]"),
    ],
)
def test_bands_tile_the_range_and_credit_only_what_was_missed(
    old: str, new: str, rule: Rule, path: str
) -> None:
    assert (rule, f"kpis.resolution.bands{path}") in found((old, new))


def test_bands_of_percentages_may_end_at_0_and_100() -> None:
    assert not found(
        (TOP_BAND, "{at_least: 95, at_most: 100, credit: 0 %}"),
        (LOW_BAND, "{at_least: 0, below: 90, credit: 5 %}"),
    )


def test_bands_of_times_may_begin_at_0_but_must_be_open_above() -> None:
    bands = "    bands: [{{at_least: 0, at_most: 4, credit: 0 %}}, {{above: 4, {}credit: 1 %}}]"

    assert not found((HOURS, f"{HOURS}\n{bands.format('')}"))
    assert found((HOURS, f"{HOURS}\n{bands.format('at_most: 99, ')}")) == {
        (Rule.BAND_GAP, "kpis.response.bands[1]")
    }


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("credit_cap: 10 %", "credit_cap: 0 %", "charges.credit_cap"),
        ("amount: 42000.00", "amount: -1", "charges.amount"),
    ],
)
def test_charges_allow_credits(old: str, new: str, path: str) -> None:
    assert found((old, new)) == {(Rule.CHARGES_WITHOUT_EFFECT, path)}


def test_charges_can_be_left_out() -> None:
    charges = VALID[VALID.index("charges:") : VALID.index("milestones:")]

    assert not found((charges, ""))


def test_what_cannot_be_read_hides_nothing_else() -> None:
    changes = (
        ("starts_on: 2027-03-01", "starts_on: someday"),
        ("expected: at least 95 %", "expected: 95 %"),
        (MIDDLE_BAND, "{at_least: 90, below: 94, credit: 2 %}"),
        ("remind_before: 3 days", "remind_before: 10 days"),
    )

    assert found(*changes) == {
        (Rule.NOT_A_DATE, "term.starts_on"),
        (Rule.NOT_A_THRESHOLD, "kpis.resolution.target.expected"),
        (Rule.BAND_GAP, "kpis.resolution.bands[0]"),
        (Rule.REMINDER_TOO_EARLY, "reviews.remind_before"),
    }


def test_what_is_no_document_is_not_checked() -> None:
    assert validate(b"", "a").draft is None
    assert validate_terms(b"", "a").draft is None
    assert not is_for_assessment(validate(b"", "a"))


# --- terms to be assessed


ASSESSABLE = (DOCUMENTS / "assessable.yaml").read_bytes()


def test_the_assessable_document_has_no_problems_and_nothing_to_warn_of() -> None:
    reading = validate_terms(ASSESSABLE, "assessable.yaml")

    assert (reading.problems, reading.warnings) == ((), ())
    assert reading.value is not None
    assert is_for_assessment(reading)


def test_it_lacks_what_people_govern_by() -> None:
    missing = missing_for_launch(ASSESSABLE)

    assert missing[:6] == (
        *("scope", "milestones", "escalation", "corrective_action", "reviews", "changes"),
    )
    assert "kpis.*.owners" in missing
    assert len(set(missing)) == len(missing)
    assert validate(ASSESSABLE, "a").value is None


def test_what_can_be_launched_can_be_assessed() -> None:
    reading = validate_terms(VALID.encode(), "valid.yaml")

    assert reading.problems == ()
    assert not is_for_assessment(reading)
    assert missing_for_launch(VALID.encode()) == ()


def test_who_governs_is_of_no_matter_to_an_assessment() -> None:
    text = VALID.replace("decided_by: client.executive", "decided_by: client.nobody")

    assert validate_terms(text.encode(), "a").problems == ()
    assert {each.rule for each in validate(text.encode(), "a").problems} == {Rule.UNKNOWN_CONTACT}


def test_terms_need_neither_kpis_nor_charges() -> None:
    raw = b"{agreement: a, title: b, zone: UTC, term: {starts_on: 2027-01-01, months: 1}}"

    assert validate_terms(raw, "a").problems == ()


def test_an_early_notice_is_checked_even_where_nothing_is_said_of_silence() -> None:
    raw = ASSESSABLE.replace(b"notice: 60 days", b"notice: 4 years")

    assert [(each.rule, each.path) for each in validate_terms(raw, "a").problems] == [
        (Rule.LONGER_THAN_TERM, "renewal.notice")
    ]


def test_a_warning_refuses_nothing_and_says_what_it_is() -> None:
    raw = ASSESSABLE.replace(b"most: 20 %", b"most: 10 %")

    reading = validate_terms(raw, "a.yaml")

    assert reading.value is not None
    (warning,) = reading.warnings
    assert str(warning) == (
        "a.yaml:90:33: warning: one credit of `tiers` alone, 15 %, is above this cap"
        " (cap-below-credit) → write 15 % or more, if that is not meant"
    )


def test_problems_and_warnings_stand_apart() -> None:
    raw = ASSESSABLE.replace(b"most: 20 %", b"most: 10 %").replace(b"months: 36", b"months: 0")

    reading = validate_terms(raw, "a.yaml")

    assert reading.value is None
    assert [each.rule for each in reading.problems] == [Rule.OUT_OF_RANGE]
    assert [each.rule for each in reading.warnings] == [Rule.CAP_BELOW_CREDIT]


def test_every_rule_is_run_once() -> None:
    assert len({*RULES, *GOVERNANCE_RULES}) == len(RULES) + len(GOVERNANCE_RULES)
