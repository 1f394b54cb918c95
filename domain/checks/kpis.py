"""What a KPI must promise to be governable: targets that divide, bands that agree with them.

Each rule is a short function that yields what it finds in one KPI; the table at the end says which.
`domain.terms_check` runs them with all others.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from domain.checks.measures import possible, times_tickets
from domain.evaluation import SHARES
from domain.terms.kinds import values_at
from domain.terms.measures import NoData
from domain.terms.problems import Findings, Found, Path, Rule, Rules
from domain.terms.ranges import (
    DURATIONS,
    HIGHEST,
    LOWEST,
    PERCENTAGES,
    Cut,
    Range,
    covered,
    promised,
)
from domain.terms.shape import Band, Kpi
from domain.terms.wording import listed
from domain.threshold import Threshold

NOTHING, WHOLE = Decimal(0), Decimal(100)


def target_has_the_unit_of_the_kpi(kpi: Kpi) -> Findings:
    """What is promised is compared with what is measured."""
    for path, limit in _limits(kpi):
        if limit.unit != kpi.unit:
            said = f"'{limit}' is not in the KPI's unit, {kpi.unit}"
            remedy = f"write `{limit.edge} {limit.value} {kpi.unit}`, converted if need be"
            yield Found(path, Rule.UNIT_MISMATCH, said, remedy)


def thresholds_divide(kpi: Kpi) -> Findings:
    """A threshold that every possible figure meets, or none, would never do anything."""
    for path, limit in _limits(kpi):
        yield from _dead(path, limit, possible(kpi))
    if times_tickets(kpi.measure) and isinstance(kpi.measure.good, Threshold):
        yield from _dead(("measure", "good"), kpi.measure.good, DURATIONS)


def _limits(kpi: Kpi) -> Iterator[tuple[Path, Threshold]]:
    for where in ("target.expected", "target.minimum"):
        yield from values_at(kpi, where)


def _dead(path: Path, limit: Threshold, figures: Range) -> Findings:
    met = promised(limit)
    if met.covers(figures):
        remedy = "write a threshold that a bad figure can miss"
        yield Found(path, Rule.NEVER_MISSED, f"'{limit}' can never be missed", remedy)
    elif met.common(figures).is_empty:
        remedy = "write a threshold that a good figure can meet"
        yield Found(path, Rule.NEVER_MET, f"'{limit}' can never be met", remedy)


def minimum_is_looser(kpi: Kpi) -> Findings:
    """Severe is worse than minor."""
    if kpi.target is None or kpi.target.minimum is None:
        return
    expected, minimum = kpi.target.expected, kpi.target.minimum
    where = ("target", "minimum")
    if minimum.edge.higher_is_better != expected.edge.higher_is_better:
        said = f"'{minimum}' looks the other way than '{expected}'"
        remedy = f"write `{expected.edge} …`, with a looser value"
        yield Found(where, Rule.MINIMUM_OTHER_SIDE, said, remedy)
    elif promised(expected).covers(promised(minimum)):
        said = f"'{minimum}' is not looser than '{expected}'"
        remedy = "write a looser minimum, or leave `minimum` out"
        yield Found(where, Rule.MINIMUM_NOT_LOOSER, said, remedy)


def what_needs_a_target_has_one(kpi: Kpi) -> Findings:
    """Without a target nothing is missed, and nothing can be raised."""
    if kpi.target is not None:
        return
    for key in ("default_when", "improvement"):
        if getattr(kpi, key) is not None:
            said = f"`{key}` has no target to look at"
            yield Found((key,), Rule.KEY_NEEDED, said, "add `target`")


def steps_of_improvement_are_parts_of_the_rest(kpi: Kpi) -> Findings:
    """A step is so much of what is missing to 100 %, or to nothing where less is better."""
    found = kpi.improvement
    if found is None:
        return
    if found.to == "step" and found.step is None:
        said, remedy = "nothing says how large a step is", "add `step`, for example `step: 10 %`"
        yield Found(("improvement",), Rule.KEY_NEEDED, said, remedy)
    if found.to != "step" and found.step is not None:
        said = f"the {found.to} needs no step"
        yield Found(("improvement", "step"), Rule.KEY_WITHOUT_USE, said, "remove `step`")
    upwards = kpi.target is not None and kpi.target.expected.edge.higher_is_better
    if found.to == "step" and upwards and kpi.unit != "%":
        said = f"only a percentage has a rest to 100 %, not '{kpi.unit}'"
        remedy = "write `to: midpoint` or `to: mean`"
        yield Found(("improvement", "to"), Rule.UNIT_MISMATCH, said, remedy)


def misses_are_counted_where_there_are_any(kpi: Kpi) -> Findings:
    """So many misses are allowed only of a figure that is a share of good facts."""
    allowed = kpi.low_volume is not None and kpi.low_volume.misses_allowed is not None
    if allowed and kpi.measure.kind not in SHARES:
        said = f"`{kpi.measure.kind}` has no good and bad facts to count"
        path = ("low_volume", "misses_allowed")
        yield Found(path, Rule.KEY_WITHOUT_USE, said, "leave it out: such a period is left out")


def what_is_asked_for_has_a_date(kpi: Kpi) -> Findings:
    """A length within which nothing is asked for says nothing."""
    if kpi.asked_within is not None and kpi.no_data != NoData.ASKED:
        said = "no facts are asked for"
        remedy = "write `no_data: asked`, or remove `asked_within`"
        yield Found(("asked_within",), Rule.KEY_WITHOUT_USE, said, remedy)


def promotion_changes_something(kpi: Kpi) -> Findings:
    """A KPI is promoted to what it is not."""
    if kpi.promotion is not None and kpi.promotion.to == kpi.classification:
        said = f"the KPI is `{kpi.classification}` already"
        remedy = "name another class, or remove `promotion`"
        yield Found(("promotion", "to"), Rule.KEY_WITHOUT_USE, said, remedy)


def columns_split_once(kpi: Kpi) -> Findings:
    """A KPI is split by a column once."""
    for index, column in enumerate(kpi.per):
        if column in kpi.per[:index]:
            said = f"`{column}` stands here already"
            yield Found(("per", index), Rule.REPEATED_KEY, said, "name each column once")


# --- bands


def pays(band: Band) -> bool:
    """Whether something is owed for figures of the band, in points, shares or sums."""
    points = band.points is not None and band.points > NOTHING
    return points or bool(band.credit) or (band.reward is None and bool(band.amount))


def band_has_two_edges_at_most(band: Band) -> Findings:
    """A band begins once and ends once."""
    for one, other in (("at_least", "above"), ("at_most", "below")):
        if getattr(band, one) is not None and getattr(band, other) is not None:
            said = f"`{one}` and `{other}` stand together"
            yield Found((other,), Rule.BAND_EDGES, said, "keep one of the two")


def band_owes_one_way(band: Band) -> Findings:
    """A figure is credited or rewarded, not both, and never less than nothing."""
    if band.credit is not None and band.reward is not None:
        said = "a band credits or rewards"
        yield Found(("reward",), Rule.EXACTLY_ONE, said, "keep one of `credit` and `reward`")
    if band.amount is not None and band.amount < NOTHING:
        said, remedy = f"{band.amount} is below nothing", "write zero or more"
        yield Found(("amount",), Rule.NOT_ABOVE_ZERO, said, remedy)


def bands_can_be_reached(kpi: Kpi) -> Findings:
    """Some figure falls into each band."""
    for index, band in enumerate(kpi.bands):
        if covered(band).is_empty:
            said, remedy = "no figure lies in this band", "write the smaller edge as the lower one"
            yield Found(("bands", index), Rule.BAND_EMPTY, said, remedy)
        elif covered(band).common(possible(kpi)).is_empty:
            said = "the KPI can never have a figure in this band"
            yield Found(("bands", index), Rule.BAND_UNREACHABLE, said, "remove the band")


def bands_do_not_overlap(kpi: Kpi) -> Findings:
    """No figure lies in two bands."""
    for (low, _), (high, index) in pairwise(_ordered(kpi)):
        if low.high > high.low:
            said = f"{_between(high.low, low.high)} two bands hold"
            remedy = "let one band end where the next begins"
            yield Found(("bands", index), Rule.BAND_OVERLAP, said, remedy)


def bands_leave_no_gap(kpi: Kpi) -> Findings:
    """Where bands give credits or points every figure lies in one of them."""
    bands = _ordered(kpi)
    if not bands or not any(pays(band) for band in kpi.bands):
        return
    figures = PERCENTAGES if kpi.unit == "%" else possible(kpi)
    (lowest, first), (highest, last) = bands[0], bands[-1]
    if lowest.low > figures.low:
        yield _gap(first, f"figures under {lowest.low} have no band", "leave its lower edge out")
    for (low, _), (high, index) in pairwise(bands):
        if low.high < high.low:
            said = f"{_between(low.high, high.low)} there is a gap"
            yield _gap(index, said, "let one band end where the next begins")
    if highest.high < figures.high:
        yield _gap(last, f"figures over {highest.high} have no band", "leave its upper edge out")


def _ordered(kpi: Kpi) -> list[tuple[Range, int]]:
    bands = sorted((covered(band), index) for index, band in enumerate(kpi.bands))
    return [(range_, index) for range_, index in bands if not range_.is_empty]


def _between(low: Cut, high: Cut) -> str:
    """Where bands do not fit together: a stretch of figures, or a single one."""
    return f"between {low} and {high}" if low.value != high.value else f"at {low}"


def _gap(index: int, said: str, remedy: str) -> Found:
    return Found(("bands", index), Rule.BAND_GAP, said, remedy)


def some_band_gives_something(kpi: Kpi) -> Findings:
    """Bands are there for points, credits, rewards or sums, or to be named by a pattern."""
    if kpi.bands and not any(
        band.name or band.points or band.credit or band.reward or band.amount for band in kpi.bands
    ):
        remedy = "write a credit, a reward or points above zero, or leave `bands` out"
        yield Found(("bands",), Rule.BANDS_WITHOUT_CREDIT, "no band gives anything", remedy)


def bands_agree_with_the_target(kpi: Kpi) -> Findings:
    """What meets the target is not credited, and what misses it not rewarded."""
    if kpi.target is None:
        return
    expected = kpi.target.expected
    met = promised(expected).common(possible(kpi))
    missed = _complement(promised(expected)).common(possible(kpi))
    for index, band in enumerate(kpi.bands):
        figures = covered(band)
        if pays(band) and not figures.common(met).is_empty:
            said = f"the band credits figures that meet '{expected}'"
            remedy = "end the band at the target, or write `credit: 0 %`"
            yield Found(("bands", index), Rule.BAND_CREDITS_A_MET_TARGET, said, remedy)
        if band.reward and not figures.common(missed).is_empty:
            said = f"the band rewards figures that miss '{expected}'"
            remedy = "begin the band at the target, or leave `reward` out"
            yield Found(("bands", index), Rule.BAND_REWARDS_A_MISSED_TARGET, said, remedy)


def _complement(range_: Range) -> Range:
    """What lies on the other side of the one edge that a promise has."""
    if range_.high == HIGHEST:
        return Range(LOWEST, range_.low)
    return Range(range_.high, HIGHEST)


def target_lies_in_a_band(kpi: Kpi) -> Findings:
    """The figure that was promised has a band, where bands give credits or points."""
    if kpi.target is None or not any(pays(band) for band in kpi.bands):
        return
    value = kpi.target.expected.value
    figure = Range(Cut(value, after=False), Cut(value, after=True))
    if not any(covered(band).covers(figure) for band in kpi.bands):
        said = f"the target, '{kpi.target.expected}', lies outside the bands"
        remedy = f"let a band cover {value}, or correct the target"
        yield Found(("target", "expected"), Rule.TARGET_OUTSIDE_BANDS, said, remedy)


def worse_figures_credit_no_less(kpi: Kpi) -> Findings:
    """Credits and points do not fall as figures get worse."""
    if kpi.target is None:
        return
    worse = _ordered(kpi)
    if kpi.target.expected.edge.higher_is_better:
        worse.reverse()
    for key, unit in (("credit", " %"), ("points", " points")):
        for (_, better), (_, index) in pairwise(worse):
            one, other = (getattr(kpi.bands[each], key) or NOTHING for each in (better, index))
            if other < one:
                said = f"the band gives {other}{unit}, and a better one gives {one}{unit}"
                remedy = f"write {one}{unit} or more, if that is not meant"
                yield Found(("bands", index), Rule.CREDITS_FALL, said, remedy)


def points_have_one_origin(kpi: Kpi) -> Findings:
    """Points come from bands or from the run of misses, and do not fall in a run."""
    run = kpi.points_by_run or ()
    if run and any(band.points for band in kpi.bands):
        said = "points come from the bands, or from the run of misses"
        remedy = f"keep one of {listed(('points', 'points_by_run'))}"
        yield Found(("points_by_run",), Rule.EXACTLY_ONE, said, remedy)
    for index, (one, other) in enumerate(pairwise(run)):
        if other < one:
            said = f"miss {index + 2} in a row gives fewer points than the one before"
            remedy = f"write {one} or more, if that is not meant"
            yield Found(("points_by_run", index + 1), Rule.CREDITS_FALL, said, remedy)


def the_worst_band_is_there(kpi: Kpi) -> Findings:
    """A period without data is in the worst band only if there are bands."""
    if kpi.no_data == NoData.WORST_BAND and not kpi.bands:
        said, remedy = "there is no worst band", "add `bands`, or write `no_data: failed`"
        yield Found(("no_data",), Rule.KEY_NEEDED, said, remedy)


KPI_RULES: Rules = (
    ("kpis.*", target_has_the_unit_of_the_kpi),
    ("kpis.*", thresholds_divide),
    ("kpis.*", minimum_is_looser),
    ("kpis.*", what_needs_a_target_has_one),
    ("kpis.*", steps_of_improvement_are_parts_of_the_rest),
    ("kpis.*", misses_are_counted_where_there_are_any),
    ("kpis.*", what_is_asked_for_has_a_date),
    ("kpis.*", promotion_changes_something),
    ("kpis.*", columns_split_once),
    ("kpis.*.bands.*", band_has_two_edges_at_most),
    ("kpis.*.bands.*", band_owes_one_way),
    ("kpis.*", bands_can_be_reached),
    ("kpis.*", bands_do_not_overlap),
    ("kpis.*", bands_leave_no_gap),
    ("kpis.*", some_band_gives_something),
    ("kpis.*", bands_agree_with_the_target),
    ("kpis.*", target_lies_in_a_band),
    ("kpis.*", worse_figures_credit_no_less),
    ("kpis.*", points_have_one_origin),
    ("kpis.*", the_worst_band_is_there),
)
"""The rules, and the parts of an agreement over which they run."""
