"""What an agreement must say to be governable: nobody unknown, nothing unmeasurable, nothing dead.

Each rule is a short function that yields what it finds in one part of an agreement; the tables at
the end say which part. A rule also runs over a draft with holes (`domain.terms.kinds`): it says
what it can, and ends at the first hole.
"""

import re
from datetime import date
from typing import Any, TypeVar

from domain.checks.charges import CHARGE_RULES
from domain.checks.clocks import CLOCK_RULES
from domain.checks.governance import GOVERNANCE_RULES
from domain.checks.kpis import KPI_RULES
from domain.checks.measures import MEASURE_RULES
from domain.checks.patterns import patterns_can_come_true
from domain.checks.references import REFERENCE_RULES
from domain.checks.remedies import remedies_become_money
from domain.periods import first_day, next_first_day
from domain.spans import Span, Unit, add_months, fewest_days, most_days, shift
from domain.terms.kinds import until_a_hole, values_at
from domain.terms.problems import Findings, Found, Rule, Rules
from domain.terms.reader import Reading, read
from domain.terms.shape import Agreement, Kpi, Terms

T = TypeVar("T", bound=Terms)

CUT_OFF_DAYS = 59
"""Two months have at least so many days; so this is surely less than two."""

GOVERNANCE = ("milestones", "escalation", "reviews", "changes")
"""A document with none of these sections is there to be assessed, not to be launched."""

ANY_KPI = re.compile(r"^kpis(\.[^.]+|\[\d+\])\.")


def validate(raw: bytes, file: str) -> Reading[Agreement]:
    """Read an agreement to be launched, and check it: every problem at once, in the file's order."""
    return _checked(read(raw, file, Agreement), (*GOVERNANCE_RULES, *RULES))


def validate_terms(raw: bytes, file: str) -> Reading[Terms]:
    """Read terms to be assessed, and check what figures and money hang on."""
    return _checked(read(raw, file, Terms), RULES)


def is_for_assessment(reading: Reading[Any]) -> bool:
    """Whether a readable document says nothing of how it is governed."""
    root = reading.tree.root
    return isinstance(root, dict) and not any(section in root for section in GOVERNANCE)


def missing_for_launch(raw: bytes) -> tuple[str, ...]:
    """The keys that would have to be added to launch these terms; `*` stands for several KPIs."""
    problems = read(raw, "", Agreement).problems
    missing = (each.path for each in problems if each.rule == Rule.MISSING_KEY)
    return tuple(dict.fromkeys(ANY_KPI.sub("kpis.*.", path) for path in missing))


def _checked(reading: Reading[T], rules: Rules) -> Reading[T]:
    if reading.draft is None:
        return reading
    found = check(reading.draft, rules)
    return reading.with_problems(tuple(reading.tree.problem(*each) for each in found))


def check(terms: Terms, rules: Rules) -> list[Found]:
    """Everything that the rules find in terms or a draft of them."""
    return [
        found._replace(path=path + found.path)
        for where, rule in rules
        for path, part in values_at(terms, where)
        for found in until_a_hole(rule(part))
    ]


def notice_comes_before_silence(terms: Terms) -> Findings:
    """The renewal window opens within the term, and before silence counts."""
    if terms.renewal is None:
        return
    end = _term_end(terms)
    notice, decide = terms.renewal.notice, terms.renewal.decide_before
    if decide is not None and shift(end, notice, -1) >= shift(end, decide, -1):
        said = f"notice ({notice}) must be longer than decide_before ({decide})"
        remedy = f"write a notice above {decide}, or a smaller `decide_before`"
        yield Found(("renewal", "notice"), Rule.NOTICE_TOO_SHORT, said, remedy)
    for key, length in (("notice", notice), ("decide_before", decide)):
        if length is not None and shift(end, length, -1) <= terms.term.starts_on:
            said = f"{length} before the term's end, {end}, is not within the term"
            remedy = "write a length shorter than the term"
            yield Found(("renewal", key), Rule.LONGER_THAN_TERM, said, remedy)


def _term_end(terms: Terms) -> date:
    return add_months(terms.term.starts_on, terms.term.months)


def a_period_fits_into_the_term(terms: Terms) -> Findings:
    """Each KPI is measured over at least one whole period."""
    start, end = terms.term.starts_on, _term_end(terms)
    for path, every in values_at(terms, "kpis.*.every"):
        first = first_day(every, start)
        whole = first if first == start else next_first_day(every, first)
        if next_first_day(every, whole) > end:
            said = f"no whole {every} lies between {start} and {end}"
            remedy = "measure more often, or lengthen `term.months`"
            yield Found(path, Rule.LONGER_THAN_TERM, said, remedy)


def cut_off_is_soon(kpi: Kpi) -> Findings:
    """A figure is judged while people still remember the period."""
    if most_days(kpi.cut_off) >= CUT_OFF_DAYS:
        said = f"{kpi.cut_off} after the period is too late to judge it"
        remedy = "write a length shorter than 2 months"
        yield Found(("cut_off",), Rule.CUT_OFF_TOO_LONG, said, remedy)


def facts_are_kept_while_they_are_needed(terms: Terms) -> Findings:
    """A period is judged, and restated, from facts that are there."""
    if terms.facts is None:
        return
    kept = terms.facts.keep
    for _, kpi in values_at(terms, "kpis.*"):
        if kpi.restate_within is None:
            needed = Span(terms.term.months, Unit.MONTH)
            said = f"`{kpi.key}` can be restated until the agreement is closed"
            remedy = f"keep them for {needed} or more, or say `restate_within`"
            too_short = fewest_days(kept) < fewest_days(needed)
        else:
            averaged = 1 if kpi.averaging is None else kpi.averaging.periods
            lengths = [kpi.every.span] * averaged + [kpi.cut_off, kpi.restate_within]
            days = sum(most_days(each) for each in lengths)
            said = f"`{kpi.key}` reads facts of {days} days until it cannot be restated any more"
            remedy = f"keep them for {days} days or more, or shorten `restate_within`"
            too_short = fewest_days(kept) < days
        if too_short:
            yield Found(
                ("facts", "keep"), Rule.KEPT_TOO_SHORT, f"{kept} is too short: {said}", remedy
            )


RULES: Rules = (
    ("", facts_are_kept_while_they_are_needed),
    ("", notice_comes_before_silence),
    ("", a_period_fits_into_the_term),
    ("kpis.*", cut_off_is_soon),
    *REFERENCE_RULES,
    *CLOCK_RULES,
    *MEASURE_RULES,
    *KPI_RULES,
    ("", patterns_can_come_true),
    ("", remedies_become_money),
    *CHARGE_RULES,
)
"""What figures and money hang on, and the parts of the terms over which each rule runs."""
