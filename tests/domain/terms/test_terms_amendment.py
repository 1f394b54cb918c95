"""An amendment sets single values in the agreement's own text, and touches nothing else."""

from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.terms.amendment import amend, change_said, read_amendment, redline
from domain.terms.problems import Problem, Rule
from domain.terms.tree import HIDDEN, read_tree
from domain.terms_check import validate, validate_terms

DOCUMENTS = Path(__file__).parents[2] / "documents"
VALID = (DOCUMENTS / "valid.yaml").read_bytes()
TERMS = (DOCUMENTS / "assessable.yaml").read_bytes()
AMENDMENT = (DOCUMENTS / "amendment.yaml").read_bytes()


def setting(
    path: str, value: str, agreement: bytes = VALID, amends: str = "helpdesk"
) -> bytes | tuple[Problem, ...]:
    head = f"amends: {amends}\neffective_on: 2027-10-01\nreason: x\nset:\n"
    raw = f'{head}  "{path}": {quoted(value)}\n'.encode()
    return amend(agreement, read_amendment(raw, "change.yaml"))


def quoted(value: str) -> str:
    return '"' + "".join(f"\\U{ord(character):08x}" for character in value) + '"'


def edition(path: str, value: str, agreement: bytes = VALID) -> str:
    amended = setting(path, value, agreement)
    assert isinstance(amended, bytes)
    return amended.decode()


def problem(path: str, value: str = "x") -> Problem:
    refused = setting(path, value)
    assert isinstance(refused, tuple)
    (one,) = refused
    return one


def test_an_amendment_changes_what_it_says_and_nothing_else() -> None:
    amended = amend(VALID, read_amendment(AMENDMENT, "amendment.yaml"))

    assert isinstance(amended, bytes)
    assert redline(VALID, amended) == [
        ("kpis.resolution.target.expected", "at least 95 %", "at least 96 %"),
        ("kpis.resolution.bands[0].at_least", "95", "96"),
        ("kpis.resolution.bands[1].below", "95", "96"),
        ("escalation.severe.2.answer_within", "2 days", "1 day"),
    ]
    assert validate(amended, "a").problems == ()
    assert b"# hours around the clock" in amended


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("remedies.points.scheme.percent", "0.75 %"),
        ("remedies.tiers.caps[0].most", "25 %"),
        ("triggers.plan.when[0].consecutive", "3"),
        ("triggers.plan.steps.draft.after", "5 working days"),
        ("caps.yearly.most", "12 %"),
        ("clocks.first_answer.limits[1].within", "8 h"),
        ("calendars.office.hours.mon-thu", "07:00-18:00"),
        ("indexation.cpi.excess_over", "3 %"),
        ("kpis.uptime.bands[1].credit", "6 %"),
    ],
)
def test_terms_are_amended_by_the_keys_of_their_lists(path: str, value: str) -> None:
    amended = setting(path, value, TERMS, "hosting")

    assert isinstance(amended, bytes)
    assert [(name, new) for name, _, new in redline(TERMS, amended)] == [(path, value)]
    assert validate_terms(amended, "a").problems == ()


def test_an_amendment_may_split_the_period_in_which_it_begins() -> None:
    said = AMENDMENT + b"split: true\n"
    silent = read_amendment(AMENDMENT, "a").value
    splitting = read_amendment(said, "a").value

    assert silent is not None
    assert splitting is not None
    assert (silent.split, splitting.split) == (False, True)


def test_lines_that_are_not_amended_are_the_same_bytes() -> None:
    old = b"\xef\xbb\xbf" + VALID.replace(b"\n", b"\r\n")

    new = edition("title", "Helpdesk", old).encode()

    before, after = old.split(b"\r\n"), new.split(b"\r\n")
    assert [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]] == [
        (b"title: IT helpdesk, first and second line", b"title: Helpdesk")
    ]


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("title", "Helpdesk", "title: Helpdesk"),
        ("title", "a: b # c", "title: 'a: b # c'"),
        ("title", "it's: so", "title: 'it''s: so'"),
        ("title", "[x", "title: '[x'"),
        ("title", 'a\n"b"', 'title: "a\\U0000000a\\"b\\""'),
        ("renewal.clause", "15", '  clause: "15"'),
        ("renewal.clause", 'a "b" \\', '  clause: "a \\"b\\" \\\\"'),
        (
            "kpis.response.target.expected",
            "at most 5, h",
            (
                "    target: {expected: 'at most 5, h', minimum: at most 8 h}"
                "   # hours around the clock"
            ),
        ),
        (
            "parties.client.contacts.reviewer.email",
            "new@northwind.example",
            "      reviewer: {title: IT service owner, email: new@northwind.example}",
        ),
    ],
)
def test_quotes_are_added_where_needed_and_kept_where_they_were(
    path: str, value: str, line: str
) -> None:
    assert line in edition(path, value).split("\n")


