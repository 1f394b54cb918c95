"""What a fact can be that is well written: too late, too early, out of order, of an unknown name.

Such a row refuses its file, or is set aside until a person says whether it counts. What nothing
reads refuses no file that is taken whole, because a wider export is no fault: it is only counted.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, TypeAlias

from domain.changing import other_party
from domain.facts import Decision, Fact, FactKind, ReliefFact
from domain.facts.book import SHELVES
from domain.facts.rules import FactRule, Wrong
from domain.terms.problems import clipped
from domain.terms.shape import Terms

TOLERANCE = timedelta(minutes=5)
"""By so much may the clock of whoever hands in be ahead of ours."""

KPIS = "kpi"

NAMED: dict[FactKind, tuple[str, str, str]] = {
    FactKind.SAMPLE: ("series", "series", "series of samples"),
    FactKind.INTERVAL: ("series", "intervals", "series of intervals"),
    FactKind.COUNT: ("series", "counts", "series of counts"),
    FactKind.OUTAGE: ("service", "outages", "service"),
    FactKind.SURVEY: ("instrument", "surveys", "survey"),
    FactKind.PERIOD_RESULT: ("kpi", KPIS, "KPI"),
    FactKind.CREDIT: ("kpi", KPIS, "KPI"),
    FactKind.RELIEF: ("kpi", KPIS, "KPI"),
}
"""Which column of a fact names what a measure, or a KPI, is called in the terms."""

GROUPS: dict[FactKind, str] = {
    FactKind.TICKET_EVENT: "ticket",
    FactKind.SAMPLE: "series",
    FactKind.INTERVAL: "series",
    FactKind.OUTAGE: "service",
}
"""Of which kinds one fact follows another: those of one ticket, series or service."""


def names_in(editions: Iterable[Terms]) -> dict[FactKind, frozenset[str]]:
    """The names that any edition knows, by the kind of fact that says them."""
    kpis = [kpi for terms in editions for kpi in terms.kpis]
    return {
        kind: frozenset(
            name
            for kpi in kpis
            if (name := kpi.key if where == KPIS else getattr(kpi.measure, where)) is not None
        )
        for kind, (_, where, _) in NAMED.items()
    }


PARTIES = frozenset({"client", "provider"})

Claims: TypeAlias = frozenset[tuple[str, str]]
"""Claims to relief by id, each with the party that claims."""

MOST_UNREAD = 20
"""So many sorts of facts that nothing reads are told one by one."""

OTHERS = "of others"
BEFORE, AFTER = "before the agreement's term", "after the agreement's term"


@dataclass(slots=True)
class Judge:
    """Judges facts one after the other, as they stand in a file.

    Without `sets_aside` facts that nothing reads pass, and are counted in `unread`. `party` is that
    of whoever hands in, `claims` the ids of claims to relief in the record, each with who claims.
    """

    received_at: datetime
    starts_at: datetime
    ends_at: datetime
    names: Mapping[FactKind, frozenset[str]]
    party: str
    claims: Claims = frozenset()
    in_order: bool = False
    sets_aside: bool = True
    unread: Counter[str] = field(default_factory=Counter)
    _latest: dict[tuple[FactKind, str], datetime] = field(default_factory=dict)

    def judge(self, kind: FactKind, fact: Fact) -> list[Wrong]:
        """What a person should look at."""
        at = INSTANT[kind](fact)
        wrong: list[Wrong] = []
        latest = self.received_at + TOLERANCE
        for column, get in PAST[kind]:
            happened = get(fact)
            if happened is not None and happened > latest:
                wrong.append(_future(column, happened))
        if (named := NAMED.get(kind)) is not None:
            column, _, what = named
            name = getattr(fact, column)
            if name is not None and name not in self.names[kind]:
                if self.sets_aside or column == KPIS:
                    wrong.append(self._unknown(kind, column, what, name))
                else:
                    self._count(f"of the {what} '{clipped(name)}'")
        if not self.starts_at <= at < self.ends_at:
            if self.sets_aside:
                wrong.append(self._outside(kind, at))
            else:
                self._count(BEFORE if at < self.starts_at else AFTER)
        if isinstance(fact, ReliefFact):
            wrong += others(fact, self.party, self.claims)
        if self.in_order and kind in GROUPS:
            wrong += self._order(kind, fact, at, counts=not wrong)
        return wrong

    def _unknown(self, kind: FactKind, column: str, what: str, name: str) -> Wrong:
        known = ", ".join(f"`{each}`" for each in sorted(self.names[kind])[:10])
        return Wrong(
            column,
            FactRule.NAME_IN_NO_EDITION,
            f"no edition of the agreement names the {what} '{clipped(name)}'",
            f"correct it to one of {known}" if known else "discard it, or amend the agreement",
        )

    def _outside(self, kind: FactKind, at: datetime) -> Wrong:
        return Wrong(
            COLUMN[kind],
            FactRule.OUTSIDE_TERM,
            f"{at:%Y-%m-%d %H:%M} UTC is outside the agreement's term, "
            f"{self.starts_at:%Y-%m-%d} to {self.ends_at:%Y-%m-%d}",
            "release it if it belongs to the term all the same, or else discard it",
        )

    def _count(self, what: str) -> None:
        known = what in self.unread or len(self.unread) < MOST_UNREAD
        self.unread[what if known else OTHERS] += 1

    def _order(self, kind: FactKind, fact: Fact, at: datetime, *, counts: bool) -> list[Wrong]:
        """Whether it is older than what stands before it; only what `counts` is compared with."""
        group = kind, str(getattr(fact, GROUPS[kind]))
        latest = self._latest.get(group, at)
        if at < latest:
            return [
                Wrong(
                    COLUMN[kind],
                    FactRule.OUT_OF_ORDER,
                    f"it is earlier than what stands before it of '{clipped(group[1])}', "
                    f"{latest:%Y-%m-%d %H:%M:%S} UTC",
                    "release it if the file is only sorted otherwise",
                )
            ]
        if counts:
            self._latest[group] = at
        return []


def _future(column: str, at: datetime) -> Wrong:
    return Wrong(
        column,
        FactRule.FUTURE,
        f"{column} {at:%Y-%m-%d %H:%M:%S} UTC is after the file was received",
        "correct the year or the zone; hand it in again when it has happened",
    )


def others(fact: ReliefFact, party: str, claims: Claims) -> list[Wrong]:
    """What of a claim to relief is for the other party to say: nobody decides on a claim of his own.

    Who claims hands in the claim, and the other party its decision. The client may grant what the
    provider has only asked for in a letter; the provider needs the client's claim in the record,
    for a result that is excused is to his favour.
    """
    claimed_by = fact.claimed_by
    if claimed_by not in PARTIES:
        said = f"'{clipped(claimed_by)}' is no party to the agreement"
        return [Wrong("claimed_by", FactRule.OTHER_PARTY, said, "write `client` or `provider`")]
    if fact.decision == Decision.PENDING:
        if party == claimed_by:
            return []
        said = f"a claim of the {claimed_by} is not for the {party} to make"
        remedy = f"have a contact of the {claimed_by} hand it in, or write `{party}`"
        return [Wrong("claimed_by", FactRule.OTHER_PARTY, said, remedy)]
    if party == claimed_by:
        other = other_party(party)
        said = f"the {party} claims this relief, and only the {other} decides on it"
        remedy = f"write `pending`, and have a contact of the {other} hand in its decision"
        return [Wrong("decision", FactRule.OTHER_PARTY, said, remedy)]
    if party == "provider" and (fact.id, claimed_by) not in claims:
        said = f"the record has no claim '{clipped(fact.id)}' of the {claimed_by} to decide on"
        remedy = f"have a contact of the {claimed_by} hand in the claim first"
        return [Wrong("decision", FactRule.OTHER_PARTY, said, remedy)]
    return []


def late(kind: FactKind, until: datetime) -> Wrong:
    """A fact that touches no period that can still be restated; the last could be `until` then."""
    return Wrong(
        COLUMN[kind],
        FactRule.LATE,
        f"it comes too late: what it belongs to could be restated until {until:%Y-%m-%d %H:%M} UTC",
        "release it to keep it all the same, which changes no figure; or discard it",
    )


def archived(kind: FactKind, name: str, gone: datetime) -> Wrong:
    """What is wrong with a fact that lies in months that are gone, or changes what went with them."""
    return Wrong(
        COLUMN[kind],
        FactRule.ARCHIVED,
        f"'{clipped(name)}' lies before {gone:%Y-%m}, or changes what did or befalls it; these facts "
        "are archived and are judged no more",
        "leave it out; an assessment of the archive together with this file tells what it changes",
    )


INSTANT: dict[FactKind, Callable[[Any], datetime]] = {
    shelf.kind: attrgetter(shelf.at) for shelf in SHELVES.values()
}
"""The instant at which a fact stands."""

COLUMN: dict[FactKind, str] = {
    shelf.kind: shelf.at.removesuffix("_at") for shelf in SHELVES.values()
}
"""The column that says it."""

HAPPENED = {
    FactKind.TICKET: ("opened_at", "responded_at", "resolved_at", "closed_at"),
    FactKind.TICKET_EVENT: ("at",),
    FactKind.SAMPLE: ("at",),
    FactKind.INTERVAL: ("end",),
    FactKind.OUTAGE: ("end",),
    FactKind.SURVEY: ("at",),
    FactKind.COUNT: ("end",),
    FactKind.EVENT: ("at",),
    FactKind.INDEX: ("published",),
    FactKind.RELIEF: ("decided_at",),
}
"""What has happened when it is told. Charges, credits and reported periods may lie ahead."""

PAST: dict[FactKind, tuple[tuple[str, Callable[[Any], datetime | None]], ...]] = {
    kind: tuple(
        (name if kind == FactKind.RELIEF else name.removesuffix("_at"), attrgetter(name))
        for name in HAPPENED.get(kind, ())
    )
    for kind in FactKind
}
