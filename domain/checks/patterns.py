"""What a pattern over results must say to come true: one quantifier, of something, that can happen.

Each rule is a short function over one pattern and its setting: the agreement around it, and the
KPIs whose results it may look at.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import chain

from domain.checks.measures import possible
from domain.periods import Every
from domain.spans import SECONDS, Span, Unit, fewest_days, months_of, most_days
from domain.stretch import Fixed, Stretch
from domain.terms.kinds import until_a_hole, values_at
from domain.terms.patterns import Classification, Of, Pattern, Same
from domain.terms.problems import Findings, Found, Path, Rule
from domain.terms.ranges import promised
from domain.terms.shape import Kind, Kpi, Terms
from domain.terms.wording import listed, plain, unknown_name
from domain.threshold import Edge, Threshold

QUANTIFIERS = ("count", "consecutive", "share", "sum", "mean")
QUANTITIES = frozenset({Of.POINTS, Of.VALUE, Of.CREDITS})
SUMMED = QUANTITIES | {Of.EVENT}
TIMES = frozenset(SECONDS)
"""Units that are converted into each other."""

RESULT_KEYS = ("kpis", "services", "bands", "classification")


TRIGGERS = "triggers"


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a pattern stands: the agreement, the KPIs that it may look at, and what it decides."""

    terms: Terms
    kpis: tuple[Kpi, ...]
    decides: str

    def selected(self, pattern: Pattern) -> tuple[Kpi, ...]:
        """The KPIs whose results the pattern looks at; nothing hangs on indicators by silence."""
        where = pattern.where
        silent = where.kpis is None and where.classification is None
        return tuple(
            kpi
            for kpi in self.kpis
            if not (silent and self.decides == TRIGGERS and is_indicator(kpi))
            and (where.kpis is None or kpi.key in where.kpis)
            and (where.services is None or kpi.service in where.services)
            and (where.classification is None or kpi.classification in where.classification)
        )


PLACES = {
    "kpis.*.default_when": "defaults",
    "kpis.*.improvement.when": "targets",
    "kpis.*.promotion.when": "targets",
    "repeats.*.when": "points",
    "remedies.*.earn_back.steps.*.when": "credits",
    "triggers.*.when.*": TRIGGERS,
}
"""Where patterns stand, and what they decide."""

LATER = {
    "defaults": {Of.DEFAULT, Of.CREDITS},
    "points": {Of.CREDITS},
    "credits": {Of.CREDITS},
}
"""What is settled only after a pattern of that sort has been."""


def patterns_can_come_true(terms: Terms) -> Findings:
    """Every pattern of an agreement, by every rule; a hole in one does not hide another."""
    for place, decides in PLACES.items():
        for path, pattern in values_at(terms, place):
            for found in until_a_hole(_checked(terms, path, pattern, decides)):
                yield found._replace(path=path + found.path)


def _checked(terms: Terms, path: Path, pattern: Pattern, decides: str) -> Findings:
    setting = Setting(terms, _around(terms, path), decides)
    for rule in PATTERN_RULES:
        yield from until_a_hole(rule(setting, pattern))


def _around(terms: Terms, path: Path) -> tuple[Kpi, ...]:
    """The KPIs that a pattern at this path may look at."""
    match path:
        case "kpis", int(index), *_:
            return (terms.kpis[index],)
        case "repeats", int(index), *_:
            return kpis_named(terms, terms.repeats[index].kpis)
        case "remedies", int(index), *_:
            return kpis_named(terms, terms.remedies[index].kpis)
        case _:
            return terms.kpis


def kpis_named(terms: Terms, keys: Iterable[str] | None) -> tuple[Kpi, ...]:
    """The KPIs of these keys; all but indicators when none are named."""
    if keys is None:
        return tuple(kpi for kpi in terms.kpis if not is_indicator(kpi))
    return tuple(kpi for kpi in terms.kpis if kpi.key in keys)


def is_indicator(kpi: Kpi) -> bool:
    """Whether the KPI is reported only, and nothing is owed for it."""
    return kpi.classification == Classification.INDICATOR


# --- form