def test_single_quotes_and_blocks_of_lines_are_exchanged_too() -> None:
    old = VALID.replace(b"title: Kick-off", b"title: 'Kick-off'").replace(
        b"scope: Answering and", b"scope: >-\n  Answering\n  and"
    )

    assert "    title: 'Start'\n" in edition("milestones.kickoff.title", "Start", old)
    assert "scope: Less\nzone: " in edition("scope", "Less", old)


def test_values_are_set_where_nothing_was_written() -> None:
    old = b"agreement: helpdesk\ntitle:\nscope: x\n"

    amended = setting("title", "y", old)

    assert isinstance(amended, bytes)
    assert redline(old, amended) == [("title", "", "y")]


@settings(max_examples=50, deadline=None)
@given(
    path=st.sampled_from(
        [
            "title",
            "kpis.response.title",
            "renewal.clause",
            "kpis.resolution.unit",
            "parties.client.contacts.executive.title",
            "escalation.severe.1.playbook",
        ]
    ),
    value=st.text(st.characters(codec="utf-8"), min_size=1, max_size=40),
)
def test_whatever_text_is_set_reads_back(path: str, value: str) -> None:
    assume(value.strip() and HIDDEN.search(value) is None)

    new = {name: now for name, _, now in redline(VALID, edition(path, value).encode())}

    old = read_tree(VALID, "")
    unchanged = {old.name(at): text for at, text in old.texts()}[path] == value.strip()
    assert new == ({} if unchanged else {path: value.strip()})


def test_a_problem_stands_in_the_amendment_s_file() -> None:
    one = problem("kpis.resolution.target.expectd")

    assert str(one) == (
        "change.yaml:5:3: the agreement says nothing at `kpis.resolution.target.expectd`"
        " (unknown-path) → did you mean `kpis.resolution.target.expected`?"
    )


@pytest.mark.parametrize(
    ("path", "rule", "remedy"),
    [
        ("qqqq", Rule.UNKNOWN_PATH, "write the path as a comparison shows it"),
        (
            "kpis.reopened.target",
            Rule.NOT_A_SINGLE_VALUE,
            "set single values, such as `kpis.reopened.target.expected`",
        ),
        ("agreement", Rule.IDENTITY, "name another agreement, or make a new one"),
        ("zone", Rule.IDENTITY, "name another agreement, or make a new one"),
        ("term.months", Rule.IDENTITY, "the term changes by renewal"),
        (
            "parties.client.name",
            Rule.IDENTITY,
            "only the title and the email of a contact can change",
        ),
        (
            "parties.provider.contacts.manager.zone",
            Rule.IDENTITY,
            "only the title and the email of a contact can change",
        ),
        (
            "kpis.response.key",
            Rule.IDENTITY,
            "facts and cases refer to it; make a new agreement instead",
        ),
        (
            "escalation.severe.1.level",
            Rule.IDENTITY,
            "facts and cases refer to it; make a new agreement instead",
        ),
        (
            "remedies.tiers.key",
            Rule.IDENTITY,
            "facts and cases refer to it; make a new agreement instead",
        ),
    ],
)
def test_what_cannot_be_set_is_refused(path: str, rule: Rule, remedy: str) -> None:
    one = problem(path)

    assert (one.rule, one.remedy) == (rule, remedy)


def test_an_amendment_of_another_agreement_is_refused() -> None:
    reading = read_amendment(AMENDMENT.replace(b"helpdesk", b"feeder"), "change.yaml")

    refused = amend(VALID, reading)

    assert isinstance(refused, tuple)
    assert [(one.rule, one.line, one.remedy) for one in refused] == [
        (Rule.OTHER_AGREEMENT, 1, "write `amends: helpdesk`")
    ]
    assert isinstance(amend(b"title: x", reading), tuple)


def test_a_wrong_amendment_or_agreement_is_told_as_such() -> None:
    wrong = read_amendment(b"amends: helpdesk\nset: {}", "change.yaml")

    refused = amend(VALID, wrong)
    unreadable = amend(b"a: *b", read_amendment(AMENDMENT, "change.yaml"))

    assert isinstance(refused, tuple)
    assert {one.path for one in refused} == {"set", "effective_on", "reason"}
    assert isinstance(unreadable, tuple)
    assert unreadable[0].rule == Rule.ALIAS


def test_a_redline_shows_what_came_and_what_went() -> None:
    old = b"kpis: [{key: a, x: 1}, {key: b, x: 1}]"
    new = b"kpis: [{key: b, x: 2}, {key: c, x: 1}]"

    assert redline(old, new) == [
        ("kpis.a.key", "a", None),
        ("kpis.a.x", "1", None),
        ("kpis.b.x", "1", "2"),
        ("kpis.c.key", None, "c"),
        ("kpis.c.x", None, "1"),
    ]


# --- further items of lists

