"""All facts as known at an instant: what was received, and what was corrected by then."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.facts import (
    ChargeFact,
    CountFact,
    CreditFact,
    Decision,
    EventFact,
    Fact,
    FactKind,
    IndexFact,
    Interval,
    Outage,
    PeriodResult,
    ReliefFact,
    Sample,
    Survey,
    Ticket,
    TicketEvent,
)
from domain.facts.book import FactBook, FactBookError, book

AT = datetime(2027, 1, 4, 9, tzinfo=UTC)
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
END = AT + HOUR
ONE = Decimal(1)


def sample(
    name: str,
    value: int = 1,
    *,
    at: datetime = AT,
    received: int | None = None,
    corrects: str | None = None,
) -> Sample:
    """A sample that says under which id it was told; `received` so many hours after AT."""
    received_at = None if received is None else AT + received * HOUR
    told = {"told_as": name}
    return Sample(name, "a", at, Decimal(value), told, received_at=received_at, corrects=corrects)


def known(facts: Iterable[Fact], hours: int | None = None) -> list[str]:
    """The versions of samples known so many hours after AT; of all when it is None."""
    found = None if hours is None else AT + hours * HOUR
    return [fact.columns["told_as"] for fact in book(facts, found).samples]


def rules(*facts: Fact) -> list[str]:
    with pytest.raises(FactBookError) as refusal:
        book(facts)
    return [problem.partition("(")[2].partition(")")[0] for problem in refusal.value.problems]


# Each with the instant from which it is known when it does not say so itself.
EACH: list[tuple[str, Fact, datetime]] = [
    ("tickets", Ticket("1", AT), AT),
    ("ticket_events", TicketEvent("1", "T1", AT, "closed", None, "Ann"), AT),
    ("samples", Sample("1", "a", AT), AT),
    ("intervals", Interval("1", "a", AT, END, ONE, None, ONE), END),
    ("outages", Outage("1", "mail", AT, END, "power"), END),
    ("surveys", Survey("1", AT, "csat", ONE, ONE), AT),
    ("counts", CountFact("1", "a", AT, END, "answered", ONE), END),
    ("charges", ChargeFact("1", "run", AT, END, ONE, "GBP"), END),
    ("period_results", PeriodResult("1", "uptime", AT, END, ONE), END),
    ("credits", CreditFact("1", AT, END, percent=ONE), END),
    ("events", EventFact("1", AT, "delivery", due=AT - HOUR), AT),
    ("indices", IndexFact("1", "cpi", "2026-11", ONE, AT), AT),
    ("reliefs", ReliefFact("1", None, AT, END, "x", "provider", Decision.PENDING), END),
]


def test_every_kind_has_its_place() -> None:
    found = book(fact for _, fact, _ in EACH)

    assert len(EACH) == len(FactKind)
    assert found == FactBook(**{name: (fact,) for name, fact, _ in EACH})  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "fact", "since"), EACH, ids=[name for name, *_ in EACH])
def test_a_fact_is_known_after_its_own_instant(name: str, fact: Fact, since: datetime) -> None:
    assert getattr(book([fact], since), name) == ()
    assert getattr(book([fact], since + TICK), name) == (fact,)


@pytest.mark.parametrize(("name", "fact", "since"), EACH, ids=[name for name, *_ in EACH])
def test_a_fact_that_says_when_it_was_received_is_known_after_that(
    name: str, fact: Fact, since: datetime
) -> None:
    late = replace(fact, received_at=since + 5 * HOUR)

    assert getattr(book([late], since + 5 * HOUR), name) == ()
    assert getattr(book([late], since + 5 * HOUR + TICK), name) == (late,)


def test_a_decided_relief_is_known_from_its_decision() -> None:
    relief = ReliefFact("1", None, AT, END, "x", "provider", Decision.APPROVED, AT + 9 * HOUR)

    assert book([relief], AT + 9 * HOUR).reliefs == ()
    assert book([relief], AT + 9 * HOUR + TICK).reliefs == (relief,)


def test_what_happens_to_a_ticket_is_known_as_it_happens() -> None:
    ticket = Ticket("1", AT, AT + HOUR, AT + 2 * HOUR, AT + 3 * HOUR, AT + 4 * HOUR)

    found = book([ticket], AT + 2 * HOUR).tickets

    assert found == (Ticket("1", AT, AT + HOUR, None, None, AT + 4 * HOUR),)
    assert book([ticket]).tickets == (ticket,)


def test_a_ticket_that_was_received_late_tells_all_at_once() -> None:
    ticket = Ticket("1", AT, closed_at=AT + 3 * HOUR, received_at=AT)

    assert book([ticket], AT + HOUR).tickets == (ticket,)


def test_facts_stand_in_the_order_of_their_instants_and_ids() -> None:
    facts = [sample("b", at=AT + HOUR), sample("c"), sample("a")]

    assert known(facts) == ["a", "c", "b"]


def test_a_fact_that_is_told_twice_counts_once() -> None:
    assert known([sample("a"), sample("a"), sample("a", received=7)]) == ["a"]


def test_a_fact_that_is_told_twice_is_known_from_the_first_time() -> None:
    facts = [sample("a", received=9), sample("a", received=7)]

    assert known(facts, 7) == []
    assert known(facts, 8) == ["a"]


def test_the_version_of_an_id_that_was_received_last_counts() -> None:
    facts = [sample("a", 3, received=9), sample("a", 1, received=5), sample("a", 2, received=7)]

    assert [fact.value for fact in book(facts).samples] == [3]
    assert [fact.value for fact in book(facts, AT + 8 * HOUR).samples] == [2]
    assert book(facts, AT + 5 * HOUR).samples == ()


@pytest.mark.parametrize("received", [(None, None), (None, 5), (5, None), (5, 5)])
def test_two_contents_of_one_id_need_receipts_that_tell_them_apart(
    received: tuple[int | None, int | None],
) -> None:
    first, second = (sample("a", n, received=hour) for n, hour in enumerate(received))

    assert rules(first, second) == ["duplicate-id"]


def test_a_correction_replaces_what_it_names_once_it_is_received() -> None:
    facts = [sample("a"), sample("b", 2, received=5, corrects="a")]

    assert known(facts, 5) == ["a"]
    assert known(facts, 6) == ["b"]
    assert known(facts) == ["b"]


def test_a_fact_keeps_its_first_id_whatever_corrects_it() -> None:
    chain = [sample("a"), sample("b", corrects="a"), sample("c", corrects="b"), sample("d")]

    assert [fact.id for fact in book(chain).samples] == ["a", "d"]


def test_what_befell_a_ticket_may_name_it_by_any_of_its_ids() -> None:
    tickets = [Ticket("T1", AT), Ticket("T2", AT, closed_at=END, corrects="T1"), Ticket("T3", AT)]
    events = [
        TicketEvent(f"E{ticket}", ticket, AT, "closed", None, "Ann")
        for ticket in ("T1", "T2", "T3")
    ]

    found = book([*tickets, *events])

    assert [(each.id, each.closed_at) for each in found.tickets] == [("T1", END), ("T3", None)]
    assert [each.ticket for each in found.ticket_events] == ["T1", "T1", "T3"]


def test_a_correction_may_itself_be_corrected() -> None:
    facts = [
        sample("a"),
        sample("b", 2, received=5, corrects="a"),
        sample("c", 3, received=7, corrects="b"),
    ]

    assert [known(facts, hour) for hour in (5, 6, 8)] == [["a"], ["b"], ["c"]]


def test_a_silent_correction_counts_from_its_own_instant_but_not_before_what_it_corrects() -> None:
    facts = [sample("a"), sample("b", 2, at=AT - HOUR, corrects="a")]

    assert known(facts, 0) == []
    assert known(facts, 1) == ["b"]


def test_of_two_corrections_of_one_fact_the_later_counts() -> None:
    facts = [
        sample("a"),
        sample("b", 2, received=5, corrects="a"),
        sample("c", 3, received=7, corrects="a"),
    ]

    assert [known(facts, hour) for hour in (5, 7, 8)] == [["a"], ["b"], ["c"]]


@pytest.mark.parametrize("received", [(None, None), (None, 5), (5, 5)])
def test_two_corrections_of_one_fact_need_receipts_that_tell_them_apart(
    received: tuple[int | None, int | None],
) -> None:
    first, second = received

    found = rules(
        sample("a"),
        sample("b", received=first, corrects="a"),
        sample("c", received=second, corrects="a"),
    )

    assert found == ["ambiguous-correction"]


def test_an_id_that_was_corrected_may_be_told_anew() -> None:
    facts = [
        sample("a", received=1),
        sample("b", 2, received=5, corrects="a"),
        sample("a", 3, received=7),
    ]

    assert [known(facts, hour) for hour in (2, 6, 8)] == [["a"], ["b"], ["a"]]


def test_one_id_corrects_one_fact() -> None:
    found = rules(
        sample("a"),
        sample("b"),
        sample("c", received=5, corrects="a"),
        sample("c", received=6, corrects="b"),
    )

    assert found == ["ambiguous-correction"]


@pytest.mark.parametrize("ring", ["a", "ab", "abc"])
def test_facts_do_not_correct_each_other_in_a_ring(ring: str) -> None:
    facts = [
        sample(name, corrects=other) for name, other in zip(ring, ring[1:] + ring[0], strict=True)
    ]

    assert rules(*facts, sample("z", corrects="a")) == ["circular-correction"] * len(ring)


def test_a_correction_of_nothing_is_refused() -> None:
    assert rules(sample("a"), sample("b", corrects="x")) == ["unknown-correction"]


def test_a_correction_is_of_the_same_kind() -> None:
    assert rules(Ticket("a", AT), sample("b", corrects="a")) == ["unknown-correction"]


def test_every_contradiction_is_told() -> None:
    with pytest.raises(FactBookError) as refusal:
        book([sample("a"), sample("a", 2), Ticket("T", AT, corrects="S")])

    assert str(refusal.value) == (
        "sample: 'a' is there too, with other content (duplicate-id) → keep the right one; "
        "if both were right in turn, give each its `received_at`\n"
        "ticket: there is no fact of kind `ticket` with the id 'S' (unknown-correction) → "
        "write the id of the fact that this one replaces; it may be in another file"
    )


def test_a_long_chain_is_followed_to_its_end() -> None:
    chain = [sample("0"), *(sample(str(n), n, corrects=str(n - 1)) for n in range(1, 5000))]

    assert known(chain) == ["4999"]


# Few ids and receipts, so that they meet often.
chains = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 9), st.none() | st.integers(0, 4)),
    max_size=5,
    unique_by=lambda told: told[1],
)


def told(numbers: list[tuple[int, int, int | None]]) -> Iterator[Sample]:
    yield from (sample(f"first-{n}") for n in range(5))
    for name, received, corrects in numbers:
        target = None if corrects is None else f"first-{corrects}"
        yield sample(f"later-{name}", received, received=received, corrects=target)


@given(chains, st.none() | st.integers(0, 10), st.randoms(use_true_random=False))
def test_the_order_of_facts_changes_nothing(
    numbers: list[tuple[int, int, int | None]], hours: int | None, random: object
) -> None:
    facts = list(told(numbers))
    shuffled = list(facts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    known_at = None if hours is None else AT + hours * HOUR

    def outcome(several: list[Sample]) -> object:
        try:
            return book(several, known_at)
        except FactBookError as error:
            return len(error.problems) > 0

    assert outcome(facts) == outcome(shuffled)


def test_every_order_of_a_chain_gives_the_same() -> None:
    facts = [
        sample("a", received=1),
        sample("a", 2, received=2),
        sample("b", 3, received=3, corrects="a"),
        sample("c", 4, received=4, corrects="b"),
    ]

    assert {tuple(known(order)) for order in permutations(facts)} == {("c",)}
