"""What a remedy must say to become money: a scheme that is whole, and something to credit.

Each rule is a short function over one remedy and the agreement around it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from domain.checks.patterns import QUANTITIES, gives_points, kpis_named, most_results
from domain.terms.kinds import until_a_hole, values_at
from domain.terms.patterns import Of, Same
from domain.terms.problems import Findings, Found, Path, Rule
from domain.terms.remedies import Remedy, Scheme, SchemeKind, Step
from domain.terms.shape import Terms
from domain.terms.wording import listed, unknown_name

NOTHING, WHOLE = Decimal(0), Decimal(100)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that a kind of scheme has, besides `kind` and `clause`."""

    needs: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    allows: tuple[str, ...] = ()


SCHEMES = {
    SchemeKind.TIERS: Keys(),
    SchemeKind.POINTS: Keys(one_of=("percent", "amount")),
    SchemeKind.LADDER: Keys(needs=("steps",), allows=("reset_after", "window")),
    SchemeKind.AT_RISK: Keys(needs=("at_risk",), allows=("pool", "allocation", "allocation_limit")),
    SchemeKind.PER_FAILURE: Keys(
        one_of=("percent", "amount"), allows=("every", "failures", "window")
    ),
    SchemeKind.RECURRENCE: Keys(needs=("run",), allows=("failures",)),
    SchemeKind.LINEAR: Keys(one_of=("percent", "amount"), allows=("per", "part_units", "below")),
    SchemeKind.PAYMENT_SHARE: Keys(needs=("share", "pays")),
}
"""Which keys each kind of scheme needs, of which it needs exactly one, and which it may have."""


def scheme_has_its_keys(_: Terms, remedy: Remedy) -> Findings:
    """A scheme says what its kind needs, and nothing that its kind has no use for."""
    scheme = remedy.scheme
    kind, keys = scheme.kind, SCHEMES[scheme.kind]
    for key in keys.needs:
        if getattr(scheme, key) is None:
            yield Found(
                ("scheme",), Rule.KEY_NEEDED, f"`{kind}` says no `{key}`", f"add `{key}: …`"
            )
    chosen = [key for key in keys.one_of if getattr(scheme, key) is not None]
    if keys.one_of and len(chosen) != 1:
        said = f"{listed(chosen)} stand together" if chosen else f"`{kind}` says no amount"
        remedy_ = f"write exactly one of {listed(keys.one_of)}"
        yield Found(("scheme",), Rule.EXACTLY_ONE, said, remedy_)
    useful = {"kind", "clause", *keys.needs, *keys.one_of, *keys.allows}
    for key in Scheme.model_fields:
        if key in scheme.model_fields_set - useful:
            said = f"`{kind}` has no use for `{key}`"
            yield Found(("scheme", key), Rule.KEY_WITHOUT_USE, said, f"remove `{key}`")


def remedy_names_what_there_is(terms: Terms, remedy: Remedy) -> Findings:
    """The KPIs of a remedy, and of its allocation, are there."""
    known = {kpi.key for kpi in terms.kpis}
    for index, key in enumerate(remedy.kpis or ()):
        if key not in known:
            yield unknown_name(("kpis", index), "KPI", key, known)
    mine = {kpi.key for kpi in kpis_named(terms, remedy.kpis)}
    for key in remedy.scheme.allocation or {}:
        if key not in mine:
            yield unknown_name(("scheme", "allocation", key), "KPI of this remedy", key, mine)


def steps_are_a_ladder(_: Terms, remedy: Remedy) -> Findings:
    """From the lowest step on every number of points has exactly one step."""
    steps = remedy.scheme.steps or ()
    for index, step in enumerate(steps):
        at: Path = ("scheme", "steps", index)
        if (step.credit is None) == (step.amount is None):
            said = "a step credits a share or an amount"
            remedy_ = "write exactly one of `credit` and `amount`"
            yield Found(at, Rule.EXACTLY_ONE, said, remedy_)
        if step.below is not None and step.below <= step.at_least:
            said = f"no number of points is at least {step.at_least} and below {step.below}"
            yield Found(at, Rule.BAND_EMPTY, said, "write the larger number as `below`")
    yield from _between(sorted(enumerate(steps), key=lambda each: each[1].at_least))


