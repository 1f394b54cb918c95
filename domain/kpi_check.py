"""What a KPI must say to be governable: measurable, with targets and credits that can happen.

Each rule is a short function that yields what it finds in one part of an agreement; the table at
the end says which part. `domain.terms_check` runs them with all others.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

from domain.spans import SECONDS
from domain.terms.kinds import values_at
from domain.terms.problems import Findings, Found, Path, Rule
from domain.terms.ranges import (
    DURATIONS,
    EVERYTHING,
    PERCENTAGES,
    Range,
    covered,
    promised,
)
from domain.terms.shape import Band, Charges, Kind, Kpi
from domain.terms.wording import listed
from domain.threshold import Threshold

TIME_UNITS = frozenset(SECONDS)


def measure_has_one_source(kpi: Kpi) -> Findings:
    """A figure comes from one place."""
    stated = [key for key in ("series", "tickets", "flag") if getattr(kpi.measure, key)]
    if len(stated) != 1:
        said = f"{listed(stated)} stand together" if stated else "nothing says what is measured"
        remedy = "write exactly one of `series`, `tickets` and `flag`"
        yield Found(("measure",), Rule.NO_SINGLE_SOURCE, said, remedy)


def good_is_said_where_it_counts(kpi: Kpi) -> Findings:
    """A proportion of values needs to know which are good; nothing else does."""
    measure = kpi.measure
    needed = measure.kind == Kind.PROPORTION and not measure.flag
    if needed and measure.good is None:
        remedy = "add `good`, for example `good: at most 15 min`"
        said = "nothing says which values count as good"
        yield Found(("measure", "good"), Rule.GOOD_MISSING, said, remedy)
    if measure.good is not None and not needed:
        what = "a mean" if measure.kind == Kind.MEAN else "a flag"
        said = f"{what} has no good and bad values"
        yield Found(("measure", "good"), Rule.GOOD_WITHOUT_USE, said, "remove `good`")


def due_times_belong_to_tickets(kpi: Kpi) -> Findings:
    """Only tickets have a due time."""
    if kpi.measure.good == "by due" and not kpi.measure.tickets:
        said = "only tickets have a due time"
        remedy = "write a threshold, for example `at most 15 min`, or measure `tickets`"
        yield Found(("measure", "good"), Rule.BY_DUE_WITHOUT_TICKETS, said, remedy)


def flags_have_no_mean(kpi: Kpi) -> Findings:
    """Of true and false there is a proportion, not a mean."""
    if kpi.measure.kind == Kind.MEAN and kpi.measure.flag:
        said = "true and false have no mean"
        yield Found(("measure", "kind"), Rule.MEAN_OF_FLAG, said, "write `kind: proportion`")


def unit_suits_the_measure(kpi: Kpi) -> Findings:
    """A proportion is a percentage; a ticket clock counts time."""
    measure, unit = kpi.measure, kpi.unit
    if measure.kind == Kind.PROPORTION and unit != "%":
        said = f"a proportion is a percentage, not '{unit}'"
        yield Found(("unit",), Rule.UNIT_MISMATCH, said, 'write `unit: "%"`')
    if measure.kind == Kind.MEAN and measure.tickets and unit not in TIME_UNITS:
        said = f"a mean of ticket times has a unit of time, not '{unit}'"
        yield Found(("unit",), Rule.UNIT_MISMATCH, said, "write `s`, `min` or `h`")


def target_has_the_unit_of_the_kpi(kpi: Kpi) -> Findings:
    """What is promised is compared with what is measured."""
    for path, limit in _limits(kpi):
        if limit.unit != kpi.unit:
            said = f"'{limit}' is not in the KPI's unit, {kpi.unit}"
            remedy = f"write `{limit.edge} {limit.value} {kpi.unit}`, converted if need be"
            yield Found(path, Rule.UNIT_MISMATCH, said, remedy)


def good_tickets_are_timed(kpi: Kpi) -> Findings:
    """A ticket's value is a time."""
    good = kpi.measure.good
    if kpi.measure.tickets and isinstance(good, Threshold) and good.unit not in TIME_UNITS:
        remedy = f"write for example `{good.edge} {good.value} h`"
        said = f"'{good}' is not a time"
        yield Found(("measure", "good"), Rule.UNIT_MISMATCH, said, remedy)


def thresholds_divide(kpi: Kpi) -> Findings:
    """A threshold that every possible figure meets, or none, would never do anything."""
    for path, limit in _limits(kpi):
        yield from _dead(path, limit, possible(kpi))
    if kpi.measure.tickets and isinstance(kpi.measure.good, Threshold):
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


def possible(kpi: Kpi) -> Range:
    """The figures that a KPI can have at all."""
    if kpi.unit == "%":
        return PERCENTAGES
    return DURATIONS if kpi.measure.tickets else EVERYTHING


