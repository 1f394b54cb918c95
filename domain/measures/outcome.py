"""The result of one KPI, one dimension and one period, with the relief that was granted and without."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction

from domain.evaluation import SHARES, Judgement, Past, clause_sentence, judge
from domain.facts import PeriodResult
from domain.measures import Figure, measured
from domain.measures.figure import spare_count
from domain.measures.framing import Setting
from domain.measures.incidents import Due, due_to, one_credit_each
from domain.measures.relief import NO_EXCUSE, Excuse, Granted, excuse, sentences
from domain.measures.reported import Reports, reported_figure
from domain.measures.words import number
from domain.periods import Period
from domain.results import MISSED, Budget, Dim, Points, Result, Status
from domain.terms.shape import Kpi


@dataclass(frozen=True, slots=True)
class Slot:
    """A period of a KPI, and the edition's terms under which it is measured."""

    setting: Setting
    kpi: Kpi
    period: Period


@dataclass(frozen=True, slots=True)
class Given:
    """What goes into the results of a KPI besides its facts."""

    reports: Reports
    reliefs: tuple[Granted, ...]
    parts: Mapping[str, Mapping[tuple[Dim, Period], Result]]
    baseline_until: datetime | None


@dataclass(frozen=True, slots=True)
class Track:
    """The exact figures of a dimension's periods so far: with relief, and without."""

    own: list[Past] = field(default_factory=list)
    bare: list[Past] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A figure and what it means."""

    figure: Figure
    judged: Judgement


def result_of(slot: Slot, dim: Dim, given: Given, track: Track) -> tuple[Figure, Result]:
    """The result of a period, and its figure; the track is continued."""
    kpi, period = slot.kpi, slot.period
    report = given.reports.by_period.get((dim, period.start))
    parts = _parts_of(kpi, dim, period, given)
    excused = excuse(given.reliefs, period.start, period.end, reported=report is not None)

    bare = _outcome(slot, dim, report, _values(parts, bare=True), track.bare)
    own = bare
    if excused.whole:
        own = _Outcome(bare.figure, Judgement(Status.EXCUSED, None, None, bare.judged.reason))
    elif given.reliefs or parts:
        own = _outcome(slot, dim, report, _values(parts, bare=False), track.own, excused)
    due = _due_to(slot, dim, report, own.judged, excused, track.own)
    track.bare.append(Past(period.key, bare.figure.value))
    track.own.append(Past(period.key, None if excused.whole else own.figure.value))

    watched = given.baseline_until is not None and period.start < given.baseline_until
    judged, bare_judged = own.judged, bare.judged
    if watched:
        judged, bare_judged = _watched(judged, report), _watched(bare_judged, report)
    return own.figure, Result(
        kpi=kpi,
        dim=dim,
        period=period,
        edition=slot.setting.edition.number,
        status=judged.status,
        value=judged.value,
        num=own.figure.num,
        den=own.figure.den,
        sample=own.figure.sample,
        bare_status=bare_judged.status,
        bare_value=bare_judged.value,
        band=judged.band,
        points=_points(kpi, judged, report),
        budget=own.figure.budget or _spare(kpi, own.figure),
        incident=None if due is None else due.incident,
        inputs_digest=own.figure.inputs_digest,
        reason=(
            *judged.reason,
            *sentences(excused, slot.setting.zone),
            *([due.reason] if due is not None and due.reason else []),
        ),
    )


def _due_to(
    slot: Slot,
    dim: Dim,
    report: PeriodResult | None,
    judged: Judgement,
    excused: Excuse,
    past: Sequence[Past],
) -> Due | None:
    """The incident to which a miss is due: a report says it, facts are asked where it matters."""
    if report is not None:
        named = report.columns.get("incident")
        return Due(named) if named else None
    if judged.status not in MISSED or not one_credit_each(slot.setting.terms, slot.kpi):
        return None
    return due_to(slot.setting.frame(slot.kpi, dim, slot.period, excused.cut), past)


def of_figure(kpi: Kpi, edition: int, period: Period, figure: Figure) -> Result:
    """The result of a figure that was counted elsewhere.

    Only of a KPI that is not split, in a period of which nothing was reported and nothing excused,
    and whose figure rests on no other.
    """
    judged = judge(kpi, figure)
    return Result(
        kpi=kpi,
        dim=(),
        period=period,
        edition=edition,
        status=judged.status,
        value=judged.value,
        num=figure.num,
        den=figure.den,
        sample=figure.sample,
        bare_status=judged.status,
        bare_value=judged.value,
        band=judged.band,
        points=_points(kpi, judged, None),
        budget=figure.budget,
        inputs_digest=figure.inputs_digest,
        reason=judged.reason,
    )


def _spare(kpi: Kpi, figure: Figure) -> Budget | None:
    """The error budget in facts, of measures that count good ones among all."""
    return spare_count(kpi, figure) if kpi.measure.kind in SHARES else None


def _outcome(
    slot: Slot,
    dim: Dim,
    report: PeriodResult | None,
    parts: Mapping[str, Fraction | None],
    past: Sequence[Past],
    excused: Excuse = NO_EXCUSE,
) -> _Outcome:
    """The figure of a period and what it means, with the time taken out that is excused."""
    if report is not None:
        return _reported(slot.kpi, report, past)
    frame = slot.setting.frame(slot.kpi, dim, slot.period, excused.cut, parts)
    figure = measured(frame)
    return _Outcome(figure, judge(slot.kpi, figure, past))


def _reported(kpi: Kpi, report: PeriodResult, past: Sequence[Past]) -> _Outcome:
    """What was reported: the figure counts; without one, or without promise, what was said of it."""
    figure = reported_figure(kpi, report)
    promised = kpi.target is not None or bool(kpi.bands)
    unsaid = report.met is None and report.points is None
    if unsaid or (figure.value is not None and (promised or report.met is None)):
        return _Outcome(figure, judge(kpi, figure, past))
    met = report.met if report.met is not None else not report.points
    status = Status.MET if met else Status.BELOW_EXPECTED
    said = "met" if met else "missed"
    if report.met is None:
        said = f"{number(Fraction(report.points or 0))} points, and so as {said}"
    by = f"{report.source} reported the period" if report.source else "It was reported"
    reason = (f"{by} in {report.id} as {said}.", *clause_sentence(kpi, None))
    return _Outcome(figure, Judgement(status, figure.value, None, reason))


def _watched(judged: Judgement, report: PeriodResult | None) -> Judgement:
    """In a baseline a figure is told, and nothing is promised."""
    if judged.status in {Status.NO_DATA, Status.EXCUSED}:
        return judged
    if judged.value is None and report is None:
        return replace(judged, status=Status.NO_DATA, band=None)
    said = "This is a period of the baseline: nothing is promised yet."
    return Judgement(Status.BASELINE, judged.value, None, (*judged.reason, said))


def _points(kpi: Kpi, judged: Judgement, report: PeriodResult | None) -> Points | None:
    """The points of the band, or those reported; None where the KPI has none at all."""
    reported = None if report is None else report.points
    if reported is None and all(band.points is None for band in kpi.bands):
        return None
    if judged.status in {Status.NO_DATA, Status.EXCUSED, Status.BASELINE}:
        return Points(Fraction(0))
    if reported is not None:
        return Points(Fraction(reported))
    return Points(Fraction(0 if judged.band is None else kpi.bands[judged.band].points or 0))


def _parts_of(kpi: Kpi, dim: Dim, period: Period, given: Given) -> dict[str, list[Result]]:
    """The results of a composite's parts whose periods lie in its own.

    A part that is not split serves every dimension.
    """
    return {
        key: _within(given.parts[key], dim, period) or _within(given.parts[key], (), period)
        for key in kpi.measure.parts or ()
    }


def _within(results: Mapping[tuple[Dim, Period], Result], dim: Dim, period: Period) -> list[Result]:
    return [
        result
        for (of, place), result in results.items()
        if of == dim and period.start <= place.start and place.end <= period.end
    ]


def _values(parts: Mapping[str, list[Result]], *, bare: bool) -> dict[str, Fraction | None]:
    """The figure of each part; of several periods their mean."""
    found: dict[str, Fraction | None] = {}
    for key, results in parts.items():
        said = [each.bare_value if bare else each.value for each in results]
        values = [value for value in said if value is not None]
        found[key] = sum(values, Fraction(0)) / len(values) if values else None
    return found
