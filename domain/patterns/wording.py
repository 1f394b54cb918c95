"""Patterns and their completions in whole sentences, so that a reader can count them by hand."""

from collections.abc import Sequence
from fractions import Fraction

from domain.patterns import Completion
from domain.patterns.elements import Element, limit_of
from domain.remedies.wording import figure
from domain.terms.patterns import Of, Pattern

SHOWN = 24
"""Of more members than this, not every one is told."""

WORDS = {
    Of.MET: "met",
    Of.MISSED: "missed",
    Of.BELOW_EXPECTED: "below what is expected but not below the minimum",
    Of.BELOW_MINIMUM: "below the minimum",
    Of.DEFAULT: "service level defaults",
    Of.EXCEEDED: "better than expected",
    Of.NO_DATA: "without data",
    Of.POINTS: "points",
    Of.VALUE: "figures",
    Of.CREDITS: "credits",
    Of.EVENT: "events",
}


def told(pattern: Pattern) -> str:
    """What the pattern asks for: `at least 3 missed within 9 periods`."""
    return f"{_asked(pattern)}{_within(pattern)}"


def _asked(pattern: Pattern) -> str:
    what = _what(pattern)
    if pattern.count is not None:
        return f"at least {pattern.count} {what}"
    if pattern.consecutive is not None:
        return f"at least {pattern.consecutive} in a row {what}"
    if pattern.share is not None:
        return f"a share {what} {pattern.share}"
    if pattern.sum is not None:
        return f"a sum of {what} {pattern.sum}"
    target = "as good as expected" if pattern.mean == "expected" else pattern.mean
    return f"a mean of {what} {target}"


def _what(pattern: Pattern) -> str:
    words = WORDS[pattern.of]
    if pattern.of == Of.EVENT and pattern.where.types is not None:
        words = f"{' or '.join(pattern.where.types)} events"
    if pattern.which is not None:
        words = f"{words} {pattern.which}"
    if pattern.where.bands is not None:
        words = f"{words} in band {' or '.join(pattern.where.bands)}"
    return words


def _within(pattern: Pattern) -> str:
    return "" if pattern.window is None else f" within {pattern.window}"


def explained(pattern: Pattern, completion: Completion, elements: Sequence[Element]) -> str:
    """What was found, with the figures, the limit and the name of each period or event."""
    found = _found(pattern, completion, elements)
    asked = f"{told(pattern)}{cited(pattern.clause)}"
    return f"{found}. Asked for: {asked}. By: {_named(completion.labels)}."


def cited(clause: str | None) -> str:
    """The clause in brackets, where there is one."""
    return "" if clause is None else f" ({clause})"


def _named(labels: Sequence[str]) -> str:
    """The names, of very many the latest."""
    if len(labels) > SHOWN:
        return f"{', '.join(labels[-SHOWN:])}, and {len(labels) - SHOWN} before them"
    return ", ".join(labels) or "none of them"


def _found(pattern: Pattern, completion: Completion, elements: Sequence[Element]) -> str:
    found, what = figure(completion.quantity), _what(pattern)
    if pattern.count is not None:
        return f"{found} {what}{_within(pattern)}"
    if pattern.consecutive is not None:
        return f"{found} in a row {what}"
    if pattern.share is not None:
        counting = len(completion.members)
        return f"{counting} of {completion.size} {what}{_within(pattern)}: {found} %"
    quantities = [elements[each].quantity or Fraction(0) for each in completion.members]
    sum_ = _added(quantities)
    if pattern.sum is not None:
        equals = "" if len(quantities) == 1 else f" = {found}"
        return f"The sum of {what}{_within(pattern)}: {sum_}{equals}{_unit(pattern)}"
    target = _target(completion, elements) if pattern.mean == "expected" else ""
    divided = f"({sum_}) / {len(quantities)} = {found}"
    return f"The mean of {what}{_within(pattern)}: {divided}{_unit(pattern)}{target}"


def _added(quantities: Sequence[Fraction]) -> str:
    if len(quantities) > SHOWN:
        return figure(sum(quantities, Fraction(0)))
    return " + ".join(map(figure, quantities))


def _unit(pattern: Pattern) -> str:
    limit = limit_of(pattern)
    return "" if limit is None else f" {limit.unit}".rstrip()


def _target(completion: Completion, elements: Sequence[Element]) -> str:
    """The target that a mean was compared with, where the pattern only says `expected`."""
    result = elements[completion.members[-1]].result
    target = None if result is None else result.kpi.target
    return "" if target is None else f", expected {target.expected}"
