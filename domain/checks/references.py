"""What names something must name something that is there, once, and not itself.

Each rule is a short function that yields what it finds in one part of an agreement; the table at
the end says which part. `domain.terms_check` runs them with all others.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from domain.opening_hours import calendar_problems, last_holiday
from domain.spans import add_months
from domain.terms.calendars import Calendar
from domain.terms.consequences import Consequence, DatedStep, Relief, Trigger
from domain.terms.kinds import until_a_hole, values_at
from domain.terms.problems import Findings, Found, Rule, Rules
from domain.terms.shape import Terms
from domain.terms.wording import unknown_name


class Keyed(Protocol):
    """Something that is named by a key of its own."""

    @property
    def key(self) -> str:
        """Its key."""
        ...


def keys_are_unique(items: Iterable[Keyed]) -> Findings:
    """A key names one thing."""
    yield from _once(((item.key for item in items)), "key")


def grounds_are_unique(items: Iterable[Relief]) -> Findings:
    """A ground of relief is described once."""
    yield from _once((item.ground for item in items), "ground")


def _once(keys: Iterable[str], name: str) -> Findings:
    seen: set[str] = set()
    for index, key in enumerate(keys):
        if key in seen:
            said = f"the key `{key}` is taken already"
            yield Found((index, name), Rule.REPEATED_KEY, said, "give each its own key")
        seen.add(key)


# --- names


NAMES: tuple[tuple[str, str, str], ...] = (
    ("kpis.*.measure.calendar", "calendar", "calendars"),
    ("clocks.*.calendar", "calendar", "calendars"),
    ("clocks.*.limits.*.calendar", "calendar", "calendars"),
    ("working_days", "calendar", "calendars"),
    ("kpis.*.measure.clock", "clock", "clocks"),
    ("kpis.*.provided_by", "further provider", "parties.others"),
    ("kpis.*.supported_by.*", "KPI", "kpis"),
    ("repeats.*.kpis.*", "KPI", "kpis"),
    ("triggers.*.withhold.replaces.*", "remedy", "remedies"),
)
"""Where something is named, what it is called, and where such things stand."""


def names_are_known(terms: Terms) -> Findings:
    """Every calendar, clock, KPI, remedy and provider that is named anywhere is there."""
    for where, what, among in NAMES:
        yield from until_a_hole(_known(terms, where, what, among))
    for path, parts in values_at(terms, "kpis.*.measure.parts"):
        for key in parts:
            if key not in _names(terms, "kpis"):
                yield unknown_name((*path, key), "KPI", key, _names(terms, "kpis"))


def _known(terms: Terms, where: str, what: str, among: str) -> Findings:
    known = _names(terms, among)
    for path, name in values_at(terms, where):
        if name not in known:
            yield unknown_name(path, what, name, known)


def _names(terms: Terms, among: str) -> set[str]:
    """The keys of the things in a mapping or a list."""
    if among in {"calendars", "parties.others"}:
        return {key for _, things in values_at(terms, among) for key in things}
    return {thing.key for _, thing in values_at(terms, f"{among}.*")}


# --- what rests on itself


def kpis_do_not_rest_on_themselves(terms: Terms) -> Findings:
    """No KPI supports itself or is made of itself, however far around."""
    supports = {kpi.key: kpi.supported_by for kpi in terms.kpis}
    parts = {kpi.key: tuple(kpi.measure.parts or ()) for kpi in terms.kpis}
    for index, kpi in enumerate(terms.kpis):
        for rests, where in ((supports, ("supported_by",)), (parts, ("measure", "parts"))):
            if around := _way_back(kpi.key, rests):
                said = f"`{kpi.key}` rests on itself: {' → '.join(around)}"
                path = ("kpis", index, *where)
                yield Found(path, Rule.CIRCULAR, said, "remove one link of that chain")


def _way_back(start: str, leads: Mapping[str, Sequence[str]]) -> list[str]:
    """The way from a key back to itself; empty when there is none."""
    ways, seen = [[start]], {start}
    for way in ways:
        for following in leads.get(way[-1], ()):
            if following == start:
                return [*way, start]
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return []


# --- calendars


def calendars_are_hours(calendar: Calendar) -> Findings:
    """The days and hours of a calendar can be read, and do not overlap."""
    for problem in calendar_problems(calendar):
        said, _, remedy = problem.partition("; ")
        yield Found(("hours",), Rule.BAD_CALENDAR, said, remedy or "correct the hours")


def holidays_last_as_long_as_the_term(terms: Terms) -> Findings:
    """A calendar that knows holidays knows those of the whole term."""
    ends = add_months(terms.term.starts_on, terms.term.months)
    for path, calendar in values_at(terms, "calendars.*"):
        last = last_holiday(calendar)
        if last is not None and last.year < (ends - timedelta(days=1)).year:
            said = f"the last holiday is {last}, and the term ends on {ends}"
            remedy = "add those of the later years; see `covenant calendar holidays`"
            yield Found((*path, "holidays"), Rule.HOLIDAYS_END_EARLY, said, remedy)


# --- triggers


def steps_follow_each_other(steps: Sequence[DatedStep]) -> Findings:
    """What a step follows is another step of the trigger, and not itself."""
    known = {step.key for step in steps}
    leads = {step.key: [step.follows] for step in steps if step.follows is not None}
    for index, step in enumerate(steps):
        if step.follows is None:
            continue
        if step.follows not in known:
            yield unknown_name((index, "follows"), "step", step.follows, known)
        elif around := _way_back(step.key, leads):
            said = f"`{step.key}` follows itself: {' → '.join(around)}"
            yield Found((index, "follows"), Rule.CIRCULAR, said, "let one step follow the trigger")


def termination_rights_are_described(trigger: Trigger) -> Findings:
    """A right to terminate has a notice and a time in which it is exercised."""
    if trigger.then == Consequence.TERMINATION_RIGHT and trigger.right is None:
        said = "nothing says what right arises"
        remedy = "add `right`, for example `right: {kind: termination, notice: 30 days}`"
        yield Found(("then",), Rule.TERMINATION_WITHOUT_RIGHT, said, remedy)


REFERENCE_RULES: Rules = (
    *(
        (where, keys_are_unique)
        for where in ("kpis", "clocks", "remedies", "triggers", "indexation", "triggers.*.steps")
    ),
    ("relief", grounds_are_unique),
    ("", names_are_known),
    ("", kpis_do_not_rest_on_themselves),
    ("calendars.*", calendars_are_hours),
    ("", holidays_last_as_long_as_the_term),
    ("triggers.*.steps", steps_follow_each_other),
    ("triggers.*", termination_rights_are_described),
)
"""The rules, and the parts of an agreement over which they run."""
