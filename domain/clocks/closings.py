"""What becomes of a clock that still waits when its ticket is closed, as far as that is agreed.

A duplicate or a cancelled ticket may be left out, one that was closed without a word may be missed.
Of several rules the first counts that fits the reason of the closing and the columns of the ticket,
or those of the event that closed it.
"""

from collections.abc import Mapping

from domain.clocks.choices import fits
from domain.terms.calendars import Closing, ClosingRule, Stop, TicketClock

WAITS_FOR = {
    Stop.RESPONSE: " without a response",
    Stop.RESOLUTION: " without a resolution",
    Stop.UPDATE: " without a further update",
    Stop.CLOSURE: "",
}
"""What a ticket lacks that is closed while a clock runs; a closure is what it waits for."""

MEANS = {
    Closing.RUNS_ON: "a closing is no answer",
    Closing.STOPS: "the closing is as good as an answer",
    Closing.MISSED: "what was not done by then is missed",
    Closing.LAPSES: "nothing more is owed",
    Closing.LEFT_OUT: "the ticket does not count",
}
"""Each policy in words."""

SILENT = {
    Stop.RESPONSE: Closing.RUNS_ON,
    Stop.RESOLUTION: Closing.STOPS,
    Stop.UPDATE: Closing.STOPS,
    Stop.CLOSURE: Closing.STOPS,
}
"""What holds where nothing is agreed."""


def closing_rules(clock: TicketClock) -> tuple[ClosingRule, ...]:
    """The rules of a clock; a policy alone is one for every closing."""
    if isinstance(clock.on_close, Closing):
        return (ClosingRule(then=clock.on_close),)
    return clock.on_close or ()


def agreed_closing(
    clock: TicketClock, reason: str | None, columns: Mapping[str, str]
) -> Closing | None:
    """What was agreed of such a closing; None where no rule fits."""
    return next(
        (
            rule.then
            for rule in closing_rules(clock)
            if (not rule.reasons or reason in rule.reasons) and fits(columns, rule.where)
        ),
        None,
    )
