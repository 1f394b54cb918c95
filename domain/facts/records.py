"""The strict reading of one record as a fact: its cells, and what they must be to each other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from domain.facts import (
    ChargeFact,
    CountFact,
    CreditFact,
    EventFact,
    Fact,
    FactKind,
    IndexFact,
    Interval,
    Outage,
    PeriodResult,
    ReliefFact,
    Sample,
    Survey,
    Ticket,
    TicketEvent,
)
from domain.facts.cells import CellError
from domain.facts.columns import KNOWN, ONE_OF, OWN, RECEIPT, Column
from domain.facts.rules import LONGEST_CELL, FactRule, Wrong

Cells: TypeAlias = Mapping[str, str]

Values: TypeAlias = Mapping[str, Any]
"""What the cells of a record say, by column; None where a cell is empty or cannot be read."""

MAKERS: dict[FactKind, Callable[..., Fact]] = {
    FactKind.TICKET: Ticket,
    FactKind.TICKET_EVENT: TicketEvent,
    FactKind.SAMPLE: Sample,
    FactKind.INTERVAL: Interval,
    FactKind.OUTAGE: Outage,
    FactKind.SURVEY: Survey,
    FactKind.COUNT: CountFact,
    FactKind.CHARGE: ChargeFact,
    FactKind.PERIOD_RESULT: PeriodResult,
    FactKind.CREDIT: CreditFact,
    FactKind.EVENT: EventFact,
    FactKind.INDEX: IndexFact,
    FactKind.RELIEF: ReliefFact,
}


def read_record(kind: FactKind, cells: Cells, zone: ZoneInfo, wrong: list[Wrong]) -> Fact | None:
    """The fact that a record tells of; what is wrong is added to `wrong`, then it is None."""
    sound = len(wrong)
    values: dict[str, Any] = {}
    for column in OWN[kind]:
        text = cells.get(column.name)
        values[column.name] = _read(column, text, zone, wrong) if text else _empty(column, wrong)
    receipt = {
        column.name: _read(column, text, zone, wrong)
        for column in RECEIPT
        if (text := cells.get(column.name))
    }
    for check in CHECKS.get(kind, ()):
        wrong += check(values, cells)
    if len(wrong) > sound:
        return None
    known = KNOWN[kind]
    further = {name: text for name, text in cells.items() if text and name not in known}
    return MAKERS[kind](*values.values(), further, **receipt)


def _read(column: Column, text: str, zone: ZoneInfo, wrong: list[Wrong]) -> Any:  # noqa: ANN401
    try:
        return column.read(text, zone)
    except CellError as error:
        wrong.append(Wrong(column.name, error.rule, error.message, error.remedy))
        return None


def _empty(column: Column, wrong: list[Wrong]) -> object:
    if column.required:
        message = f"`{column.name}` is empty"
        remedy = f"every fact of this kind needs `{column.name}`"
        wrong.append(Wrong(column.name, FactRule.EMPTY_VALUE, message, remedy))
    return column.empty


class RowReader:
    """The quick reading of rows that have their cells in the same places.

    A row in which anything may be wrong gives None, and `read_record` tells what it is.
    """

    def __init__(self, kind: FactKind, header: Sequence[str], zone: ZoneInfo) -> None:
        """The names of the columns are those that the kind takes, each once."""
        places = {name: place for place, name in enumerate(header)}
        self._columns = tuple(
            (places.get(each.name), each.read, each.required, each.empty) for each in OWN[kind]
        )
        self._receipt = tuple(
            (places[each.name], each.name, each.read) for each in RECEIPT if each.name in places
        )
        known = KNOWN[kind]
        self._further = tuple((place, name) for name, place in places.items() if name not in known)
        self._make = MAKERS[kind]
        self._sound = SOUND.get(kind, _never if kind in CHECKS else None)
        self._zone = zone

    def read(self, row: Sequence[str]) -> Fact | None:
        """The fact that a sound row tells of."""
        # Most rows are short altogether, which is quicker to see than that no cell is long.
        if len("".join(row)) * 4 > LONGEST_CELL and max(map(len, row)) * 4 > LONGEST_CELL:
            return None
        zone, values = self._zone, []
        try:
            for place, read, required, empty in self._columns:
                if place is not None and (text := row[place]):
                    values.append(read(text, zone))
                elif required:
                    return None
                else:
                    values.append(empty)
            if self._sound is not None and not self._sound(values):
                return None
            further = {name: text for place, name in self._further if (text := row[place])}
            if not self._receipt:
                return self._make(*values, further)
            receipt = {
                name: read(text, zone)
                for place, name, read in self._receipt
                if (text := row[place])
            }
        except CellError:
            return None
        return self._make(*values, further, **receipt)


def _never(_: Sequence[Any]) -> bool:
    return False


def _after_opening(values: Sequence[Any]) -> bool:
    opened = values[1]
    for at in values[2:5]:  # noqa: SIM110 - a generator costs more than the comparison
        if at is not None and at < opened:
            return False
    return True


def _lasts(values: Sequence[Any]) -> bool:
    return bool(values[3] > values[2])


SOUND: dict[FactKind, Callable[[Sequence[Any]], bool]] = {
    FactKind.TICKET: _after_opening,
    FactKind.OUTAGE: _lasts,
    FactKind.COUNT: _lasts,
    FactKind.CHARGE: _lasts,
    FactKind.SURVEY: lambda values: values[3] <= values[4],
    FactKind.INTERVAL: lambda values: (
        _lasts(values)
        and (values[4] is not None or values[5] is not None)
        and (values[4] or 0) + (values[5] or 0) <= values[6]
        and values[7] <= _most_repeats(values[2], values[3])
    ),
}
"""Whether values, in the order of the kind's columns, surely pass its checks."""


