"""One KPI of a small agreement, performed over facts: say only what the test is about."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.facts import (
    CountFact,
    Decision,
    EventFact,
    Fact,
    Interval,
    Outage,
    PeriodResult,
    ReliefFact,
    Sample,
    Survey,
    Ticket,
)
from domain.facts.book import book
from domain.performance import Performance, all_performances, performance
from domain.results import Result
from domain.terms.shape import Terms
from domain.timeline import Edition, Timeline, term_ends_at, term_starts_at

START = datetime(2027, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    """`01-04 09:30` of 2027, UTC, or a full date."""
    said = text if text[4] == "-" else f"2027-{text}"
    return datetime.fromisoformat(said).replace(tzinfo=UTC)


def number(text: str | float | None) -> Decimal | None:
    return None if text is None else Decimal(str(text))


def sample(name: str, when: str, value: str | None, **columns: str) -> Sample:
    return Sample(name, "latency", at(when), number(value), columns)


def ticket(name: str, opened: str, resolved: str | None = None, **columns: str) -> Ticket:
    return Ticket(
        name, at(opened), resolved_at=(resolved and at(resolved)) or None, columns=columns
    )


def interval(
    name: str,
    start: str,
    good: str | None = None,
    total: str = "100",
    *,
    bad: str | None = None,
    minutes: int = 5,
    repeat: int = 1,
    **columns: str,
) -> Interval:
    begins = at(start)
    ends = begins + timedelta(minutes=minutes)
    counts = number(good), number(bad), Decimal(total)
    return Interval(name, "requests", begins, ends, *counts, repeat, columns)


def outage(
    name: str,
    start: str,
    minutes: float,
    cause: str = "fault",
    users: str | None = None,
    **columns: str,
) -> Outage:
    ends = at(start) + timedelta(minutes=minutes)
    return Outage(name, "web", at(start), ends, cause, number(users), columns)


def survey(name: str, when: str, score: str, scale: str = "10", **columns: str) -> Survey:
    return Survey(name, at(when), "csat", Decimal(score), Decimal(scale), columns)


def count(id_: str, when: str, name: str, value: str, **columns: str) -> CountFact:
    start = at(when)
    day = timedelta(days=1)
    return CountFact(id_, "calls", start, start + day, name, Decimal(value), columns)


def event(name: str, when: str, due: str | None = None, value: str | None = None) -> EventFact:
    return EventFact(name, at(when), "report", due=(due and at(due)) or None, value=number(value))


def reported(name: str, start: str, end: str, kpi: str = "k", **said: Any) -> PeriodResult:
    columns = said.pop("columns", {})
    figures: dict[str, Any] = {
        key: value if isinstance(value, bool) or key == "source" else number(value)
        for key, value in said.items()
    }
    return PeriodResult(name, kpi, at(start), at(end), columns=columns, **figures)


def relief(name: str, start: str, end: str, kpi: str | None = None, **said: Any) -> ReliefFact:
    given = {"ground": "flood", "claimed_by": "provider", "decision": Decision.APPROVED} | said
    return ReliefFact(name, kpi, at(start), at(end), **given)


LATENCY = {"kind": "mean", "series": "latency"}


def terms(*kpis: dict[str, Any], **sections: Any) -> Terms:
    """An agreement of 2027 with these KPIs, of which the first is `k`."""
    named = [{"key": "k", "unit": "%", "measure": LATENCY, "every": "month"} | kpi for kpi in kpis]
    return Terms.model_validate(
        {
            "agreement": "hosting",
            "title": "Hosting",
            "zone": "UTC",
            "term": {"starts_on": "2027-01-01", "months": "12"},
            "kpis": named,
        }
        | sections
    )


def timeline(*editions: Terms) -> Timeline:
    """One edition from the start, or several from the months after it on."""
    starts = term_starts_at(editions[0])
    return Timeline(
        tuple(
            Edition(index + 1, each, starts.replace(month=1 + index))
            for index, each in enumerate(editions)
        )
    )


def perform(
    agreed: Terms | Timeline,
    *facts: Fact,
    key: str = "k",
    until: str | None = "02-01",
    known_at: str | None = None,
) -> Performance:
    """One KPI's performance, by itself in January."""
    over = agreed if isinstance(agreed, Timeline) else timeline(agreed)
    first = over.editions[0].terms
    ends = term_ends_at(first) if until is None else at(until)
    known = None if known_at is None else at(known_at)
    return performance(over, key, book(facts, known), term_starts_at(first), ends, known)


def perform_all(agreed: Terms, *facts: Fact, until: str | None = "02-01") -> Performance:
    """Every KPI's performance."""
    end = term_ends_at(agreed) if until is None else at(until)
    ends = {kpi.key: end for kpi in agreed.kpis}
    return all_performances(timeline(agreed), book(facts), term_starts_at(agreed), ends, None)


def january(measure: dict[str, Any], *facts: Fact, **kpi: Any) -> Result:
    """The one result of a KPI so measured in January."""
    sections = kpi.pop("sections", {})
    known_at = kpi.pop("known_at", None)
    agreed = terms({"measure": measure} | kpi, **sections)
    (result,) = perform(agreed, *facts, known_at=known_at).results
    return result