LISTS = """
agreement: helpdesk
flow: [2027-12-25, 2027-12-26]  # agreed
named: [{on: 2027-12-27, name: Christmas Day observed}]
lines:
  - 2027-12-25  # Christmas
  - 2027-12-26  # Boxing Day

  # nothing more
deep:
  - on: 2027-12-25
    hours: [a, b
      ]  # both
  - on: 2027-12-26
    hours: {mon: [a, {b: c}]}
spread: [
  a,
  b  # the last
]
block:
  - |
    one

    two
empty: []
one: x
"""


def adding(path: str, value: str, agreement: str = LISTS) -> bytes | tuple[Problem, ...]:
    head = "amends: helpdesk\neffective_on: 2027-10-01\nreason: x\nadd:\n"
    raw = f"{head}  {path}: {quoted(value)}\n".encode()
    return amend(agreement.encode(), read_amendment(raw, "change.yaml"))


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("flow", "2027-12-26]  # agreed", "2027-12-26, 2028-01-03]  # agreed"),
        ("named", "observed}]", "observed}, 2028-01-03]"),
        ("lines", "# Boxing Day\n", "# Boxing Day\n  - 2028-01-03\n"),
        ("deep", "{mon: [a, {b: c}]}\n", "{mon: [a, {b: c}]}\n  - 2028-01-03\n"),
        ("deep[0].hours", "b\n      ]", "b, 2028-01-03\n      ]"),
        ("spread", "b  # the last", "b, 2028-01-03  # the last"),
        ("block", "    two\n", "    two\n  - 2028-01-03\n"),
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_one_more_value_is_written_behind_the_last_of_its_list(
    path: str, before: str, after: str, ending: str
) -> None:
    agreement = LISTS.replace("\n", ending)

    amended = adding(path, "2028-01-03", agreement)

    expected = LISTS.replace(before, after)
    assert expected != LISTS
    assert amended == expected.replace("\n", ending).encode()


@pytest.mark.parametrize("path", ["flow", "named", "lines", "deep", "spread", "block"])
@given(value=st.text(st.characters(codec="utf-8"), min_size=1, max_size=30))
@settings(max_examples=30, deadline=None)
def test_whatever_text_is_added_reads_back(path: str, value: str) -> None:
    assume(value.strip() and HIDDEN.search(value) is None)

    amended = adding(path, value)

    assert isinstance(amended, bytes)
    ((_, old, new),) = redline(LISTS.encode(), amended)
    assert (old, new) == (None, value.strip())


def test_a_list_at_the_very_end_gets_another_line() -> None:
    assert adding("days", "b", "agreement: helpdesk\ndays:\n- a") == (
        b"agreement: helpdesk\ndays:\n- a\n- b"
    )


def test_a_holiday_that_is_proclaimed_is_added_to_a_calendar() -> None:
    raw = (
        b"amends: hosting\neffective_on: 2027-10-01\nreason: proclaimed\n"
        b"add: {calendars.office.holidays: [2028-06-02, 2028-06-05]}\n"
    )

    amended = amend(TERMS, read_amendment(raw, "change.yaml"))

    assert isinstance(amended, bytes)
    assert [(old, new) for _, old, new in redline(TERMS, amended)] == [
        (None, "2028-06-02"),
        (None, "2028-06-05"),
    ]
    assert validate_terms(amended, "a").problems == ()
    said = [change_said(*each) for each in redline(TERMS, amended)]
    assert said[0].endswith("2028-06-02 comes in addition")
    assert change_said("title", "a", "b") == "title: a → b"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("one", "`one` is not a list (not-a-list) → add to a list that holds something already"),
        ("empty", "`empty` is no list that the agreement has (not-a-list)"),
        ("line", "`line` is no list that the agreement has (not-a-list) → did you mean `lines`?"),
        ("agreement", "an amendment cannot change `agreement` (identity)"),
    ],
)
def test_what_is_no_list_gets_no_item(path: str, said: str) -> None:
    refused = adding(path, "x")

    assert isinstance(refused, tuple)
    assert str(refused[0]).startswith(f"change.yaml:5:3: {said}")


def test_a_list_behind_whose_last_item_nothing_can_be_written_is_told() -> None:
    refused = adding("days", "x", "agreement: helpdesk\ndays: [[[[[[a]]]]]]\n")

    assert isinstance(refused, tuple)
    assert str(refused[0]).startswith(
        "change.yaml:5:9: nothing can be written behind the last of `days` (not-a-list)"
    )


def test_an_amendment_that_changes_nothing_is_refused() -> None:
    raw = b"amends: helpdesk\neffective_on: 2027-10-01\nreason: x\n"

    refused = amend(VALID, read_amendment(raw, "change.yaml"))

    assert isinstance(refused, tuple)
    assert [one.rule for one in refused] == [Rule.CHANGES_NOTHING]
