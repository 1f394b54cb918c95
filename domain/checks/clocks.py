"""What a clock on tickets must say so that it can run, and warn in time."""

from collections.abc import Iterator

from domain.clocks.closings import closing_rules
from domain.terms.calendars import (
    Closing,
    ClosingRule,
    PauseRule,
    Policy,
    Start,
    Stop,
    TicketClock,
)
from domain.terms.problems import Findings, Found, Rule, Rules
from domain.terms.shape import Kpi


def limits_can_be_reached(clock: TicketClock) -> Findings:
    """A limit without `where` fits every ticket, so that none after it counts."""
    for index, limits in enumerate(clock.limits):
        if limits.within.amount == 0:
            said = f"{limits.within} leaves no time at all"
            path = ("limits", index, "within")
            yield Found(path, Rule.ZERO_LENGTH, said, "write a length above zero")
        if any(not earlier.where for earlier in clock.limits[:index]):
            said = "a limit before this one fits every ticket"
            remedy = "move the limit without `where` to the end"
            yield Found(("limits", index), Rule.NEVER_REACHED, said, remedy)


def pauses_take_time(clock: TicketClock) -> Findings:
    """A pause of no length at most is none."""
    for index, rule in enumerate(clock.pauses):
        if isinstance(rule, PauseRule) and rule.at_most is not None and not rule.at_most.amount:
            said = "a pause of no length is none"
            path = ("pauses", index, "at_most")
            yield Found(path, Rule.ZERO_LENGTH, said, "write a length above zero, or remove it")


def policies_have_an_effect(clock: TicketClock) -> Findings:
    """Each policy of a clock can come to matter, and none contradicts another."""
    for key, said, remedy in _useless(clock):
        yield Found((key,), Rule.KEY_WITHOUT_USE, said, remedy)


def _useless(clock: TicketClock) -> Iterator[tuple[str, str, str]]:
    if clock.on_change is not None and not any(limits.where for limits in clock.limits):
        said = "no limit has a `where`, so that no change makes another one fit"
        yield "on_change", said, "remove `on_change`, or say which tickets a limit is for"
    if clock.starts == Start.NEXT_OPEN_HOUR and not (
        clock.calendar or any(limits.calendar for limits in clock.limits)
    ):
        said = "without a calendar every hour is open"
        yield "starts", said, "add `calendar`, or remove `starts`"
    if clock.stops != Stop.UPDATE and "updates" in clock.model_fields_set:
        said = f"a clock that a {clock.stops} stops waits for no update"
        yield "updates", said, "remove `updates`, or write `stops: update`"
    if clock.stops == Stop.UPDATE and clock.on_reopen not in {None, Policy.RESTART}:
        said = "a clock for updates begins anew with each reopening"
        yield "on_reopen", said, "remove `on_reopen`"
    if clock.on_reopen is not None and "reopening_continues" in clock.model_fields_set:
        said = "`on_reopen` says the same, and more"
        yield "reopening_continues", said, "remove `reopening_continues`"


def closings_can_be_reached(clock: TicketClock) -> Findings:
    """A rule for every closing comes last, and each leaves something that the clock can do."""
    rules = closing_rules(clock)
    for index, rule in enumerate(rules):
        path: tuple[str | int, ...] = ("on_close",)
        if not isinstance(clock.on_close, Closing):
            path = ("on_close", index)
        if any(not (earlier.reasons or earlier.where) for earlier in rules[:index]):
            said = "a rule before this one fits every closing"
            remedy = "move the rule without `reasons` and `where` to the end"
            yield Found(path, Rule.NEVER_REACHED, said, remedy)
        for said, remedy in _idle_closing(clock.stops, rule):
            yield Found(path, Rule.KEY_WITHOUT_USE, said, remedy)


def _idle_closing(stops: Stop, rule: ClosingRule) -> Iterator[tuple[str, str]]:
    if rule.then == Closing.RUNS_ON and stops in {Stop.UPDATE, Stop.CLOSURE}:
        said = f"nothing more can stop a clock for {stops} once the ticket is closed"
        yield said, "write `missed`, `lapses` or `left_out`"
    elif stops == Stop.CLOSURE and not (rule.reasons or rule.where):
        said = "the closing is what a closure clock waits for"
        yield said, "say of which closings, with `reasons` or `where`, or remove `on_close`"


def shares_lie_within(thing: TicketClock | Kpi) -> Findings:
    """A warning comes before the end, each once; of a budget the end is worth one too."""
    whole = isinstance(thing, Kpi)
    for index, share in enumerate(thing.warn_at):
        path = ("warn_at", index)
        if not 0 < share < 100 and not (whole and share == 100):  # noqa: PLR2004 - a percentage
            said = f"{share} % of it is no warning"
            remedy = f"write a share above 0 % and {'up to' if whole else 'below'} 100 %"
            yield Found(path, Rule.OUT_OF_RANGE, said, remedy)
        if share in thing.warn_at[:index]:
            said = f"{share} % stands there twice"
            yield Found(path, Rule.REPEATED_KEY, said, "write each share once")


def a_budget_is_there(kpi: Kpi) -> Findings:
    """Only a promise in percent leaves a budget, of which a share can be used."""
    if kpi.warn_at and (kpi.target is None or kpi.unit != "%"):
        said = "without a target in percent there is no error budget to use up"
        yield Found(("warn_at",), Rule.KEY_WITHOUT_USE, said, "remove `warn_at`, or add a target")


CLOCK_RULES: Rules = (
    ("clocks.*", limits_can_be_reached),
    ("clocks.*", pauses_take_time),
    ("clocks.*", policies_have_an_effect),
    ("clocks.*", closings_can_be_reached),
    ("clocks.*", shares_lie_within),
    ("kpis.*", shares_lie_within),
    ("kpis.*", a_budget_is_there),
)
"""The rules, and the parts of an agreement over which they run."""