def _between(steps: list[tuple[int, Step]]) -> Findings:
    meet = "let one step end where the next begins"
    for (_, low), (index, high) in pairwise(steps):
        at: Path = ("scheme", "steps", index)
        if low.below is None or low.below > high.at_least:
            said = f"from {high.at_least} points on two steps hold"
            yield Found(at, Rule.STEP_OVERLAP, said, meet)
        elif low.below < high.at_least:
            said = f"from {low.below} to {high.at_least} points there is no step"
            yield Found(at, Rule.STEP_GAP, said, meet)
    if steps and steps[-1][1].below is not None:
        index, last = steps[-1]
        said = f"from {last.below} points on there is no step"
        yield Found(("scheme", "steps", index), Rule.STEP_GAP, said, "leave its `below` out")


def ladder_ends_once(_: Terms, remedy: Remedy) -> Findings:
    """Points add up over a window, or until they are reset."""
    if remedy.scheme.window is not None and remedy.scheme.reset_after is not None:
        said = "points add up over a window, or until they are reset"
        remedy_ = "keep one of `window` and `reset_after`"
        yield Found(("scheme", "reset_after"), Rule.EXACTLY_ONE, said, remedy_)


def runs_do_not_fall(_: Terms, remedy: Remedy) -> Findings:
    """A further failure in a row is not cheaper than the one before."""
    run = remedy.scheme.run or ()
    for index, (one, other) in enumerate(pairwise(run)):
        if other < one:
            said = f"failure {index + 2} in a row credits less than the one before"
            remedy_ = f"write {one} % or more, if that is not meant"
            yield Found(("scheme", "run", index + 1), Rule.CREDITS_FALL, said, remedy_)


def allocations_stay_within_their_limit(_: Terms, remedy: Remedy) -> Findings:
    """Allocations are held to the limit that the agreement states, if it states one."""
    scheme = remedy.scheme
    total = sum((scheme.allocation or {}).values(), NOTHING)
    limit, at = scheme.allocation_limit, ("scheme", "allocation")
    if limit is not None and scheme.allocation is None:
        said = "nothing is allocated that could be above the limit"
        yield Found(("scheme",), Rule.KEY_NEEDED, said, "add `allocation`, or remove the limit")
    elif limit is not None and total > limit:
        said = f"the allocations are {total} % together, above the limit of {limit} %"
        yield Found(at, Rule.ALLOCATION_OVER_LIMIT, said, f"allocate {limit} % or less")
    elif limit is None and total > WHOLE:
        said = f"the allocations are {total} % together, above the whole"
        remedy_ = f"if that is meant, add `allocation_limit: {total} %`"
        yield Found(at, Rule.ALLOCATION_ABOVE_WHOLE, said, remedy_)


def every_nth_failure_can_happen(terms: Terms, remedy: Remedy) -> Findings:
    """Where failures are missed periods, the window holds enough of them."""
    scheme, kpis = remedy.scheme, kpis_named(terms, remedy.kpis)
    if scheme.window is None or scheme.kind != SchemeKind.PER_FAILURE or not kpis:
        return
    if scheme.failures == "value" or any(kpi.per for kpi in kpis):
        return
    most = most_results(kpis, scheme.window, Same.AGREEMENT)
    if most is not None and scheme.every > most:
        said = f"`every: {scheme.every}` is more than the {most} that {scheme.window} can hold"
        remedy_ = f"write {most} or less, or a longer `window`"
        yield Found(("scheme", "every"), Rule.COUNT_EXCEEDS_WINDOW, said, remedy_)


# --- what there is to credit


def points_come_from_somewhere(terms: Terms, remedy: Remedy) -> Findings:
    """A scheme of points needs KPIs that give them."""
    if remedy.scheme.kind not in {SchemeKind.POINTS, SchemeKind.LADDER}:
        return
    if not any(gives_points(kpi) for kpi in kpis_named(terms, remedy.kpis)):
        said = "none of its KPIs gives points"
        remedy_ = "write `points` in their bands, or `points_by_run`"
        yield Found(("scheme",), Rule.NOTHING_GIVES_POINTS, said, remedy_)


def tiers_credit_something(terms: Terms, remedy: Remedy) -> Findings:
    """Tiers are the bands of the KPIs."""
    if remedy.scheme.kind == SchemeKind.TIERS and not _bands_pay(terms, remedy):
        said = "no band of its KPIs has a credit, a reward or an amount"
        remedy_ = "write them in the bands, or leave the remedy out"
        yield Found(("scheme",), Rule.REMEDY_WITHOUT_EFFECT, said, remedy_)


def _bands_pay(terms: Terms, remedy: Remedy) -> bool:
    bands = (band for kpi in kpis_named(terms, remedy.kpis) for band in kpi.bands)
    return any(band.credit or band.reward or band.amount for band in bands)


