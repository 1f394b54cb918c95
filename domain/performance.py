"""The performance of an agreement: one result for each KPI, dimension and period.

What was reported for a whole period goes before what its facts would give. Every result is reckoned
twice, with the relief that was granted and without.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from domain.asking import ASKED_WITHIN, lacking
from domain.facts.book import FactBook
from domain.measures import Figure
from domain.measures.framing import Settings, known
from domain.measures.outcome import Given, Slot, Track, result_of
from domain.measures.relief import Granted, granted
from domain.measures.reported import Window, is_surprising, reports
from domain.measures.words import listed, many, number
from domain.periods import Period
from domain.remedies.bands import owing_alone
from domain.remedies.wording import name_of
from domain.results import Default, Dim, Result, Trouble
from domain.schedule import keys_of
from domain.terms.shape import Kind, Kpi
from domain.timeline import Timeline, term_starts_at


@dataclass(frozen=True, slots=True)
class Performance:
    """Results by period and dimension, what is wrong with facts, and what was assumed."""

    results: tuple[Result, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    defaults: tuple[Default, ...] = ()


def performance(
    timeline: Timeline,
    key: str,
    book: FactBook,
    since: datetime,
    until: datetime,
    known_at: datetime | None,
    made: Mapping[str, Sequence[Result]] | None = None,
) -> Performance:
    """The results of one KPI for its periods from `since` to `until`.

    `made` are results that there are already, by KPI: a composite rests on those of its parts, and
    a dimension that a KPI once had goes on, whether or not there are facts of it.
    """
    ends = dict.fromkeys(keys_of(timeline), until)
    done = {each: Performance(tuple(results)) for each, results in (made or {}).items()}
    dims = {result.dim for result in done.pop(key, Performance()).results}
    settings = Settings(timeline, known(book, known_at))
    return _Work(settings, since, ends, known_at, dims, done=done).of(key)


def all_performances(
    timeline: Timeline,
    book: FactBook,
    since: datetime,
    ends: Mapping[str, datetime],
    known_at: datetime | None,
) -> Performance:
    """The results of every KPI that some edition knows, from `since` until the end given for each.

    A KPI for which no end is given has no periods yet.
    """
    work = _Work(Settings(timeline, known(book, known_at)), since, ends, known_at)
    keys = keys_of(timeline)
    each = [work.of(key) for key in keys]
    troubles = [*_of_no_kpi(book, keys), *(trouble for one in each for trouble in one.troubles)]
    return Performance(
        results=tuple(result for one in each for result in one.results),
        troubles=tuple(dict.fromkeys(troubles)),
        defaults=tuple(default for one in each for default in one.defaults),
    )


def _of_no_kpi(book: FactBook, keys: Iterable[str]) -> Iterator[Trouble]:
    """Facts about KPIs that no edition knows."""
    told = [("period_result", fact.id, fact.kpi) for fact in book.period_results]
    told += [("relief", fact.id, fact.kpi) for fact in book.reliefs if fact.kpi is not None]
    for kind, name, key in told:
        if key not in keys:
            message = f"{name} is about `{key}`, which is no KPI of the agreement"
            yield Trouble(f"{kind}/{name}", message, "name one of the KPIs of the terms")


@dataclass(frozen=True, slots=True)
class _Work:
    """An agreement whose performances are made one after the other, parts before composites."""

    settings: Settings
    since: datetime
    ends: Mapping[str, datetime]
    known_at: datetime | None
    dims: Collection[Dim] = ()
    done: dict[str, Performance] = field(default_factory=dict)

    @property
    def timeline(self) -> Timeline:
        """The editions of the terms."""
        return self.settings.timeline

    @property
    def book(self) -> FactBook:
        """The facts."""
        return self.settings.known.book

    def of(self, key: str) -> Performance:
        """The performance of a KPI, made once."""
        if key not in self.done:
            # A composite that rests on itself finds nothing there.
            self.done[key] = Performance()
            self.done[key] = self._made(key)
        return self.done[key]

    def _made(self, key: str) -> Performance:
        until = self.ends.get(key, self.since)
        slots = [
            Slot(self.settings.of(edition), edition.terms.kpi(key), period)
            for edition, period in self.timeline.periods(key, self.since, until)
        ]
        reliefs, refused = self._reliefs(key, until)
        given = Given(
            reports=reports(
                (fact for fact in self.book.period_results if fact.kpi == key),
                [Window(slot.kpi, slot.period, slot.setting.zone) for slot in slots],
            ),
            reliefs=reliefs,
            parts={part: _by_place(self.of(part).results) for part in _parts(slots)},
            baseline_until=self._baseline_until(key, slots, until),
        )
        dims = {slot.setting.edition.number: self._dims(slot, given, until) for slot in slots}
        tracks: dict[Dim, Track] = {}
        results: list[Result] = []
        defaults: dict[Default, None] = {}
        doubtful: list[Trouble] = []
        for slot in slots:
            for dim in dims[slot.setting.edition.number]:
                own, result = result_of(slot, dim, given, tracks.setdefault(dim, Track()))
                results.append(result)
                defaults |= dict.fromkeys(_assumed(slot.kpi, own, result))
                if (dim, slot.period.start) not in given.reports.by_period:
                    doubtful += _doubted(own, result)
        troubles = (
            *given.reports.troubles,
            *refused,
            *doubtful,
            *_undivided(slots),
            *_bandless(results, given),
        )
        return Performance(tuple(results), tuple(dict.fromkeys(troubles)), tuple(defaults))

    def _dims(self, slot: Slot, given: Given, until: datetime) -> list[Dim]:
        """The dimensions of which something is known, in order; a KPI that is not split has one."""
        per = slot.kpi.per
        if not per:
            return [()]
        found = slot.setting.dims(slot.kpi, self.since, until) | given.reports.dims
        found |= {dim for part in given.parts.values() for dim, _ in part}
        found.update(self.dims)
        return sorted(dim for dim in found if tuple(column for column, _ in dim) == per)

    def _reliefs(self, key: str, until: datetime) -> tuple[tuple[Granted, ...], list[Trouble]]:
        """The claims to relief that count for a KPI, and why others do not."""
        counting: list[Granted] = []
        troubles: list[Trouble] = []
        for fact in self.book.reliefs:
            if fact.kpi not in {None, key} or not (fact.start < until and self.since < fact.end):
                continue
            at = self.settings.at(fact.start)
            match granted(fact, at.terms, at.zone, at.working, self.known_at):
                case Granted() as each:
                    counting.append(each)
                case Trouble() as trouble:
                    troubles.append(trouble)
                case None:
                    pass
        return tuple(counting), troubles

    def _baseline_until(self, key: str, slots: Sequence[Slot], until: datetime) -> datetime | None:
        """Until when the KPI is only watched: so many of its periods from the start of the term."""
        baseline = next((slot.kpi.baseline for slot in slots if slot.kpi.baseline), None)
        if baseline is None:
            return None
        starts_at = term_starts_at(self.timeline.editions[0].terms)
        firsts = islice(self.timeline.periods(key, starts_at, until), baseline.periods)
        return max(period.end for _, period in firsts)


def _parts(slots: Iterable[Slot]) -> list[str]:
    """The KPIs on which a composite rests."""
    return list(dict.fromkeys(key for slot in slots for key in slot.kpi.measure.parts or ()))


def _by_place(results: Iterable[Result]) -> dict[tuple[Dim, Period], Result]:
    return {(result.dim, result.period): result for result in results}


# --- what a reader must know besides


def _undivided(slots: Iterable[Slot]) -> Iterator[Trouble]:
    """Facts that do not say to which site, priority … they belong."""
    for slot in slots:
        kpi = slot.kpi
        if kpi.per and (count := slot.setting.selection(kpi).undivided):
            columns = listed(f"`{column}`" for column in kpi.per)
            message = f"{many(count, 'fact')} of {kpi.key} left out: without {columns}"
            yield Trouble(f"kpis/{kpi.key}", message, f"add {columns} to the facts")


def _doubted(figure: Figure, result: Result) -> Iterator[Trouble]:
    """What facts amount to and cannot be, or what is more than the whole without being meant so."""
    where, name = f"kpis/{result.kpi.key}", name_of(result)
    if figure.refused:
        message = f"{name} has no figure: {figure.refused}"
        yield Trouble(where, message, "correct the facts", level="error")
    elif figure.value is not None and is_surprising(result.kpi, figure.value):
        message = f"{name} is above 100 %: {number(figure.value)} % counts as it is"
        yield Trouble(where, message, "correct the facts, if that is not meant")


def _bandless(results: Iterable[Result], given: Given) -> Iterator[Trouble]:
    """Misses that were reported without a figure, so that no band says what they cost."""
    for result in results:
        report = given.reports.by_period.get((result.dim, result.period.start))
        if report is None or not result.missed or not result.kpi.bands:
            continue
        if result.value is None and report.points is None and owing_alone(result.kpi) is None:
            message = (
                f"{report.id} reports a miss of {report.kpi} without a figure: no band holds it"
            )
            yield Trouble(f"period_result/{report.id}", message, "report its `value`")


def _assumed(kpi: Kpi, figure: Figure, result: Result) -> Iterator[Default]:
    """What the terms leave open, and what was assumed, as far as it mattered here."""
    where = f"kpis.{kpi.key}"
    for each in figure.assumed:
        yield Default(f"{where}.{each.key}", each.said)
    if kpi.restate_within is None:
        said = "late and corrected facts restate a period until the agreement is closed"
        yield Default(f"{where}.restate_within", said)
    if result.value is None:
        if figure.value is None and "no_data" not in kpi.model_fields_set:
            yield Default(f"{where}.no_data", "a period without facts is left out")
        if lacking([result]) and kpi.asked_within is None:
            said = f"facts of a period without any are asked for within {ASKED_WITHIN}"
            yield Default(f"{where}.asked_within", said)
        return
    if kpi.rounding is None:
        yield Default(f"{where}.rounding", "figures are compared exactly")
    if kpi.target is None:
        yield Default(f"{where}.target", "met is what its band asks nothing for")
    if kpi.measure.kind == Kind.PERCENTILE:
        yield Default(f"{where}.measure.percentile", "by nearest rank, never interpolated")
