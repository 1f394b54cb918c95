"""Make the facts of this example. They are synthetic: no helpdesk and nobody stands behind them.

They tell a story that was decided beforehand (`BAD_DAYS`, `BAD_WEEKS`, `BAD_MONTHS`): chance only
spreads it over tickets and requests. The same seed makes the same bytes.
"""

import argparse
import csv
import random  # noqa: TID251 - it is seeded, and nothing here is a secret
import sys
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from math import fsum
from pathlib import Path
from zoneinfo import ZoneInfo

SEED = 2027
ZONE = ZoneInfo("Europe/London")

FIRST_DAY = date(2027, 1, 4)
LAST_DAY = date(2027, 7, 31)

BAD_DAYS = (date(2027, 3, 8), date(2027, 3, 21))
"""First and last day of the fortnight in which people waited more than a day for an answer."""

BAD_WEEKS = (date(2027, 5, 10), date(2027, 5, 17))
"""Mondays of the weeks with too many errors."""

BAD_MONTHS = ((2027, 4),)
"""When people said what they thought of that fortnight."""

TICKETS = {"working day": (10, 14), "weekend": (3, 5)}
REQUESTS = {"working day": (35, 43), "weekend": (8, 12)}
"""Fewest and most of a day. Most requests are handled at once and need no ticket."""

RESPONSE_H = {"good": (3.5, 9.5), "bad": (26.0, 34.0)}
"""Hours: the lowest and highest mean of a day."""

ERRORS = {"good": (0.006, 0.014), "bad": (0.026, 0.038)}
"""The share of a week's requests that went wrong."""

DISCONTENT = {"good": (0.06, 0.08), "bad": (0.12, 0.15)}
"""The share of a month's scores that is below 4."""

PRIORITIES = {"critical": 0.05, "high": 0.2, "normal": 0.55, "low": 0.2}
TYPES = {"incident": 0.5, "request": 0.35, "question": 0.15}
"""Shares of the tickets."""

WAITS = {"critical": 0.5, "high": 0.75, "normal": 1.0, "low": 1.25}
"""How long a priority waits, compared with the others."""

ANSWERED_SURVEYS = 0.25

