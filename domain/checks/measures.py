"""What a measure must say to be measurable: its source, and the keys that its kind has a use for.

One table says what each kind takes, one what each source has; the rules look them up.
"""

from dataclasses import dataclass
from decimal import Decimal

from domain.measurement import LENGTHS, carries_on
from domain.terms.measures import Kind, Measure, Score
from domain.terms.problems import Findings, Found, Rule, Rules
from domain.terms.ranges import BOUNDED, DURATIONS, EVERYTHING, PERCENTAGES, Cut, Range
from domain.terms.shape import Kpi
from domain.terms.wording import listed
from domain.threshold import Threshold

WHOLE = Decimal(100)
SOURCES = (
    *("series", "tickets", "flag", "clock", "intervals"),
    *("outages", "counts", "surveys", "events", "parts"),
)
VALUES = ("series", "tickets", "clock", "outages", "counts", "surveys", "events")
"""Sources whose facts have a value each."""

FACTS = (*VALUES, "flag")
TICKETS = frozenset({"tickets", "flag", "clock"})
TIMED = frozenset({"tickets", "clock", "outages"})
"""Sources whose values are times."""


@dataclass(frozen=True, slots=True)
class Takes:
    """What a kind of measure takes: one of some sources; keys that it needs, or may have.

    `ignores` are keys of its source that mean nothing to this kind.
    """

    sources: tuple[str, ...]
    needs: tuple[str, ...] = ()
    allows: tuple[str, ...] = ()
    ignores: tuple[str, ...] = ()


KINDS = {
    Kind.PROPORTION: Takes((*FACTS, "intervals"), allows=("good", "missing")),
    Kind.MEAN: Takes(VALUES, allows=("missing",)),
    Kind.SUM: Takes(VALUES),
    Kind.COUNT: Takes(FACTS, allows=("good",)),
    Kind.MAXIMUM: Takes(VALUES),
    Kind.MINIMUM: Takes(VALUES),
    Kind.PERCENTILE: Takes(VALUES, needs=("percentile",)),
    Kind.RATIO: Takes(
        ("counts", "intervals"), allows=("over",), ignores=("interval", "empty", "absent")
    ),
    Kind.RATE: Takes(("counts", "tickets"), needs=("counts", "over"), allows=("times",)),
    Kind.MEAN_OF_RATES: Takes(("intervals",)),
    Kind.AVAILABILITY: Takes(("outages", "series")),
    Kind.ATTAINMENT: Takes(("clock",), allows=("missing",)),
    Kind.CONTACT: Takes(("counts",), needs=("formula",), ignores=("of",)),
    Kind.SURVEY: Takes(("surveys",), needs=("score",), allows=("good", "minimum_sample")),
    Kind.COMPOSITE: Takes(("parts",), needs=("combine",)),
    Kind.DELAY: Takes(("events",)),
    Kind.REPORTED: Takes(()),
}
"""What each kind takes."""

OF_SOURCE = {
    "tickets": ("belongs_to",),
    "flag": ("belongs_to",),
    "clock": ("belongs_to",),
    "intervals": ("interval", "empty", "absent", "missing"),
    "counts": ("of",),
    "outages": (
        *("maintenance", "maintenance_in_denominator", "minimum_outage"),
        *("counted_in", "users", "calendar"),
    ),
}
"""Keys that belong to a source, whatever is made of it."""

OF_STATES = ("before", "missing", "calendar", "maintenance_in_denominator")
"""Keys of availability from samples of a state."""

UNITS = {
    Kind.PROPORTION: "%",
    Kind.MEAN_OF_RATES: "%",
    Kind.AVAILABILITY: "%",
    Kind.ATTAINMENT: "%",
    Kind.CONTACT: "%",
}
"""The unit of each kind that has only one."""

IN_VALUES = frozenset({Kind.MEAN, Kind.SUM, Kind.MAXIMUM, Kind.MINIMUM, Kind.PERCENTILE})
"""Kinds whose figure has the unit of the values."""

SHARES = frozenset({*UNITS, Kind.COMPOSITE})
"""Kinds whose figure in percent is never above 100 %."""