def rates_are_above_zero(_: Terms, remedy: Remedy) -> Findings:
    """A rate of nothing would switch the remedy off."""
    for key in ("percent", "amount", "at_risk", "pool", "share", "per"):
        rate = getattr(remedy.scheme, key)
        if rate is not None and rate <= NOTHING:
            said = f"with {rate} here nothing could ever be owed"
            yield Found(("scheme", key), Rule.NOT_ABOVE_ZERO, said, "write a number above zero")
    for index, step in enumerate(remedy.scheme.steps or ()):
        if step.amount is not None and step.amount < NOTHING:
            said = f"{step.amount} is below nothing"
            at = ("scheme", "steps", index, "amount")
            yield Found(at, Rule.NOT_ABOVE_ZERO, said, "write zero or more")


FOR_GOOD_SERVICE = frozenset({SchemeKind.LINEAR, SchemeKind.PER_FAILURE})
"""Schemes that can also be written so that they pay for good service."""


def rewards_are_for_good_service(_: Terms, remedy: Remedy) -> Findings:
    """Turning the sign of what failures cost would pay for them; bands say themselves what they reward."""
    scheme = remedy.scheme
    counts_good = scheme.kind != SchemeKind.PER_FAILURE or scheme.failures == "value"
    if remedy.sign == "reward" and not (scheme.kind in FOR_GOOD_SERVICE and counts_good):
        said = f"`{scheme.kind}` is about failures, and nobody is rewarded for them"
        remedy_ = "write `reward` in the bands, or leave `sign` out"
        yield Found(("sign",), Rule.REWARD_OF_FAILURE, said, remedy_)


# --- earn-back


FAILURES = frozenset({Of.MISSED, Of.BELOW_EXPECTED, Of.BELOW_MINIMUM, Of.DEFAULT, Of.NO_DATA})


def credits_are_earned_back_by_good_service(terms: Terms, remedy: Remedy) -> Findings:
    """Earn-back needs credits, returns no more than all of them, and rewards no failure."""
    if remedy.earn_back is None:
        return
    if remedy.sign == "reward" or not _credits(terms, remedy):
        said = "a reward is not" if remedy.sign == "reward" else "there is no credit to be"
        remedy_ = "remove `earn_back`, or let the remedy credit something"
        yield Found(("earn_back",), Rule.EARN_BACK_WITHOUT_CREDITS, f"{said} earned back", remedy_)
    steps = remedy.earn_back.steps
    total = sum((step.share for step in steps), NOTHING)
    if total > WHOLE:
        said = f"the steps earn back {total} % of a credit together"
        remedy_ = "let their shares be 100 % or less in sum"
        yield Found(("earn_back", "steps"), Rule.EARN_BACK_ABOVE_WHOLE, said, remedy_)
    for index, step in enumerate(steps):
        if step.when.of in FAILURES:
            said = f"`{step.when.of}` is no service that earns anything back"
            at = ("earn_back", "steps", index, "when", "of")
            good = listed([Of.MET, Of.EXCEEDED, *sorted(QUANTITIES - {Of.CREDITS})])
            yield Found(at, Rule.EARN_BACK_FOR_FAILURE, said, f"write one of {good}")


def _credits(terms: Terms, remedy: Remedy) -> bool:
    kpis = kpis_named(terms, remedy.kpis)
    match remedy.scheme.kind:
        case SchemeKind.TIERS:
            return any(band.credit or band.amount for kpi in kpis for band in kpi.bands)
        case SchemeKind.POINTS | SchemeKind.LADDER:
            return any(gives_points(kpi) for kpi in kpis)
        case _:
            return bool(kpis)


REMEDY_RULES: tuple[Callable[[Terms, Remedy], Findings], ...] = (
    scheme_has_its_keys,
    remedy_names_what_there_is,
    steps_are_a_ladder,
    ladder_ends_once,
    runs_do_not_fall,
    allocations_stay_within_their_limit,
    every_nth_failure_can_happen,
    points_come_from_somewhere,
    tiers_credit_something,
    rates_are_above_zero,
    rewards_are_for_good_service,
    credits_are_earned_back_by_good_service,
)


def remedies_become_money(terms: Terms) -> Findings:
    """Every remedy of an agreement, by every rule; a hole in one does not hide another."""
    for path, remedy in values_at(terms, "remedies.*"):
        for rule in REMEDY_RULES:
            for found in until_a_hole(rule(terms, remedy)):
                yield found._replace(path=path + found.path)
