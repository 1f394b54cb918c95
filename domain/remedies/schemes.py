"""How results become percentages and sums: one function for each kind of scheme.

Each looks at the run of results of one remedy and says what is owed for them, before any cap. The
ledger makes money of it. Only results with an outcome are in the run: not those without data, those
that were excused, or those of a baseline; a period that failed for want of data has an outcome.
"""

from collections.abc import Callable, Iterator

from domain.remedies.by_count import ladder, per_failure, points
from domain.remedies.by_result import at_risk, linear, payment_share, recurrence, tiers
from domain.remedies.owed import Found, Owed, Run
from domain.results import Trouble
from domain.terms.remedies import Remedy, SchemeKind


def owed(remedy: Remedy, run: Run) -> Iterator[Owed | Trouble]:
    """What the remedy's scheme gives over the run, in order; nothing where it gives zero."""
    for each in SCHEMES[remedy.scheme.kind](remedy, run):
        if isinstance(each, Trouble) or each.percent or each.fixed:
            yield each


SCHEMES: dict[SchemeKind, Callable[[Remedy, Run], Found]] = {
    SchemeKind.TIERS: tiers,
    SchemeKind.POINTS: points,
    SchemeKind.LADDER: ladder,
    SchemeKind.AT_RISK: at_risk,
    SchemeKind.PER_FAILURE: per_failure,
    SchemeKind.RECURRENCE: recurrence,
    SchemeKind.LINEAR: linear,
    SchemeKind.PAYMENT_SHARE: payment_share,
}
"""Every kind of scheme, and what reckons it."""
