"""The summary of an agreement's life, for a terminal."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from domain.money import Money
from reports.story import stamp


def in_words(summary: dict[str, Any], zone: ZoneInfo) -> Iterator[str]:
    """A dozen lines: what was measured, what was missed, who was told, what is owed."""
    yield (
        f"{summary['title']}: {summary['phase']}, term {summary['term']} "
        f"ends {stamp(summary['ends_at'], zone)}, {_several(summary['editions'], 'edition')} of its terms"
    )
    yield "Periods"
    for kpi, each in summary["kpis"].items():
        counted = ", ".join(
            f"{count} {status.replace('_', ' ')}" for status, count in sorted(each.items())
        )
        yield f"  {kpi}: {sum(each.values())} evaluated: {counted}"
    outcomes = _counted(row["outcome"] or f"still {row['state']}" for row in summary["cases"])
    yield f"Cases       {len(summary['cases'])}: {outcomes}"
    rungs = ", ".join(f"level {level}: {count}" for level, count in summary["rungs"].items())
    yield f"Rungs       {sum(summary['rungs'].values())}: {rungs}"
    states = ", ".join(f"{count} {state}" for state, count in summary["notices"].items())
    yield f"Notices     {states}"
    reviews = _counted(row["outcome"] or "open" for row in summary["reviews"])
    yield f"Reviews     {len(summary['reviews'])}: {reviews}"
    changes = _counted(row["state"] for row in summary["changes"])
    yield f"Changes     {len(summary['changes'])}: {changes}"
    renewals = _counted(row["outcome"] or "open" for row in summary["renewals"])
    yield f"Renewals    {len(summary['renewals'])}: {renewals}"
    yield from _owed(summary["credits"])
    yield from _set_off(summary["fired"], summary["rights"])
    waiting = summary["open_tasks"]
    yield f"Still to do {_several(len(waiting), 'task')}"
    for task in waiting:
        due = stamp(task["due_at"], zone) if task["due_at"] else "no date"
        yield f"  {task['title']} ({', '.join(task['owners'])}), due {due}"


def _counted(words: Any) -> str:  # noqa: ANN401 - an iterable of words
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    told = (f"{count} {word.replace('_', ' ')}" for word, count in sorted(counts.items()))
    return ", ".join(told) or "none"


def _several(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _owed(months: list[dict[str, Any]]) -> Iterator[str]:
    """Credits by month; a sum only where amounts are known."""
    if not months:
        yield "Owed        nothing: no credit arose"
        return
    amounts = [row["amount_minor"] for row in months]
    if None in amounts:
        yield f"Owed        credits in {_several(len(months), 'month')}; no charge is known, so no amounts"
    else:
        total = Money(sum(amounts), months[0]["currency"])
        yield f"Owed        {total} in service credits over {_several(len(months), 'month')}"
    for row in months:
        yield f"  {row['month']}: {_due(row)}, from {_several(row['periods'], 'line')}"


def _due(row: dict[str, Any]) -> str:
    """A settlement period's share of the charge, where lines have one, and its amount."""
    if row["due_percent"] is None:
        return str(row["amount"])
    capped = f" (capped from {row['earned_percent']} %)" if row["capped"] else ""
    amount = f": {row['amount']}" if row["amount"] else ""
    return f"{row['due_percent']} % of the month's charge{capped}{amount}"


def _set_off(fired: list[dict[str, Any]], rights: list[dict[str, Any]]) -> Iterator[str]:
    """Triggers that fired, and the rights that they gave; most lives have none."""
    if fired:
        yield f"Triggers    {len(fired)}: {_counted(row['trigger'] for row in fired)}"
    if rights:
        yield f"Rights      {len(rights)}: {_counted(row['kind'] for row in rights)}"