def sources_of(measure: Measure) -> list[str]:
    """The sources that a measure names."""
    return [key for key in SOURCES if getattr(measure, key) is not None]


def times_tickets(measure: Measure) -> bool:
    """Whether the values are times: of tickets, of their clocks, or of outages."""
    return any(source in TIMED for source in sources_of(measure))


def measure_has_its_source(kpi: Kpi) -> Findings:
    """A figure comes from one place, and from one that its kind can take."""
    kind, stated = kpi.measure.kind, sources_of(kpi.measure)
    possible_ = KINDS[kind].sources
    if kind == Kind.MEAN and stated == ["flag"]:
        said = "true and false have no mean"
        yield Found(("measure", "kind"), Rule.MEAN_OF_FLAG, said, "write `kind: proportion`")
        return
    for source in stated:
        if source not in possible_:
            said = f"`{kind}` takes nothing from `{source}`"
            remedy = f"write one of {listed(possible_)}" if possible_ else f"remove `{source}`"
            yield Found(("measure", source), Rule.KEY_WITHOUT_USE, said, remedy)
    if kind == Kind.RATE:
        stated = _above(kpi.measure)
    if possible_ and len(stated) != 1:
        said = f"{listed(stated)} stand together" if stated else "nothing says what is measured"
        remedy = f"write exactly one of {listed(_choices(kind))}"
        yield Found(("measure",), Rule.NO_SINGLE_SOURCE, said, remedy)


def _above(measure: Measure) -> list[str]:
    """What a rate counts above its volume: the counts of `of`, or else facts of a source."""
    of = [] if measure.of is None else ["of"]
    return of + [source for source in sources_of(measure) if source != "counts"]


def _choices(kind: Kind) -> list[str]:
    swap = {"counts": "of"} if kind == Kind.RATE else {}
    return [swap.get(source, source) for source in KINDS[kind].sources]


def measure_has_its_keys(kpi: Kpi) -> Findings:
    """A measure says what its kind needs, and nothing that its kind or source has no use for."""
    measure, takes, sources = kpi.measure, KINDS[kpi.measure.kind], sources_of(kpi.measure)
    needs = takes.needs
    if measure.kind == Kind.RATIO and "counts" in sources:
        needs = ("of", "over")
    for key in needs:
        if getattr(measure, key) is None:
            said = f"`{measure.kind}` says no `{key}`"
            yield Found(("measure",), Rule.KEY_NEEDED, said, f"add `{key}: …`")
    useful = {"kind", "clause", *SOURCES, *takes.needs, *takes.allows, "good"}
    useful |= {key for source in sources for key in OF_SOURCE.get(source, ())}
    useful |= {*OF_STATES} if carries_on(measure) else set()
    useful |= {"where"} if {*sources} - {"parts"} else set()
    useful -= {*takes.ignores}
    for key in Measure.model_fields:
        if key in measure.model_fields_set - useful:
            said = f"`{measure.kind}` of this source has no use for `{key}`"
            yield Found(("measure", key), Rule.KEY_WITHOUT_USE, said, f"remove `{key}`")


def good_is_said_where_it_counts(kpi: Kpi) -> Findings:
    """A share of values needs to know which are good; true and false say it themselves."""
    measure = kpi.measure
    if good_is_needed(measure) and measure.good is None:
        remedy = "add `good`, for example `good: at most 15 min`"
        said = "nothing says which values count as good"
        yield Found(("measure", "good"), Rule.GOOD_MISSING, said, remedy)
    if measure.good is not None and not good_is_useful(measure):
        what = "a flag" if measure.flag else f"`{measure.kind}`"
        said = f"{what} has no good and bad values"
        yield Found(("measure", "good"), Rule.GOOD_WITHOUT_USE, said, "remove `good`")


def good_is_needed(measure: Measure) -> bool:
    """Whether a share is taken of values that do not say by themselves whether they are good."""
    if measure.kind == Kind.SURVEY:
        return measure.score == Score.TOP_BOX
    if measure.kind == Kind.AVAILABILITY:
        return carries_on(measure)
    return measure.kind == Kind.PROPORTION and measure.flag is None and measure.clock is None