Check: TypeAlias = Callable[[Values, Cells], Iterator[Wrong]]


def _not_before_opened(values: Values, cells: Cells) -> Iterator[Wrong]:
    opened = values["opened"]
    for column in ("responded", "resolved", "closed"):
        at = values[column]
        if at is not None and opened is not None and at < opened:
            yield Wrong(
                column,
                FactRule.BEFORE_OPENED,
                f"{column} {cells[column]} is before opened {cells['opened']}",
                "correct one of them; write the offset where a clock was set back",
            )


def _ends_after_start(values: Values, cells: Cells) -> Iterator[Wrong]:
    start, end = values["start"], values["end"]
    if start is not None and end is not None and end <= start:
        yield Wrong(
            "end",
            FactRule.END_NOT_AFTER_START,
            f"end {cells['end']} is not after start {cells['start']}",
            "write the instant at which it was over; a day alone is its beginning, "
            "so what lasted all day ends on the next one",
        )


def _shares_of_total(values: Values, cells: Cells) -> Iterator[Wrong]:
    good, bad, total = values["good"], values["bad"], values["total"]
    if total is None:
        return
    if total > 0 and not cells.get("good") and not cells.get("bad"):
        yield Wrong(
            "good",
            FactRule.ONE_NEEDED,
            f"neither good nor bad is there, and the total is {cells['total']}",
            "write `good` or `bad`, or both",
        )
    if (good or 0) + (bad or 0) > total:
        column = "bad" if bad is not None else "good"
        told = " and ".join(f"{name} {cells[name]}" for name in ("good", "bad") if cells.get(name))
        yield Wrong(
            column,
            FactRule.OUT_OF_RANGE,
            f"{told} {'are' if ' and ' in told else 'is'} more than the total of {cells['total']}",
            "correct one of them: good and bad are parts of the total",
        )


LAST = datetime.max.replace(tzinfo=UTC)


def _most_repeats(start: datetime, end: datetime) -> int:
    """How often an interval can follow itself before time ends."""
    return (LAST - start) // (end - start)


def _repeats_in_time(values: Values, cells: Cells) -> Iterator[Wrong]:
    start, end, repeat = values["start"], values["end"], values["repeat"]
    if start is None or end is None or repeat is None or end <= start:
        return
    if repeat > (most := _most_repeats(start, end)):
        yield Wrong(
            "repeat",
            FactRule.OUT_OF_RANGE,
            f"repeat {cells['repeat']} leads beyond the year {LAST.year}",
            f"write how many equal intervals there were, here {most} at most",
        )


def _score_within_scale(values: Values, cells: Cells) -> Iterator[Wrong]:
    score, scale = values["score"], values["scale"]
    if score is not None and scale is not None and score > scale:
        yield Wrong(
            "score",
            FactRule.OUT_OF_RANGE,
            f"score {cells['score']} is more than the scale {cells['scale']}",
            "`scale` is the highest possible score",
        )


def _says_something(_: Values, cells: Cells) -> Iterator[Wrong]:
    if bool(cells.get("num")) != bool(cells.get("den")):
        alone, other = ("num", "den") if cells.get("num") else ("den", "num")
        yield Wrong(
            other,
            FactRule.NUM_WITHOUT_DEN,
            f"`{alone}` is there without `{other}`",
            "write both, or neither",
        )
    elif not any(cells.get(name) for name in ONE_OF[FactKind.PERIOD_RESULT]):
        yield Wrong(
            "value",
            FactRule.ONE_NEEDED,
            "the result says nothing",
            "write `value`, `num` and `den`, `met` or `points`",
        )


def _amount_or_percent(_: Values, cells: Cells) -> Iterator[Wrong]:
    there = [name for name in ONE_OF[FactKind.CREDIT] if cells.get(name)]
    if len(there) != 1:
        yield Wrong(
            "amount",
            FactRule.EXACTLY_ONE,
            "both amount and percent are there" if there else "neither amount nor percent is there",
            "write one of `amount` and `percent`",
        )


CHECKS: dict[FactKind, tuple[Check, ...]] = {
    FactKind.TICKET: (_not_before_opened,),
    FactKind.INTERVAL: (_ends_after_start, _shares_of_total, _repeats_in_time),
    FactKind.OUTAGE: (_ends_after_start,),
    FactKind.SURVEY: (_score_within_scale,),
    FactKind.COUNT: (_ends_after_start,),
    FactKind.CHARGE: (_ends_after_start,),
    FactKind.PERIOD_RESULT: (_ends_after_start, _says_something),
    FactKind.CREDIT: (_ends_after_start, _amount_or_percent),
    FactKind.RELIEF: (_ends_after_start,),
}
"""What the cells of a record must be to each other."""
