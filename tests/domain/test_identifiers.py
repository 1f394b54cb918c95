"""Ids say what they are, and no two things have one."""

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import identifiers
from domain.identifiers import case_id, effect_key, notice_key, shard_of, task_id
from domain.tasks import TaskKind

keys = st.sampled_from(["a", "b", "a-1", "called-1", "review", "submit_plan"])
numbers = st.integers(1, 12)
periods = st.sampled_from(["2027-01", "2027-02", "2027-W01", "2027-Q1", "2027-01-05"])
contacts = st.builds("{}.{}".format, st.sampled_from(["client", "provider"]), keys)

subjects = st.one_of(
    st.tuples(st.just("agreement_workflow"), keys),
    st.tuples(st.just("monitoring_workflow"), numbers),
    st.tuples(st.just("case_id"), keys, keys, periods, st.integers(1, 3)),
    st.tuples(st.just("review_id"), keys, numbers),
    st.tuples(st.just("called_review_id"), keys, numbers),
    st.tuples(st.just("change_id"), keys, numbers),
    st.tuples(st.just("renewal_id"), keys, numbers),
    st.tuples(st.just("milestone_subject"), keys, keys),
    st.tuples(st.just("facts_subject"), keys, keys, periods),
)


def made(parts: tuple[str | int, ...]) -> str:
    return str(getattr(identifiers, str(parts[0]))(*parts[1:]))


@given(subjects, subjects)
def test_different_things_have_different_ids(
    one: tuple[str | int, ...], other: tuple[str | int, ...]
) -> None:
    assert (made(one) == made(other)) == (one == other)


tasks = st.tuples(subjects.map(made), st.sampled_from(TaskKind), st.one_of(numbers, contacts))


@given(tasks, tasks)
def test_different_tasks_have_different_ids(
    one: tuple[str, TaskKind, str | int], other: tuple[str, TaskKind, str | int]
) -> None:
    assert (task_id(*one) == task_id(*other)) == (one == other)


notices = st.tuples(subjects.map(made), st.sampled_from(["breach", "went_live"]), numbers, contacts)


@given(notices, notices)
def test_different_notices_have_different_keys(
    one: tuple[str, str, int, str], other: tuple[str, str, int, str]
) -> None:
    assert (notice_key(*one) == notice_key(*other)) == (one == other)


@pytest.mark.parametrize(
    ("made", "id_"),
    [
        (lambda: identifiers.agreement_workflow("a"), "agreement/a"),
        (lambda: identifiers.monitoring_workflow(7), "monitoring/7"),
        (lambda: case_id("a", "k", "2027-01", 1), "noncompliance/a/k/2027-01"),
        (lambda: case_id("a", "k", "2027-01", 2), "noncompliance/a/k/2027-01/2"),
        (lambda: identifiers.review_id("a", 1), "review/a/1"),
        (lambda: identifiers.called_review_id("a", 1), "review/a/called-1"),
        (lambda: identifiers.change_id("a", 1), "change/a/1"),
        (lambda: identifiers.renewal_id("a", 1), "renewal/a/1"),
        (lambda: identifiers.milestone_subject("a", "kickoff"), "milestone/a/kickoff"),
        (lambda: task_id("change/a/1", "answer_change", 2), "change/a/1/answer_change/2"),
        (lambda: task_id("renewal/a/1", "decide_renewal"), "renewal/a/1/decide_renewal"),
        (lambda: notice_key("review/a/1", "t", 1, "client.x"), "review/a/1/t/1/client.x"),
        (lambda: effect_key("agreement/a", "went_live"), "agreement/a/went_live"),
        (lambda: effect_key("s", "rung_fired", 2, "x"), "s/rung_fired/2/x"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_ids_stay_as_they_are_for_ever(made: Callable[[], str], id_: str) -> None:
    assert made() == id_


@pytest.mark.parametrize(
    ("agreement", "shard"), [("a", 97), ("helpdesk", 297), ("feeder-2013", 463), ("é", 114)]
)
def test_an_agreement_stays_in_its_shard_for_ever(agreement: str, shard: int) -> None:
    assert shard_of(agreement, 512) == shard


@given(st.text(max_size=63), st.integers(1, 1024))
def test_a_shard_is_one_of_them(agreement: str, shards: int) -> None:
    assert 0 <= shard_of(agreement, shards) < shards


@pytest.mark.parametrize("shards", [4, 16, 64, 100])
def test_agreements_spread_over_the_shards(shards: int) -> None:
    count = 200 * shards

    loads = Counter(shard_of(f"client-{number}", shards) for number in range(count))

    assert len(loads) == shards
    assert max(loads.values()) < 2 * count / shards
