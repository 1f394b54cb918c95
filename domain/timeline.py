"""The editions of an agreement's terms, and which of them is in force when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from domain.periods import Period, periods
from domain.spans import add_months
from domain.terms.shape import Terms
from domain.zones import midnight, zone_named


@dataclass(frozen=True, slots=True)
class Edition:
    """Terms in force from `starts_at`. A period goes by the edition in force as it begins.

    With `splits`, a period in which the edition begins is split there into two.
    """

    number: int
    terms: Terms
    starts_at: datetime
    splits: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """At least one edition, in the order in which they take effect; the first begins the term."""

    editions: tuple[Edition, ...]

    def at(self, instant: datetime) -> Edition:
        """The edition in force; before the first begins, the first."""
        found = self.editions[0]
        for edition in self.editions[1:]:
            if edition.starts_at <= instant:
                found = edition
        return found

    @property
    def ends_at(self) -> datetime:
        """The end of the term, by the newest edition."""
        return term_ends_at(self.latest)

    @property
    def latest(self) -> Terms:
        """The newest terms."""
        return self.editions[-1].terms

    def periods(self, kpi: str, start: datetime, end: datetime) -> Iterator[tuple[Edition, Period]]:
        """The periods of a KPI from `start` to `end`, each with its edition."""
        cursor = start
        while cursor < end:
            edition = self.at(cursor)
            found = [each for each in edition.terms.kpis if each.key == kpi]
            if not found:
                # This edition does not know the KPI: go on where the next begins.
                cursor = min(
                    (each.starts_at for each in self.editions if each.starts_at > cursor),
                    default=end,
                )
                continue
            zone = zone_named(edition.terms.zone)
            until = min(
                (
                    each.starts_at
                    for each in self.editions
                    if each.splits and each.starts_at > cursor
                ),
                default=end,
            )
            period = next(periods(found[0].every, zone, cursor, min(until, end)))
            yield edition, period
            cursor = period.end


def term_starts_at(terms: Terms) -> datetime:
    """The instant at which the first day of the term begins."""
    return midnight(terms.term.starts_on, zone_named(terms.zone))


def term_ends_at(terms: Terms) -> datetime:
    """The instant at which the term is over."""
    last = add_months(terms.term.starts_on, terms.term.months)
    return midnight(last, zone_named(terms.zone))
