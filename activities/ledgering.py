"""What hangs on results: points and defaults, the ledger, triggers; of these, only what is new.

Everything is reckoned again from the results that the record holds, by the rules that assess an
agreement offline. What comes to the same changes nothing.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.evaluating import Measured
from activities.world import Happening, note, tell
from domain.charges import ChargeBook
from domain.events import Event
from domain.facts.book import FactBook
from domain.identifiers import right_subject
from domain.money import Money
from domain.points import judged
from domain.remedies.ledger import ledger, settlement_credits, with_withholding
from domain.remedies.wording import figure, name_of
from domain.results import Dim, Fired, Line, Result, RightArisen
from domain.schedule import keys_of
from domain.terms.shape import Agreement
from domain.timeline import Timeline
from domain.triggers import fire
from domain.zones import local_date
from notices.templates import Draft, Template
from store.ledger import (
    Entered,
    Firing,
    SetOff,
    ended,
    enter,
    fired_so_far,
    is_nothing,
    is_same,
    lines_of,
    row_of,
    set_off,
)
from store.results import (
    Evaluated,
    Kept,
    judgement,
    keep_results,
    readable,
    results_until,
)
from store.results import is_same as is_same_result


@dataclass(slots=True)
class Account:
    """What the record holds of an agreement, kept up while one due instant follows the other."""

    agreement: str
    timeline: Timeline
    ends_at: datetime
    kept: list[Kept]
    lines: dict[str, dict[str, Any]]
    fired: list[Firing]

    @property
    def results(self) -> list[Result]:
        """The results as their facts gave them."""
        return [each.result for each in self.kept]


async def account_of(
    connection: AsyncConnection, agreement: str, timeline: Timeline, ends_at: datetime
) -> Account:
    """Read what the record holds."""
    return Account(
        agreement,
        timeline,
        ends_at,
        await results_until(connection, agreement, timeline),
        await lines_of(connection, agreement),
        await fired_so_far(connection, agreement),
    )


@dataclass(frozen=True, slots=True)
class Instant:
    """The instant as of which something is settled, when that is done, and what is known then.

    `because` tells of the facts that came late, when it is them that are settled.
    """

    due_at: datetime
    now: datetime
    known: FactBook
    because: Mapping[str, Any] | None = None


async def settle(
    connection: AsyncConnection,
    account: Account,
    measured: Iterable[Measured],
    at: Instant,
    terms: Agreement,
) -> bool:
    """Write the new results and all that follows from them; whether somebody has to be told.

    `terms` are those in force at the instant: they say who hears of a right.
    """
    timeline = account.timeline
    run = _in_order(account, measured)
    results = judged([each.kept.result for each in run], timeline)
    await _evaluated(connection, account, run, results, at)

    charges = ChargeBook(timeline, at.known.charges, account.ends_at)
    made = ledger(timeline, results, charges, at.known.credits, at.known.events, at.due_at)
    fired, rights, _ = fire(timeline, results, settlement_credits(made), at.known.events)
    made = with_withholding(made, fired)
    await _entered(connection, account, made.lines, results, charges, at)
    return await _set_off(connection, account, fired, rights, at, terms)


@dataclass(frozen=True, slots=True)
class _Found:
    """A result as it is kept or to be kept, and the one that it restates."""

    kept: Kept
    restates: Kept | None = None


def _in_order(account: Account, measured: Iterable[Measured]) -> list[_Found]:
    """All results, as the assessment has them: by KPI, period and dimension.

    New ones have no revision yet. One that comes to what is known of it is none.
    """
    found = {_place(each.result): _Found(each) for each in account.kept}
    for each in measured:
        known = found.get(_place(each.result))
        if known is None:
            new = Kept(each.result, 0, {}, each.facts, each.missing)
            found[_place(each.result)] = _Found(new)
        elif not is_same_result(known.kept.result, each.result):
            again = Kept(each.result, known.kept.revision, {}, each.facts, each.missing)
            found[_place(each.result)] = _Found(again, known.kept)
    places = {key: place for place, key in enumerate(keys_of(account.timeline))}
    return sorted(
        found.values(),
        key=lambda each: (
            places[each.kept.result.kpi.key],
            each.kept.result.period.start,
            each.kept.result.dim,
        ),
    )


def _place(result: Result) -> tuple[str, Dim, datetime]:
    return result.kpi.key, result.dim, result.period.start


async def _evaluated(
    connection: AsyncConnection,
    account: Account,
    run: Sequence[_Found],
    results: Sequence[Result],
    at: Instant,
) -> None:
    """Write results that are new or restated, and those that count for something else by now."""
    news: list[Evaluated] = []
    account.kept = []
    for found, result in zip(run, results, strict=True):
        kept, said = found.kept, judgement(result)
        if kept.judged == said:
            account.kept.append(kept)
            continue
        revision = kept.revision + 1
        restated = None if found.restates is None else _restated(found.restates, at)
        news.append(
            Evaluated(kept.result, result, revision, at.due_at, kept.facts, kept.missing, restated)
        )
        account.kept.append(replace(kept, revision=revision, judged=said))
    await keep_results(connection, account.agreement, news, at.now)
    for each in news:
        result = each.judged
        event = Event.PERIOD_EVALUATED if each.restated is None else Event.PERIOD_RESTATED
        subject = f"{account.agreement}/{name_of(result)}"
        happening = Happening(account.agreement, event, subject, at.due_at, (each.revision,))
        points = {} if result.points is None else {"points": figure(result.points.total)}
        restated = {} if each.restated is None else {"restated": dict(each.restated)}
        await note(
            connection,
            happening,
            at.now,
            status=result.status,
            reason=list(result.reason),
            edition=result.edition,
            inputs=result.inputs_digest,
            **points,
            **restated,
        )


def _restated(before: Kept, at: Instant) -> dict[str, Any]:
    """By what a result is restated, and what it was."""
    value = before.result.value
    return {
        **(at.because or {}),
        "before": before.result.status,
        "before_value": None if value is None else f"{readable(value):f}",
    }


# --- the ledger


async def _entered(
    connection: AsyncConnection,
    account: Account,
    lines: Iterable[Line],
    results: Iterable[Result],
    charges: ChargeBook,
    at: Instant,
) -> None:
    """Enter lines that are new or come to something else, and end those that are no more."""
    periods = {(each.kpi.key, each.dim, each.period.start): each.period.key for each in results}
    rows: list[dict[str, Any]] = []
    gone = dict(account.lines)
    for line in lines:
        known = gone.pop(line.id, None)
        revision = 1 if known is None else known["revision"] + 1
        period = periods.get((line.kpi or "", line.dim, line.start)) or _named(line, charges)
        row = row_of(
            account.agreement, Entered(line, period, revision, charges.currency), at.due_at
        )
        if known is None or not is_same(row, known):
            rows.append(row)
    rows += [ended(known, at.due_at) for known in gone.values() if not is_nothing(known)]
    await enter(connection, rows)
    for row in rows:
        account.lines[row["line"]] = row
        await _proposed(connection, account.agreement, row, at)


def _named(line: Line, charges: ChargeBook) -> str:
    """The key of the period of a line that follows from no single result."""
    if line.start == line.settles.start:
        return line.settles.key
    return f"{local_date(line.start, charges.zone)}"


async def _proposed(
    connection: AsyncConnection, agreement: str, row: dict[str, Any], at: Instant
) -> None:
    """Note what a revision of a line comes to; a first one of nothing is no news."""
    if row["revision"] == 1 and is_nothing(row):
        return
    minor, percent = row["amount_minor"], row["percent"]
    happening = Happening(
        agreement,
        Event.CREDIT_PROPOSED,
        f"{agreement}/{row['line']}",
        at.due_at,
        (row["revision"],),
    )
    await note(
        connection,
        happening,
        at.now,
        type=row["type"],
        about=row["kpi"] or row["remedy"],
        period=row["period"],
        month=row["month"],
        percent=None if percent is None else f"{percent:f}",
        amount=None if minor is None else str(Money(minor, row["currency"])),
    )


# --- what is set off


async def _set_off(
    connection: AsyncConnection,
    account: Account,
    fired: Iterable[Fired],
    rights: Iterable[RightArisen],
    at: Instant,
    terms: Agreement,
) -> bool:
    """Write triggers that fired, and tell both sides of the rights that new ones give."""
    news = list(_news(account.fired, fired, deque(rights)))
    await set_off(connection, account.agreement, news, at.due_at)
    account.fired += [each.firing for each in news]
    for each in news:
        if each.is_new:
            await _noted(connection, account.agreement, each, at, terms)
    return any(each.right and each.is_new for each in news)


def _news(
    known: Iterable[Firing], fired: Iterable[Fired], rights: deque[RightArisen]
) -> Iterator[SetOff]:
    """Firings that the record does not have, and those for which more periods count by now."""
    latest = {(each.trigger, each.fired_at, each.number): each for each in known}
    for each in fired:
        right = None
        if rights and (rights[0].trigger, rights[0].arises) == (each.key, each.fired_at):
            right = rights.popleft()
        firing = _firing(each, [*latest.values()])
        if latest.get((each.key, each.fired_at, firing.number)) != firing:
            yield SetOff(firing, each, right)


def _firing(fired: Fired, known: Iterable[Firing]) -> Firing:
    """The firing as the record has it, or is to have it: the same run has a period in common."""
    there = [each for each in known if (each.trigger, each.fired_at) == (fired.key, fired.fired_at)]
    for each in there:
        if each.periods == fired.periods:
            return each
    for each in there:
        if set(each.periods) & set(fired.periods):
            return replace(each, revision=each.revision + 1, periods=fired.periods)
    number = max((each.number for each in there), default=0) + 1
    return Firing(fired.key, fired.fired_at, number, 1, fired.periods)


async def _noted(
    connection: AsyncConnection, agreement: str, each: SetOff, at: Instant, terms: Agreement
) -> None:
    """Note that a trigger fired, and the right that it gives."""
    what = each.fired
    parts = (what.fired_at.isoformat(), each.firing.number)
    subject = f"{agreement}/{what.key}"
    happening = Happening(agreement, Event.TRIGGER_FIRED, subject, at.due_at, parts)
    await note(
        connection,
        happening,
        at.now,
        then=what.then,
        fired_at=what.fired_at.isoformat(),
        periods=list(what.periods),
        reason=list(what.reason),
    )
    if each.right is not None:
        await _arisen(connection, agreement, each, each.right, at, terms)


async def _arisen(
    connection: AsyncConnection,
    agreement: str,
    each: SetOff,
    right: RightArisen,
    at: Instant,
    terms: Agreement,
) -> None:
    """Note a right, and tell those who decide of the agreement's going on, on both sides."""
    subject = right_subject(agreement, right.key)
    step = f"{right.arises:%Y-%m-%d}-{each.firing.number}"
    happening = Happening(agreement, Event.RIGHT_ARISEN, subject, at.due_at, (step,))
    exercise_by = right.exercise_by
    await note(
        connection,
        happening,
        at.now,
        kind=right.kind,
        trigger=right.trigger,
        arises_at=right.arises.isoformat(),
        effective_at=right.effective.isoformat(),
        exercise_by=None if exercise_by is None else exercise_by.isoformat(),
        reason=list(right.reason),
    )
    draft = Draft(
        Template.RIGHT_ARISEN,
        {
            "right": right.kind.replace("_", " "),
            "trigger": right.trigger,
            "reason": " ".join(each.fired.reason),
            "note": " ".join(right.reason),
        },
        {},
        at.due_at,
        at.now,
    )
    renewal = terms.renewal
    to = dict.fromkeys((renewal.decided_by, renewal.confirmed_by))
    await tell(connection, agreement, subject, step, to, draft)
