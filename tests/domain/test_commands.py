"""What may be asked, and what becomes of it."""

from dataclasses import FrozenInstanceError, fields

import pytest

from domain.commands import CommandKind, Order, Refused, Start
from domain.events import Event
from domain.tasks import TaskKind


def test_whatever_is_no_answer_to_a_task_is_launched_called_proposed_or_withdrawn() -> None:
    answers = {kind.value for kind in TaskKind}

    assert {kind.value for kind in CommandKind} - answers == {
        "launch_agreement",
        "call_review",
        "propose_change",
        "withdraw_change",
    }


@pytest.mark.parametrize("words", [CommandKind, Event], ids=["commands", "events"])
def test_a_word_is_its_name_in_small_letters(words: type[CommandKind] | type[Event]) -> None:
    assert all(word.value == word.name.lower() for word in words)


@pytest.mark.parametrize("value", [Order, Refused, Start])
def test_what_travels_cannot_be_changed_on_its_way(value: type) -> None:
    made = value(*("x" for _ in fields(value)))

    with pytest.raises(FrozenInstanceError):
        setattr(made, fields(value)[0].name, "y")
