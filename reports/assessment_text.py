"""An assessment as a page for people: times in the agreement's zone, money in its currency."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from difflib import get_close_matches
from fractions import Fraction

from domain.assessment import Assessment
from domain.clocks.runs import ClockRun
from domain.money import Money
from domain.naming import names_of
from domain.remedies.wording import name_of
from domain.results import Line, LineType, Result
from domain.zones import zone_named
from reports.assessment import band_name, decimal
from reports.clocks import PREFIX
from reports.clocks import told as ticket_told

Row = tuple[str, ...]
Section = tuple[str, Row, list[Row]]
"""A title, the names of the columns, and the rows."""


def sections(assessment: Assessment) -> Iterator[Section]:
    """The tables of the page; those without rows are left out."""
    every = (
        ("Periods", PERIOD_COLUMNS, [_period(each) for each in assessment.results]),
        ("Ledger; positive: the provider owes", LINE_COLUMNS, _lines(assessment)),
        ("Settlement", TOTAL_COLUMNS, _totals(assessment)),
        ("Triggers", ("trigger", "means", "fired", "quantity", "periods"), _fired(assessment)),
        ("Rights", ("right", "kind", "arises", "effective", "exercise by"), _rights(assessment)),
        ("Ticket clocks", ("ticket", "clock", "deadline", "left", "status"), _clocks(assessment)),
        ("Dates", ("date", "at", "rule"), _dates(assessment)),
        ("Indexation", ("key", "percent", "old", "new"), _indexed(assessment)),
        ("Proposed targets", ("KPI", "rule", "from", "to", "effective"), _proposals(assessment)),
        ("Assumed, where the terms are silent", ("where", "assumed"), _defaults(assessment)),
        ("Problems", ("level", "where", "what", "remedy"), _problems(assessment)),
    )
    return (section for section in every if section[2])


PERIOD_COLUMNS = ("KPI", "period", "figure", "status", "band", "points", "default")
LINE_COLUMNS = ("line", "type", "percent", "amount", "settled")
TOTAL_COLUMNS = ("period", "gross", "net", "percent", "payable")


def heading(assessment: Assessment) -> str:
    """What was assessed, over which time, and as of when."""
    since, until = _local(assessment, assessment.since), _local(assessment, assessment.until)
    known = _local(assessment, assessment.known_at) if assessment.known_at else "now"
    return (
        f"{assessment.title}\n{since} to {until}, {assessment.zone}; as known {known}; "
        f"agreement {assessment.digest[:12]}"
    )


def subjects(assessment: Assessment, like: str) -> list[str]:
    """What can be explained: the names nearest to the one that was asked for."""
    every = dict.fromkeys(
        [
            *names_of(assessment.results),
            *(line.id for line in assessment.lines),
            *(total.period.key for total in assessment.totals),
            *(key for key, _, _ in _further(assessment)),
            *(PREFIX + run.ticket for run in assessment.clocks),
        ]
    )
    return get_close_matches(like, every, n=5, cutoff=0.3) or list(every)[:5] or ["no results"]


def explained(assessment: Assessment, subject: str) -> list[str]:
    """Why: of `KPI/PERIOD`, one half of it as `KPI/PERIOD@EDITION`, a line, a trigger, a right, a date …; empty when there is none such."""
    if subject.startswith(PREFIX):
        return ticket_told(subject.removeprefix(PREFIX), of_ticket(assessment, subject))
    told = [
        line
        for name, result in zip(names_of(assessment.results), assessment.results, strict=True)
        if subject in {*names(result), *(f"{each}@{result.edition}" for each in names(result))}
        for line in _result_told(assessment, name, result)
    ]
    for line in assessment.lines:
        if line.id == subject:
            told += _line_told(assessment, line)
    for total in assessment.totals:
        if total.period.key == subject:
            told += [f"Settlement {subject}:", *map(_indented, total.reason)]
            mine = [line for line in assessment.lines if line.settles == total.period]
            told += [_indented(f"{line.id}: {_amount(assessment, line)}") for line in mine]
            told.append(_indented(f"net {_money(assessment, total.net_minor)}"))
    for key, title, reason in _further(assessment):
        if key == subject:
            told += [title, *map(_indented, reason)]
    return told


def of_ticket(assessment: Assessment, subject: str) -> list[ClockRun]:
    """The clocks of a ticket that is asked for as `ticket/ID`."""
    return [run for run in assessment.clocks if PREFIX + run.ticket == subject]


def _further(assessment: Assessment) -> Iterator[tuple[str, str, Sequence[str]]]:
    """What else can be explained: its name, a title, and why."""
    for fired in assessment.fired:
        yield fired.key, f"Trigger {fired.key}, {fired.then}:", fired.reason
    for right in assessment.rights:
        yield right.key, f"Right {right.key}:", right.reason
    for indexed in assessment.indexed:
        yield indexed.key, f"Indexation {indexed.key}:", indexed.reason
    for proposal in assessment.proposals:
        name = f"{proposal.kpi}/{proposal.rule}"
        yield name, f"Proposal for {name}:", proposal.reason
    for dated in assessment.dates:
        yield dated.key, f"{dated.key}: {_local(assessment, dated.at)}", (f"{dated.rule}.",)


def names(result: Result) -> tuple[str, str]:
    """How a result is called: `KPI/PERIOD`, and with the values of its dimension."""
    short = f"{result.kpi.key}/{result.period.key}"
    return short, name_of(result)


def _result_told(assessment: Assessment, name: str, result: Result) -> Iterator[str]:
    yield f"{name}: {result.status}"
    yield from map(_indented, result.reason)
    if result.value is not None and result.den not in {0, 1}:
        num, den = (decimal(each) for each in (result.num, result.den))
        own = "" if result.kpi.averaging is None else " in this period alone"
        yield _indented(f"What was divided{own}: {num} by {den}.")
    elif result.kpi.unit == "%" and result.den == 1 and (result.num * 100).denominator > 1:
        yield _indented(f"The figure in full: {decimal(result.num)} %.")
    for line in (each for each in assessment.lines if _follows(each, result)):
        yield from _line_told(assessment, line)
    for fired in assessment.fired:
        if names(result)[1] in fired.periods or names(result)[0] in fired.periods:
            yield f"It counts in trigger {fired.key}:"
            yield from map(_indented, fired.reason)


def _follows(line: Line, result: Result) -> bool:
    """Whether the line follows from this result: alone, or with all others of its settlement."""
    if line.kpi is not None:
        start = result.period.start
        return (line.kpi, line.dim, line.start) == (result.kpi.key, result.dim, start)
    joint = line.type is LineType.CREDIT and bool(result.points and result.points.total)
    return joint and line.settles.start < result.period.end <= line.settles.end


def _line_told(assessment: Assessment, line: Line) -> Iterator[str]:
    yield f"{line.id}: {line.type} {_amount(assessment, line)}"
    if line.clause:
        yield _indented(f"Clause {line.clause}.")
    yield from map(_indented, line.reason)
    for other in assessment.lines:
        if line.id in other.adjusts:
            yield f"Adjusted by {other.id}: {other.type} {_amount(assessment, other)}"
            yield from map(_indented, other.reason)


def _indented(text: str) -> str:
    return f"  {text}"


def _amount(assessment: Assessment, line: Line) -> str:
    if line.amount_minor is None:
        return f"{decimal(line.percent)} %"
    return _money(assessment, line.amount_minor)


def _money(assessment: Assessment, minor: int | None) -> str:
    if minor is None or assessment.currency is None:
        return "-"
    return str(Money(minor, assessment.currency))


def _figure(value: Fraction | None) -> str:
    """At most four places, cut."""
    if value is None:
        return "-"
    text = decimal(value) or "-"
    whole, point, places = text.partition(".")
    return f"{whole}{point}{places[:4]}" + ("…" if len(places) > 4 else "")  # noqa: PLR2004


def _local(assessment: Assessment, at: datetime | None) -> str:
    return f"{at.astimezone(zone_named(assessment.zone)):%Y-%m-%d %H:%M}" if at else "-"


def _period(result: Result) -> Row:
    band = "" if result.band is None else band_name(result.kpi.bands[result.band])
    points = "" if result.points is None else _figure(result.points.total)
    figure = "-" if result.value is None else f"{_figure(result.value)} {result.kpi.unit}"
    kpi = "/".join((result.kpi.key, *(value for _, value in result.dim)))
    default = "yes" if result.default else ""
    return kpi, result.period.key, figure, result.status, band, points, default


def _lines(assessment: Assessment) -> list[Row]:
    return [
        (
            line.id,
            str(line.type),
            "-" if line.percent is None else f"{_figure(line.percent)} %",
            _money(assessment, line.amount_minor),
            line.settles.key,
        )
        for line in assessment.lines
    ]


def _totals(assessment: Assessment) -> list[Row]:
    return [
        (
            total.period.key,
            _money(assessment, total.gross_minor),
            _money(assessment, total.net_minor),
            "-" if total.percent is None else f"{_figure(total.percent)} %",
            _money(assessment, total.payable_minor),
        )
        for total in assessment.totals
    ]


def _fired(assessment: Assessment) -> list[Row]:
    return [
        (
            each.key,
            each.then,
            _local(assessment, each.fired_at),
            _figure(each.quantity),
            ", ".join(each.periods),
        )
        for each in assessment.fired
    ]


def _rights(assessment: Assessment) -> list[Row]:
    return [
        (
            each.key,
            each.kind,
            _local(assessment, each.arises),
            _local(assessment, each.effective),
            _local(assessment, each.exercise_by),
        )
        for each in assessment.rights
    ]


def _clocks(assessment: Assessment) -> list[Row]:
    return [
        (
            each.ticket,
            each.clock,
            _local(assessment, each.deadline),
            f"{_figure(Fraction(each.left) / 60)} min",
            each.status,
        )
        for each in assessment.clocks
    ]


def _dates(assessment: Assessment) -> list[Row]:
    return [(each.key, _local(assessment, each.at), each.rule) for each in assessment.dates]


def _indexed(assessment: Assessment) -> list[Row]:
    return [
        (
            each.key,
            f"{_figure(each.percent)} %",
            _money(assessment, each.old_minor),
            _money(assessment, each.new_minor),
        )
        for each in assessment.indexed
    ]


def _proposals(assessment: Assessment) -> list[Row]:
    return [
        (each.kpi, each.rule, str(each.from_), str(each.to), _local(assessment, each.effective))
        for each in assessment.proposals
    ]


def _defaults(assessment: Assessment) -> list[Row]:
    return [(each.path, each.assumed) for each in assessment.defaults]


def _problems(assessment: Assessment) -> list[Row]:
    return [(each.level, each.where, each.message, each.remedy) for each in assessment.troubles]
