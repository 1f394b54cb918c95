"""The dates that follow from the terms alone: when the term begins, and by when to speak up.

How days are counted before the end of a term: back from its last day. A term whose last day is
31 December is over at the midnight after it; sixty days before 31 December is 1 November, and a
notice given on 1 November is in time. Such a date is the beginning of that local day, the last on
which the notice can be given. Months keep the day of the month, or become the last of a shorter
one: two months before 31 December is 31 October.
"""

from datetime import datetime, timedelta

from domain.opening_hours import compiled
from domain.results import Dated
from domain.service_calendar import ServiceCalendar, later
from domain.spans import Span, before
from domain.terms.shape import Terms
from domain.timeline import term_ends_at, term_starts_at
from domain.zones import local_date, midnight, zone_named


def dates(terms: Terms) -> list[Dated]:
    """The beginning and the end of the first term, and the notices before its end, in order."""
    term, starts_at, ends_at = terms.term, term_starts_at(terms), term_ends_at(terms)
    last = local_date(ends_at, zone_named(terms.zone)) - timedelta(days=1)
    months = "1 month" if term.months == 1 else f"{term.months} months"
    found = [
        Dated("term_start", starts_at, f"the beginning of {term.starts_on}, the first day"),
        Dated(
            "expiry", ends_at, f"{months} from {term.starts_on}: the end of {last}, the last day"
        ),
    ]
    renewal = terms.renewal
    if renewal is not None:
        found.append(_before_the_end(terms, "renewal_notice", renewal.notice))
        if renewal.decide_before is not None:
            found.append(_before_the_end(terms, "renewal_decision", renewal.decide_before))
    return sorted(found, key=lambda each: each.at)


def _before_the_end(terms: Terms, key: str, span: Span) -> Dated:
    zone = zone_named(terms.zone)
    last = local_date(term_ends_at(terms), zone) - timedelta(days=1)
    at = before(midnight(last, zone), span, zone)
    day = local_date(at, zone)
    return Dated(key, at, f"{span} before {last}, the last day of the term: in time on {day}")


def after_agreed(terms: Terms, at: datetime, span: Span) -> datetime:
    """The instant a span after `at`, by the zone and the working days of the terms."""
    return later(at, span, zone_named(terms.zone), working_calendar(terms))


def working_calendar(terms: Terms) -> ServiceCalendar | None:
    """The calendar whose open days are working days; None where that is Monday to Friday."""
    if terms.working_days is None:
        return None
    return compiled(terms.calendars[terms.working_days], zone_named(terms.zone))