def one_quantifier(_: Setting, pattern: Pattern) -> Findings:
    """A pattern counts, or adds up, or averages: one of these."""
    stated = [key for key in QUANTIFIERS if getattr(pattern, key) is not None]
    if len(stated) != 1:
        said = (
            f"{listed(stated)} stand together" if stated else "nothing says how often or how much"
        )
        yield Found((), Rule.EXACTLY_ONE, said, f"write exactly one of {listed(QUANTIFIERS)}")


def quantities_are_limited(_: Setting, pattern: Pattern) -> Findings:
    """Which quantities count must be said; a status says it by itself."""
    if pattern.of in QUANTITIES and pattern.which is None and _counts(pattern):
        said = f"nothing says which {pattern.of} count"
        yield Found((), Rule.KEY_NEEDED, said, "add `which`, for example `which: at least 2`")
    if pattern.which is not None and pattern.of not in SUMMED:
        said = f"`{pattern.of}` is no quantity that could be compared"
        yield Found(("which",), Rule.KEY_WITHOUT_USE, said, "remove `which`")


def _counts(pattern: Pattern) -> bool:
    return pattern.sum is None and pattern.mean is None


def only_quantities_are_added(_: Setting, pattern: Pattern) -> Findings:
    """Of a status there is a number and a share, but no sum and no mean."""
    for key in ("sum", "mean"):
        if getattr(pattern, key) is not None and pattern.of not in SUMMED:
            said = f"of `{pattern.of}` there is no {key}"
            remedy = f"count it, or look at {listed(sorted(SUMMED))}"
            yield Found((key,), Rule.KEY_WITHOUT_USE, said, remedy)
    if pattern.mean == "expected" and pattern.of != Of.VALUE:
        said = "only a KPI's values have its target as a measure"
        yield Found(("mean",), Rule.KEY_WITHOUT_USE, said, "write `of: value`, or a threshold")
    if "full" in pattern.model_fields_set and pattern.mean is None:
        said = "only a mean needs a window that is full"
        yield Found(("full",), Rule.KEY_WITHOUT_USE, said, "remove `full`")


def a_share_is_a_percentage(_: Setting, pattern: Pattern) -> Findings:
    """A share lies between nothing and all."""
    share = pattern.share
    if share is None:
        return
    if share.unit != "%":
        said, remedy = f"'{share}' is not a share", f"write `{share.edge} {share.value} %`"
        yield Found(("share",), Rule.UNIT_MISMATCH, said, remedy)
    elif not Decimal(0) <= share.value <= Decimal(100):
        remedy = "write a percentage from 0 % to 100 %"
        yield Found(("share",), Rule.OUT_OF_RANGE, f"'{share}' is no share", remedy)


def limits_have_the_unit_of_what_they_limit(setting: Setting, pattern: Pattern) -> Findings:
    """Values compare in the KPI's unit, credits in percent or in the currency."""
    limits = [(key, getattr(pattern, key)) for key in ("which", "sum", "mean")]
    units = _units(setting, pattern)
    for key, limit in limits:
        if isinstance(limit, Threshold) and units and limit.unit not in units:
            said = f"'{limit}' is not in the unit of `{pattern.of}`"
            remedy = f"write {' or '.join(f'`{limit.edge} {limit.value} {u}`' for u in units if u)}"
            yield Found((key,), Rule.UNIT_MISMATCH, said, remedy)


def _units(setting: Setting, pattern: Pattern) -> list[str]:
    """The units that a quantity may be written in; none: there is nothing to say about it."""
    match pattern.of:
        case Of.POINTS:
            return ["points", ""]
        case Of.CREDITS:
            charges = setting.terms.charges
            return ["%"] if charges is None else ["%", charges.currency]
        case Of.VALUE:
            units = {kpi.unit for kpi in setting.selected(pattern)}
            times = TIMES if units & TIMES else frozenset()
            return sorted(units | times) + [""] * bool(units)
        case _:
            return []


# --- names


def selected_names_exist(setting: Setting, pattern: Pattern) -> Findings:
    """What a selection names is there."""
    where, kpis = pattern.where, setting.kpis
    bands = chain.from_iterable(kpi.bands for kpi in kpis)
    known = {
        "kpis": {kpi.key for kpi in kpis},
        "services": {kpi.service for kpi in kpis if kpi.service is not None},
        "bands": {band.name for band in bands if band.name is not None},
    }
    for key, names in known.items():
        for index, name in enumerate(getattr(where, key) or ()):
            if name not in names:
                yield unknown_name(("where", key, index), key[:-1], name, names)


