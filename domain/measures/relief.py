"""Relief that was granted: which time it takes out, and which periods it excuses.

A claim counts once the other side approved it, for a ground that the terms know, by a party that
may claim it, handed in in time. One that fails in any of that changes nothing, and is told of.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.facts import Decision, ReliefFact
from domain.measures.cuts import Cut, joined, within
from domain.measures.words import local
from domain.results import Trouble
from domain.service_calendar import ServiceCalendar, later
from domain.terms.consequences import Relief
from domain.terms.shape import Terms


@dataclass(frozen=True, slots=True)
class Granted:
    """A claim that counts, and the term on which it rests."""

    fact: ReliefFact
    ground: Relief

    @property
    def cut(self) -> Cut:
        """The time that it excuses."""
        return self.fact.start, self.fact.end


def granted(
    fact: ReliefFact,
    terms: Terms,
    zone: ZoneInfo,
    working: ServiceCalendar | None = None,
    known_at: datetime | None = None,
) -> Granted | Trouble | None:
    """The claim as it counts; None while it is not approved. `working` has the working days."""
    if fact.decision != Decision.APPROVED:
        return None
    if known_at is not None and fact.decided_at is not None and fact.decided_at >= known_at:
        return None
    ground = next((each for each in terms.relief if each.ground == fact.ground), None)
    if ground is None:
        known = ", ".join(f"`{each.ground}`" for each in terms.relief) or "none"
        return _refused(fact, f"the terms know no ground `{fact.ground}`", f"they know {known}")
    if ground.claimed_by not in {"either", fact.claimed_by}:
        message = f"`{fact.ground}` is not for {fact.claimed_by} to claim"
        return _refused(fact, message, f"it is claimed by {ground.claimed_by}")
    if ground.claim_within is not None and fact.received_at is not None:
        until = later(fact.end, ground.claim_within, zone, working)
        if fact.received_at > until:
            message = f"it was claimed at {local(fact.received_at, zone)}, too late"
            remedy = f"claims are due {ground.claim_within} after the end, {local(until, zone)}"
            return _refused(fact, message, remedy)
    return Granted(fact, ground)


def _refused(fact: ReliefFact, message: str, remedy: str) -> Trouble:
    return Trouble(f"relief/{fact.id}", f"relief {fact.id} does not count: {message}", remedy)


@dataclass(frozen=True, slots=True)
class Excuse:
    """What relief does to one period: the time that is taken out, or the whole period.

    `unheeded` is relief that a reported figure cannot be freed of.
    """

    cut: tuple[Cut, ...] = ()
    whole: tuple[Granted, ...] = ()
    partly: tuple[Granted, ...] = ()
    unheeded: tuple[Granted, ...] = ()


NO_EXCUSE = Excuse()


def excuse(reliefs: Iterable[Granted], start: datetime, end: datetime, *, reported: bool) -> Excuse:
    """What the claims do to a period.

    Of a period that was reported as a whole no time can be taken out: it is excused where relief
    covers all of it, or excuses periods; else whoever reports has to report without that time.
    """
    touching = tuple(each for each in reliefs if list(within([each.cut], start, end)))
    if not touching:
        return NO_EXCUSE
    by_period = tuple(each for each in touching if each.ground.effect == "period")
    if by_period:
        return Excuse(whole=by_period)
    cut = joined(within((each.cut for each in touching), start, end))
    if cut == ((start, end),):
        return Excuse(whole=touching)
    return Excuse(unheeded=touching) if reported else Excuse(cut=cut, partly=touching)


def sentences(excused: Excuse, zone: ZoneInfo) -> tuple[str, ...]:
    """Which relief was granted, and what it does."""
    return tuple(
        f"{_told(each, zone)} {does}."
        for all_of, does in (
            (excused.whole, "excuses the period"),
            (excused.partly, "leaves out what happened in that time"),
            (excused.unheeded, "changes nothing in a figure that was reported as a whole"),
        )
        for each in all_of
    )


def _told(each: Granted, zone: ZoneInfo) -> str:
    fact = each.fact
    clause = f" (clause {each.ground.clause})" if each.ground.clause else ""
    span = f"{local(fact.start, zone)} to {local(fact.end, zone)}"
    return f"Relief {fact.id} for `{fact.ground}`{clause} from {span}"