TICKET_COLUMNS = ("id", "opened", "responded", "resolved", "closed", "priority", "type")
SAMPLE_COLUMNS = ("id", "series", "at", "value")


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket and its instants, in UTC."""

    id: str
    opened: datetime
    responded: datetime
    resolved: datetime
    closed: datetime
    priority: str
    type: str


class Chance:
    """All chance comes from `random()`, the one sequence that Python promises never to change."""

    def __init__(self, seed: int) -> None:
        """Begin the sequence of a seed."""
        self._random = random.Random(seed).random

    def happens(self, probability: float) -> bool:
        """Whether something happens that happens so often."""
        return self._random() < probability

    def between(self, least: float, most: float) -> float:
        """Any number in a range."""
        return least + (most - least) * self._random()

    def count(self, least: int, most: int) -> int:
        """A whole number from `least` to `most`."""
        return least + int(self._random() * (most - least + 1))

    def pick(self, weights: dict[str, float]) -> str:
        """One of several, each as often as its weight says."""
        edges = list(accumulate(weights.values()))
        return list(weights)[bisect(edges, self._random() * edges[-1], hi=len(edges) - 1)]

    def some(self, number: int, of: int) -> set[int]:
        """So many different places of a list of length `of`."""
        places = sorted((self._random(), place) for place in range(of))
        return {place for _, place in places[:number]}


def days() -> Iterator[date]:
    """Every day of the story."""
    for number in range((LAST_DAY - FIRST_DAY).days + 1):
        yield FIRST_DAY + timedelta(days=number)


def volume(day: date) -> str:
    """How busy a day is."""
    saturday = 5
    return "weekend" if day.weekday() >= saturday else "working day"


def instants(chance: Chance, day: date, number: int) -> list[datetime]:
    """So many different minutes of one day from 07:00 to 20:59, in order, in UTC."""
    opening = datetime.combine(day, time(7), ZONE).astimezone(UTC)
    return [opening + timedelta(minutes=minute) for minute in sorted(chance.some(number, 14 * 60))]


def make_tickets(chance: Chance) -> list[Ticket]:
    """All tickets in the order of their opening."""
    tickets: list[Ticket] = []
    for day in days():
        first, last = BAD_DAYS
        level = chance.between(*RESPONSE_H["bad" if first <= day <= last else "good"])
        opened = instants(chance, day, chance.count(*TICKETS[volume(day)]))
        tickets += tickets_of_day(chance, opened, level, len(tickets) + 1)
    return tickets


def tickets_of_day(
    chance: Chance, opened: list[datetime], mean_h: float, number: int
) -> Iterator[Ticket]:
    """The tickets of one day. Their waits differ; their mean is given, to the minute."""
    priorities = [chance.pick(PRIORITIES) for _ in opened]
    waits = [WAITS[priority] * chance.between(0.7, 1.3) for priority in priorities]
    scale = mean_h * len(waits) / fsum(waits)
    for place, (at, priority, wait) in enumerate(zip(opened, priorities, waits, strict=True)):
        responded = at + hours(wait * scale)
        resolved = responded + hours(chance.between(0.3, 9))
        closed = resolved + hours(chance.between(0.3, 6))
        kind = chance.pick(TYPES)
        yield Ticket(f"T{number + place:05}", at, responded, resolved, closed, priority, kind)


def hours(number: float) -> timedelta:
    """So many hours, in whole minutes."""
    return timedelta(minutes=round(number * 60))


def request_errors(chance: Chance) -> Iterator[tuple[str, str, datetime, int]]:
    """Each handled request: 1 when it went wrong, otherwise 0."""
    weeks: dict[date, list[datetime]] = defaultdict(list)
    for day in days():
        monday = day - timedelta(days=day.weekday())
        weeks[monday] += instants(chance, day, chance.count(*REQUESTS[volume(day)]))
    number = 0
    for monday, handled in weeks.items():
        share = chance.between(*ERRORS["bad" if monday in BAD_WEEKS else "good"])
        wrong = chance.some(round(share * len(handled)), len(handled))
        for place, at in enumerate(handled):
            number += 1
            yield f"R{number:05}", "request_error", at, int(place in wrong)


def satisfaction(
    chance: Chance, tickets: Iterable[Ticket]
) -> Iterator[tuple[str, str, datetime, int]]:
    """The scores, 1 to 5, of those who answered the survey after their ticket was closed."""
    months: dict[tuple[int, int], list[tuple[str, datetime]]] = defaultdict(list)
    for ticket in tickets:
        if chance.happens(ANSWERED_SURVEYS):
            at = ticket.closed + hours(chance.between(0.5, 20))
            day = at.astimezone(ZONE).date()
            if day <= LAST_DAY:
                months[day.year, day.month].append((f"{ticket.id}/satisfaction", at))
    for month, answers in sorted(months.items()):
        share = chance.between(*DISCONTENT["bad" if month in BAD_MONTHS else "good"])
        low = chance.some(round(share * len(answers)), len(answers))
        for place, (name, at) in enumerate(answers):
            score = chance.count(1, 3) if place in low else chance.count(4, 5)
            yield name, "satisfaction", at, score


def local(at: datetime) -> str:
    """What the clock on the wall showed."""
    return f"{at.astimezone(ZONE):%Y-%m-%dT%H:%M}"


def write(path: Path, columns: tuple[str, ...], rows: Iterable[Iterable[object]]) -> None:
    """A file of facts."""
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def main() -> int:
    """Make both files."""
    parser = argparse.ArgumentParser(description="Make the synthetic facts of the helpdesk.")
    parser.add_argument("--seed", type=int, default=SEED, help=f"{SEED} if silent")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(__file__).parent,
        help="where to write the two files; beside this script if silent",
    )
    arguments = parser.parse_args()
    chance = Chance(arguments.seed)
    tickets = make_tickets(chance)
    samples = [*request_errors(chance), *satisfaction(chance, tickets)]
    samples.sort(key=lambda sample: (sample[2], sample[0]))
    write(
        arguments.folder / "facts-ticket.csv",
        TICKET_COLUMNS,
        (
            (
                ticket.id,
                *map(local, (ticket.opened, ticket.responded, ticket.resolved, ticket.closed)),
                ticket.priority,
                ticket.type,
            )
            for ticket in tickets
        ),
    )
    write(
        arguments.folder / "facts-sample.csv",
        SAMPLE_COLUMNS,
        ((name, series, local(at), value) for name, series, at, value in samples),
    )
    sys.stdout.write(f"{len(tickets):,} tickets, {len(samples):,} samples\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