def selections_suit_what_they_select(_: Setting, pattern: Pattern) -> Findings:
    """Events have types, results have KPIs and bands."""
    events = pattern.of == Of.EVENT
    useless = RESULT_KEYS if events else ("types",)
    for key in useless:
        if getattr(pattern.where, key) is not None:
            said = f"{'events have' if events else f'`{pattern.of}` has'} no {key}"
            yield Found(("where", key), Rule.KEY_WITHOUT_USE, said, f"remove `{key}`")


# --- what can happen


def counts_fit_into_their_window(setting: Setting, pattern: Pattern) -> Findings:
    """A window that holds three results never holds four."""
    most = capacity(setting, pattern)
    for key in ("count", "consecutive"):
        wanted = getattr(pattern, key)
        if wanted is not None and most is not None and wanted > most:
            said = f"`{key}: {wanted}` is more than the {most} that {pattern.window} can hold"
            remedy = f"write {most} or less, or a longer `window`"
            yield Found((key,), Rule.COUNT_EXCEEDS_WINDOW, said, remedy)


def capacity(setting: Setting, pattern: Pattern) -> int | None:
    """The most results that can lie in the window; None when there is no such number."""
    if pattern.window is None or pattern.of == Of.EVENT:
        return None
    if pattern.of == Of.CREDITS:
        charges = setting.terms.charges
        return fits(pattern.window, Every.MONTH if charges is None else charges.per)
    kpis = setting.selected(pattern)
    if not kpis or any(kpi.per for kpi in kpis):
        return None  # each value of a column has results of its own
    return most_results(kpis, pattern.window, pattern.same)


def most_results(kpis: Iterable[Kpi], window: Stretch, same: Same) -> int | None:
    """The most results of these KPIs that the window holds together."""
    sums: dict[str | None, int] = {}
    for kpi in kpis:
        one = fits(window, kpi.every)
        if one is None:
            return None
        together = {Same.KPI: kpi.key, Same.SERVICE: kpi.service, Same.AGREEMENT: None}[same]
        sums[together] = sums.get(together, 0) + one
    return max(sums.values())


FIXED = {
    Fixed.CONTRACT_YEAR: Span(12, Unit.MONTH),
    Fixed.CALENDAR_YEAR: Span(12, Unit.MONTH),
    Fixed.CALENDAR_QUARTER: Span(3, Unit.MONTH),
    Fixed.CALENDAR_MONTH: Span(1, Unit.MONTH),
}