def good_is_useful(measure: Measure) -> bool:
    """Whether values can be good or bad at all."""
    if measure.kind == Kind.SURVEY:
        return measure.score == Score.TOP_BOX
    if measure.kind == Kind.AVAILABILITY:
        return carries_on(measure)
    return "good" in KINDS[measure.kind].allows and measure.flag is None


def due_times_belong_to_tickets(kpi: Kpi) -> Findings:
    """Only tickets and events have a due time."""
    measure = kpi.measure
    if measure.good == "by due" and measure.tickets is None and measure.events is None:
        said = "only tickets and events have a due time"
        remedy = "write a threshold, for example `at most 15 min`, or measure `tickets`"
        yield Found(("measure", "good"), Rule.BY_DUE_WITHOUT_TICKETS, said, remedy)


def unit_suits_the_measure(kpi: Kpi) -> Findings:
    """A proportion is a percentage; what counts time has a unit of time."""
    measure, unit = kpi.measure, kpi.unit
    wanted = UNITS.get(measure.kind)
    if wanted is not None and unit != wanted:
        said = f"`{measure.kind}` is a percentage, not '{unit}'"
        yield Found(("unit",), Rule.UNIT_MISMATCH, said, f'write `unit: "{wanted}"`')
    if has_time(kpi) and unit not in LENGTHS:
        said = f"`{measure.kind}` of times has a unit of time, not '{unit}'"
        yield Found(("unit",), Rule.UNIT_MISMATCH, said, f"write one of {listed(LENGTHS)}")


def has_time(kpi: Kpi) -> bool:
    """Whether the figure is a time."""
    kind = kpi.measure.kind
    return kind == Kind.DELAY or (kind in IN_VALUES and times_tickets(kpi.measure))


def good_times_are_times(kpi: Kpi) -> Findings:
    """The value of a ticket or an outage is a time."""
    good = kpi.measure.good
    if times_tickets(kpi.measure) and isinstance(good, Threshold) and good.unit not in LENGTHS:
        remedy = f"write for example `{good.edge} {good.value} h`"
        said = f"'{good}' is not a time"
        yield Found(("measure", "good"), Rule.UNIT_MISMATCH, said, remedy)


def weights_add_up(kpi: Kpi) -> Findings:
    """Every part of a composite weighs something, and weighted parts are a whole."""
    weights = kpi.measure.parts or {}
    for key, weight in weights.items():
        if weight == 0:
            said, remedy = f"`{key}` weighs nothing", "write a weight above 0 %, or leave it out"
            yield Found(("measure", "parts", key), Rule.WEIGHT_OF_ZERO, said, remedy)
    total = sum(weights.values(), Decimal(0))
    if weights and kpi.measure.combine == "weighted" and total != WHOLE:
        said = f"the weights are {total} % together; each counts as its share of that"
        remedy = "write weights that are 100 % together, if that is not meant"
        yield Found(("measure", "parts"), Rule.WEIGHTS_NOT_WHOLE, said, remedy)


def possible(kpi: Kpi) -> Range:
    """The figures that a KPI can have at all."""
    kind, unit = kpi.measure.kind, kpi.unit
    if kpi.measure.score == Score.NET_PROMOTER:
        return Range(Cut(-WHOLE, after=False), Cut(WHOLE, after=True))
    if unit == "%":
        return PERCENTAGES if kind in BOUNDED else DURATIONS
    never_below_zero = kind in {Kind.COUNT, Kind.RATE, Kind.RATIO} or has_time(kpi)
    return DURATIONS if never_below_zero else EVERYTHING


MEASURE_RULES: Rules = (
    ("kpis.*", measure_has_its_source),
    ("kpis.*", measure_has_its_keys),
    ("kpis.*", good_is_said_where_it_counts),
    ("kpis.*", due_times_belong_to_tickets),
    ("kpis.*", unit_suits_the_measure),
    ("kpis.*", good_times_are_times),
    ("kpis.*", weights_add_up),
)
"""The rules, and the parts of an agreement over which they run."""
