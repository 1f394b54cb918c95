"""What becomes of corrections on their way into a record that keeps facts by their first ids."""

from datetime import UTC, datetime
from decimal import Decimal

from domain.facts import Fact, FactKind, Sample, Ticket
from domain.facts.chains import Chains, Known, Name, Telling, chained

AT = datetime(2027, 1, 4, 9, tzinfo=UTC)


def sample(name: str, value: int = 1, corrects: str | None = None, line: int = 2) -> Telling:
    return Telling(FactKind.SAMPLE, Sample(name, "a", AT, Decimal(value), corrects=corrects), line)


def of(*names: str) -> set[Name]:
    return {(FactKind.SAMPLE, name) for name in names}


def test_facts_of_other_kinds_have_ids_of_their_own() -> None:
    ticket = Telling(FactKind.TICKET, Ticket("b", AT, corrects="a"), 3)
    known = Known(
        facts={(FactKind.TICKET, "a"), (FactKind.SAMPLE, "b")},
        aliases={(FactKind.SAMPLE, "c"): "b"},
    )

    chains = chained([ticket, sample("c", 2)], known)

    assert chains.names == {(FactKind.TICKET, "b"): "a", (FactKind.SAMPLE, "c"): "b"}
    assert not chains.wrong


def test_an_id_with_two_contents_is_told_by_the_intake_itself() -> None:
    chains = chained([sample("a", 1), sample("a", 2, line=3)], Known())

    assert chains == Chains()


def test_of_a_chain_in_one_file_the_last_one_counts() -> None:
    chains = chained([sample("c", 3, "b"), sample("a"), sample("b", 2, "a")], Known())

    assert chains.passed == of("a", "b")
    kept = chains.kept(FactKind.SAMPLE, sample("c", 3, "b").fact)
    assert (kept.id, kept.corrects) == ("a", None)


def test_what_was_told_before_says_nothing_new() -> None:
    revisions: list[Fact] = [sample("a", 1).fact, sample("a", 2).fact, sample("a", 3).fact]
    known = Known(of("a"), dict.fromkeys(of("b", "c"), "a"), dict.fromkeys(of("a"), revisions))

    chains = chained([sample("a", 1), sample("b", 2, "a"), sample("d", 2, "a")], known)

    assert chains.passed == of("a", "b")
    assert chains.new(known.aliases) == dict.fromkeys(of("d"), "a")


def test_two_corrections_of_one_fact_in_one_file_are_ambiguous() -> None:
    chains = chained([sample("b", 2, "a"), sample("c", 3, "a", line=3)], Known(of("a")))

    (wrong,) = chains.wrong.values()
    assert wrong.rule == "ambiguous-correction"
    assert "'c' on line 3" in wrong.message or "'b' on line 2" in wrong.message
    assert "received_at" not in wrong.remedy


def test_a_fact_of_its_own_cannot_become_a_correction() -> None:
    chains = chained([sample("b", 2, "a")], Known(of("a", "b")))

    assert chains.wrong[FactKind.SAMPLE, "b"].message == "'b' is known already as a fact of its own"


def test_what_corrects_another_fact_than_before_says_by_what() -> None:
    known = Known(of("a", "x"), dict.fromkeys(of("b"), "a"))

    chains = chained([sample("b", 2, "x")], known)

    assert (
        "'b' corrects another fact by an earlier file" in chains.wrong[FactKind.SAMPLE, "b"].message
    )