def fits(window: Stretch, every: Every) -> int | None:
    """The most periods of that rhythm that end within the window; None for a whole term."""
    if window.periods is not None:
        return window.periods
    span = window.span or (FIXED.get(window.fixed) if window.fixed else None)
    if span is None:
        return None
    if months_of(span) and months_of(every.span):
        return -(-months_of(span) // months_of(every.span))
    return -(-most_days(span) // fewest_days(every.span))


def what_is_counted_can_happen(setting: Setting, pattern: Pattern) -> Findings:
    """Points, minima and targets are looked at only where there are any; credits may be facts."""
    kpis = setting.selected(pattern)
    match pattern.of:
        case Of.POINTS if kpis and not any(gives_points(kpi) for kpi in kpis):
            said, remedy = "none of these KPIs gives points", "write `points` in their bands"
        case Of.BELOW_MINIMUM if kpis and not any(map(_has_minimum, kpis)):
            said, remedy = "none of these KPIs has a minimum", "add `minimum` to a target"
        case Of.EXCEEDED if kpis and not any(map(_can_be_exceeded, kpis)):
            said = "none of these KPIs has a target that a figure can exceed"
            remedy = "count `met`, or write a lower target"
        case _:
            return
    yield Found(("of",), Rule.PATTERN_NEVER_TRUE, f"{said}, so this never happens", remedy)


def _has_minimum(kpi: Kpi) -> bool:
    return kpi.target is not None and kpi.target.minimum is not None


def _can_be_exceeded(kpi: Kpi) -> bool:
    """Whether a figure can be strictly better than the expected one."""
    if kpi.target is None:
        return False
    limit = kpi.target.expected
    better = replace(limit, edge=Edge.ABOVE if limit.edge.higher_is_better else Edge.BELOW)
    return not promised(better).common(possible(kpi)).is_empty


def sums_of_points_can_be_reached(setting: Setting, pattern: Pattern) -> Findings:
    """As many points as are wanted can come together: in one result, or in the window.

    At most a KPI gives the points of its worst band or longest run, times the largest multiplier,
    in every period. A reported KPI may give any. It is only warned of: KPIs may be added later.
    """
    kpis = setting.selected(pattern)
    if pattern.of != Of.POINTS or any(kpi.measure.kind == Kind.REPORTED for kpi in kpis):
        return
    one = {kpi.key: _most_points(setting, kpi) for kpi in kpis}
    for key in ("which", "mean"):
        limit = getattr(pattern, key)
        most = max(one.values(), default=Decimal(0))
        if isinstance(limit, Threshold) and most > 0 and _is_above(limit, most):
            said = f"no result can have more than {plain(most)} points"
            yield _unreachable(key, limit, said)
    if pattern.sum is None or pattern.window is None:
        return
    together = _points_together(pattern, kpis, one)
    if together and _is_above(pattern.sum, together):
        said = f"{pattern.window} can hold {plain(together)} points at most"
        yield _unreachable("sum", pattern.sum, said)


def _points_together(
    pattern: Pattern, kpis: Iterable[Kpi], one: Mapping[str, Decimal]
) -> Decimal | None:
    """The most points that the window holds together; None when there is no such number."""
    assert pattern.window is not None  # noqa: S101 - callers look first
    sums: dict[str | None, Decimal] = {}
    for kpi in kpis:
        periods = fits(pattern.window, kpi.every)
        if periods is None or (kpi.per and pattern.same != Same.KPI):
            return None
        group = {Same.KPI: kpi.key, Same.SERVICE: kpi.service, Same.AGREEMENT: None}[pattern.same]
        sums[group] = sums.get(group, Decimal(0)) + periods * one[kpi.key]
    return max(sums.values(), default=None)


def _most_points(setting: Setting, kpi: Kpi) -> Decimal:
    points = [band.points or Decimal(0) for band in kpi.bands]
    most = max([*points, *(kpi.points_by_run or ())], default=Decimal(0))
    repeats = [
        each for each in setting.terms.repeats if kpi in kpis_named(setting.terms, each.kpis)
    ]
    return most * max([Decimal(1), *(each.times for each in repeats)])


def _is_above(limit: Threshold, most: Decimal) -> bool:
    """Whether not even the most can hold the limit."""
    return limit.edge.higher_is_better and not limit.holds(Fraction(most))


def _unreachable(key: str, limit: Threshold, said: str) -> Found:
    remedy = (
        "write a smaller number, or a longer window" if key == "sum" else "write a smaller number"
    )
    return Found((key,), Rule.POINTS_OUT_OF_REACH, f"'{limit}' is never reached: {said}", remedy)


def gives_points(kpi: Kpi) -> bool:
    """Whether a result of the KPI can have points: by its bands, its run, or as reported."""
    by_band = any(band.points for band in kpi.bands if band.points is not None)
    return by_band or bool(kpi.points_by_run) or kpi.measure.kind == Kind.REPORTED


def what_is_counted_is_settled_before(setting: Setting, pattern: Pattern) -> Findings:
    """Nothing is decided by what is decided only after it."""
    if pattern.of in LATER.get(setting.decides, set()):
        said = f"`{pattern.of}` are settled only after {setting.decides}"
        remedy = f"look at something else than {listed(sorted(LATER[setting.decides]))}"
        yield Found(("of",), Rule.CIRCULAR, said, remedy)


PATTERN_RULES: tuple[Callable[[Setting, Pattern], Findings], ...] = (
    one_quantifier,
    quantities_are_limited,
    only_quantities_are_added,
    a_share_is_a_percentage,
    limits_have_the_unit_of_what_they_limit,
    selected_names_exist,
    selections_suit_what_they_select,
    counts_fit_into_their_window,
    what_is_counted_can_happen,
    sums_of_points_can_be_reached,
    what_is_counted_is_settled_before,
)