def minimum_is_looser(kpi: Kpi) -> Findings:
    """Severe is worse than minor."""
    expected, minimum = kpi.target.expected, kpi.target.minimum
    if minimum is None:
        return
    where = ("target", "minimum")
    if minimum.edge.higher_is_better != expected.edge.higher_is_better:
        said = f"'{minimum}' looks the other way than '{expected}'"
        remedy = f"write `{expected.edge} …`, with a looser value"
        yield Found(where, Rule.MINIMUM_OTHER_SIDE, said, remedy)
    elif promised(expected).covers(promised(minimum)):
        said = f"'{minimum}' is not looser than '{expected}'"
        remedy = "write a looser minimum, or leave `minimum` out"
        yield Found(where, Rule.MINIMUM_NOT_LOOSER, said, remedy)


# --- credits


def band_has_two_edges_at_most(band: Band) -> Findings:
    """A band begins once and ends once."""
    for one, other in (("at_least", "above"), ("at_most", "below")):
        if getattr(band, one) is not None and getattr(band, other) is not None:
            said = f"`{one}` and `{other}` stand together"
            yield Found((other,), Rule.BAND_EDGES, said, "keep one of the two")


def bands_can_be_reached(kpi: Kpi) -> Findings:
    """Some figure falls into each band."""
    for index, band in enumerate(kpi.bands):
        if covered(band).is_empty:
            said, remedy = "no figure lies in this band", "write the smaller edge as the lower one"
            yield Found(("bands", index), Rule.BAND_EMPTY, said, remedy)
        elif covered(band).common(possible(kpi)).is_empty:
            said = "the KPI can never have a figure in this band"
            yield Found(("bands", index), Rule.BAND_UNREACHABLE, said, "remove the band")


def bands_tile(kpi: Kpi) -> Findings:
    """Every figure lies in exactly one band."""
    bands = sorted((covered(band), index) for index, band in enumerate(kpi.bands))
    bands = [(range_, index) for range_, index in bands if not range_.is_empty]
    if not bands:
        return
    figures = possible(kpi)
    (lowest, first), (highest, last) = bands[0], bands[-1]
    if lowest.low > figures.low:
        yield _gap(first, f"figures under {lowest.low} have no band", "leave its lower edge out")
    for (low, _), (high, index) in pairwise(bands):
        if low.high < high.low:
            said = f"between {low.high} and {high.low} there is a gap"
            yield _gap(index, said, "let one band end where the next begins")
        if low.high > high.low:
            said = f"between {high.low} and {low.high} two bands hold"
            remedy = "let one band end where the next begins"
            yield Found(("bands", index), Rule.BAND_OVERLAP, said, remedy)
    if highest.high < figures.high:
        yield _gap(last, f"figures over {highest.high} have no band", "leave its upper edge out")


def _gap(index: int, said: str, remedy: str) -> Found:
    return Found(("bands", index), Rule.BAND_GAP, said, remedy)


def some_band_credits(kpi: Kpi) -> Findings:
    """Bands are there to credit something."""
    if kpi.bands and all(band.credit == 0 for band in kpi.bands):
        remedy = "write a credit above 0 % in a band, or leave `bands` out"
        yield Found(("bands",), Rule.BANDS_WITHOUT_CREDIT, "no band credits anything", remedy)


def met_targets_are_not_credited(kpi: Kpi) -> Findings:
    """Credit is owed for what was missed."""
    met = promised(kpi.target.expected).common(possible(kpi))
    for index, band in enumerate(kpi.bands):
        if band.credit > 0 and not covered(band).common(met).is_empty:
            said = f"the band credits figures that meet '{kpi.target.expected}'"
            remedy = "end the band at the target, or write `credit: 0 %`"
            yield Found(("bands", index), Rule.BAND_CREDITS_A_MET_TARGET, said, remedy)


def charges_can_be_credited(charges: Charges) -> Findings:
    """A share of nothing, or a cap of nothing, would switch every credit off."""
    for key, value in (("amount", charges.amount), ("credit_cap", charges.credit_cap)):
        if value <= Decimal(0):
            said = f"with {value} here no credit could ever be owed"
            remedy = "write a value above zero, or leave `charges` out"
            yield Found((key,), Rule.CHARGES_WITHOUT_EFFECT, said, remedy)


KPI_RULES: tuple[tuple[str, Callable[[Any], Findings]], ...] = (
    ("kpis.*", measure_has_one_source),
    ("kpis.*", good_is_said_where_it_counts),
    ("kpis.*", due_times_belong_to_tickets),
    ("kpis.*", flags_have_no_mean),
    ("kpis.*", unit_suits_the_measure),
    ("kpis.*", target_has_the_unit_of_the_kpi),
    ("kpis.*", good_tickets_are_timed),
    ("kpis.*", thresholds_divide),
    ("kpis.*", minimum_is_looser),
    ("kpis.*.bands.*", band_has_two_edges_at_most),
    ("kpis.*", bands_can_be_reached),
    ("kpis.*", bands_tile),
    ("kpis.*", some_band_credits),
    ("kpis.*", met_targets_are_not_credited),
    ("charges", charges_can_be_credited),
)
"""The rules, and the parts of an agreement over which they run."""
