"""The words of notices: every template can be written, is used, and is given all that it says."""

import ast
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from string import Formatter
from types import SimpleNamespace
from typing import Any

import pytest

from activities.case_rows import Case
from notices.templates import LATE_AFTER, WORDINGS, Draft, Template, compose
from tests.notices.conftest import DUE_AT

ACTIVITIES = Path(__file__).parents[2] / "activities"


def wanted(template: Template) -> set[str]:
    """The names in braces of a template's words."""
    wording = WORDINGS[template]
    return {name for _, name, _, _ in Formatter().parse(wording.title + wording.body) if name}


def draft(template: Template, **changes: Any) -> Draft:
    """A draft that is given everything."""
    fields = {name: f"<{name}>" for name in wanted(template) - {"title"}}
    given: dict[str, Any] = {"due_at": DUE_AT, "prepared_at": DUE_AT, "task": None} | changes
    return Draft(template, fields, {}, **given)


def written(template: Template = Template.BREACH, **changes: Any) -> str:
    """The body of a notice for a reader in London."""
    return compose(
        draft(template, **changes),
        title="Helpdesk",
        reader="client.governance",
        zone="Europe/London",
    )[1]


@pytest.mark.parametrize("template", Template)
def test_every_template_can_be_written(template: Template) -> None:
    title, body = compose(
        draft(template), title="Helpdesk", reader="client.governance", zone="Europe/London"
    )

    assert all(f"<{name}>" in title + body for name in wanted(template) - {"title"})
    assert "{" not in title + body


# --- what activities give them


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the activities a notice is drafted."""

    module: ast.Module
    function: ast.AST
    call: ast.Call

    @property
    def fields(self) -> set[str]:
        """The names of everything that the template is given."""
        return self._names(self.call.args[1]) | self._names(self.call.args[2]) | {"title"}

    def _names(self, node: ast.expr) -> set[str]:
        match node:
            case ast.Dict(keys=keys):
                return {str(ast.literal_eval(key)) for key in keys if key is not None}
            case ast.Call(func=ast.Attribute(attr="fields"), keywords=keywords):
                return {*case_fields(), *(str(keyword.arg) for keyword in keywords)}
            case ast.Name(id=name):
                values = [
                    each.value
                    for each in ast.walk(self.function)
                    if isinstance(each, ast.Assign)
                    and any(getattr(target, "id", "") == name for target in each.targets)
                ]
                return set.intersection(*(self._names(value) for value in values))
            case _:
                msg = f"{ast.unparse(node)}: this test does not know how to read it"
                raise AssertionError(msg)


@cache
def drafts() -> tuple[Place, ...]:
    """Every place in the activities where a notice is drafted; read once."""
    modules = [ast.parse(path.read_text("utf-8")) for path in sorted(ACTIVITIES.glob("*.py"))]
    return tuple(
        Place(module, function, node)
        for module in modules
        for function in ast.walk(module)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Draft"
    )


def named(node: ast.AST) -> set[Template]:
    """The templates that are named somewhere."""
    return {
        Template[each.attr]
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute) and getattr(each.value, "id", "") == "Template"
    }


def templates(place: Place) -> set[Template]:
    """The template that a draft names; else those that its module names outside of any draft."""
    direct = named(place.call.args[0])
    others = [named(each.call.args[0]) for each in drafts()]
    return direct or named(place.module).difference(*others)


def name_of(place: Place) -> str:
    """A place as a test's id: each is on its own line."""
    return f"{getattr(place.function, 'name', '')} {place.call.lineno}"


PLACES = pytest.mark.parametrize("place", drafts(), ids=name_of)


@cache
def case_fields() -> frozenset[str]:
    """What every notice of a case is given."""
    row = SimpleNamespace(period="2027-W01", severity="severe")
    case = Case(row, SimpleNamespace(), SimpleNamespace(title="Errors"), "")  # type: ignore[arg-type]
    return frozenset(case.fields())


def test_every_template_is_used() -> None:
    used = set().union(*(templates(place) for place in drafts()))

    assert used == set(Template)


@PLACES
def test_a_draft_gives_its_template_all_that_it_says(place: Place) -> None:
    missing = {template: wanted(template) - place.fields for template in templates(place)}

    assert {template: names for template, names in missing.items() if names} == {}


@PLACES
def test_what_fills_a_field_has_no_fields_of_its_own(place: Place) -> None:
    texts = [
        node.value
        for node in ast.walk(place.call)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]

    assert [text for text in texts if "{" in text] == []


# --- lateness, and how to answer


def test_a_notice_in_time_says_nothing_of_lateness() -> None:
    assert "late" not in written(prepared_at=DUE_AT + LATE_AFTER)


def test_a_late_notice_says_when_it_was_due_and_when_it_was_prepared() -> None:
    body = written(prepared_at=DUE_AT + timedelta(hours=3))

    assert (
        "This notice is late: it was due 2027-01-11 09:00 Europe/London and was prepared "
        "2027-01-11 12:00 Europe/London. Deadlines count from when it was due."
    ) in body


def test_times_are_the_readers_own() -> None:
    late = draft(Template.BREACH, prepared_at=DUE_AT + timedelta(hours=3))

    _, body = compose(late, title="Helpdesk", reader="client.governance", zone="Asia/Tokyo")

    assert "2027-01-11 18:00 Asia/Tokyo" in body


def test_a_notice_of_a_task_says_how_to_answer_it() -> None:
    body = written(task="a/task")

    assert "To answer: covenant answer a/task --as client.governance --choose …" in body


def test_braces_in_what_people_write_are_left_as_they_are() -> None:
    told = Draft(
        Template.CASE_CLOSED,
        {"kpi": "Errors", "period": "2027-W01", "note": "see {this}"},
        {},
        DUE_AT,
        DUE_AT,
    )

    _, body = compose(told, title="Help{desk}", reader="client.governance", zone="Etc/UTC")

    assert "see {this}" in body
