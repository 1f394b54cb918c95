"""A task takes the answers that it names, with what they need, and says so otherwise."""

import pytest

from domain.commands import CommandKind
from domain.tasks import TASKS, Answer, TaskKind, objection

EVERY_ANSWER = [(kind, choice) for kind, rule in TASKS.items() for choice in rule.choices]

NEEDS = {
    "deliver_milestone": {"delivered": "", "replan": "reason date"},
    "accept_milestone": {"accept": "", "reject": "reason"},
    "acknowledge_breach": {"acknowledge": ""},
    "submit_plan": {"submit": "reason"},
    "judge_plan": {"accept": "", "reject": "reason"},
    "complete_review": {"continue": "", "correct": "reason", "renegotiate": "reason"},
    "answer_change": {"approve": "", "counter": "document", "reject": "reason"},
    "decide_renewal": {"renew": "", "expire": ""},
    "confirm_renewal": {"confirm": "", "decline": "reason"},
    "supply_facts": {"none": "reason"},
}
"""What each answer needs, told a second time."""

OPTIONS = {"reason": "--note", "document": "--file", "date": "--on"}


def wanting(choice: str, *given: str) -> Answer:
    return Answer(
        choice,
        note="because" if "reason" in given else "",
        has_file="document" in given,
        has_date="date" in given,
    )


@pytest.mark.parametrize("kind", TaskKind)
def test_every_task_has_these_answers(kind: TaskKind) -> None:
    assert TASKS[kind].choices == tuple(NEEDS[kind])


@pytest.mark.parametrize("kind", TaskKind)
def test_what_needs_something_is_an_answer(kind: TaskKind) -> None:
    rule = TASKS[kind]

    assert {*rule.needs_note, *rule.needs_file, *rule.needs_date} <= {*rule.choices}


@pytest.mark.parametrize("kind", TaskKind)
def test_an_answer_travels_as_a_command_of_the_name_of_its_task(kind: TaskKind) -> None:
    assert CommandKind(kind.value).name == kind.name


@pytest.mark.parametrize(("kind", "choice"), EVERY_ANSWER)
def test_an_answer_with_what_it_needs_is_possible(kind: TaskKind, choice: str) -> None:
    assert objection(kind, wanting(choice, *NEEDS[kind][choice].split())) is None


@pytest.mark.parametrize(("kind", "choice"), EVERY_ANSWER)
def test_an_answer_without_what_it_needs_says_how_to_give_it(kind: TaskKind, choice: str) -> None:
    needs = NEEDS[kind][choice].split()

    for missing in needs:
        said = objection(kind, wanting(choice, *(each for each in needs if each != missing)))

        assert said is not None
        assert said.startswith(f"'{choice}' needs a {missing}: add {OPTIONS[missing]} ")


@pytest.mark.parametrize("kind", TaskKind)
def test_any_other_answer_says_what_is_possible_now(kind: TaskKind) -> None:
    possible = ", ".join(TASKS[kind].choices)

    assert objection(kind, Answer("maybe")) == (
        f"'maybe' is not an answer to this task; possible now: {possible}"
    )


def test_a_blank_reason_is_none() -> None:
    assert objection(TaskKind.JUDGE_PLAN, Answer("reject", note=" \n")) is not None


def test_a_date_is_refused_where_the_answer_names_none() -> None:
    answer = Answer("continue", has_date=True)

    assert objection(TaskKind.COMPLETE_REVIEW, answer) == "'continue' names no date: leave --on out"


def test_an_approval_that_carries_a_document_is_asked_whether_it_counters() -> None:
    answer = Answer("approve", has_file=True)

    said = objection(TaskKind.ANSWER_CHANGE, answer)

    assert said == "'approve' takes no document; to answer with one choose counter"
