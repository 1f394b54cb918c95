"""The small types from which terms are made. Each is read from text, and says what it accepts."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from domain.numbers import parse_decimal
from domain.periods import Every, parse_every
from domain.spans import SECONDS, Span, Unit, parse_span
from domain.stretch import Stretch, parse_stretch
from domain.terms.problems import Rule
from domain.threshold import Threshold, parse_threshold
from domain.zones import UnknownZoneError, zone_named

KEY = r"^[a-z][a-z0-9_-]{0,62}$"
CONTACT_REF = r"^(client|provider)\.[a-z][a-z0-9_-]{0,62}$"
EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
CURRENCY = r"^[A-Z]{3}$"
UNIT = r"^(%|[A-Za-z]{1,12})$"
HOURS = r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-4]):[0-5][0-9]$"

FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Dates of agreements lie between these years, so that no sum of dates and lengths overflows."""

LONGEST = {
    Unit.HOUR: 876_000,
    Unit.DAY: 36_500,
    Unit.WORKING_DAY: 26_000,
    Unit.WEEK: 5_200,
    Unit.MONTH: 1_200,
    Unit.YEAR: 100,
}
"""A hundred years in each unit; in seconds and minutes six digits cannot say as much."""

Key = Annotated[str, StringConstraints(pattern=KEY)]
"""A short name that ids are made of: lower-case letters, digits, `-` and `_`."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]

ContactRef = Annotated[str, StringConstraints(pattern=CONTACT_REF)]
"""A contact of a party: `client.governance`."""

Email = Annotated[str, StringConstraints(pattern=EMAIL, max_length=254)]
Currency = Annotated[str, StringConstraints(pattern=CURRENCY)]
UnitName = Annotated[str, StringConstraints(pattern=UNIT)]


def _whole(value: Any) -> int:  # noqa: ANN401 - whatever the document holds
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or re.fullmatch(r"[0-9]{1,9}", value, re.ASCII) is None:
        msg = f"'{value}' is not a whole number; write at most nine digits, for example 24"
        raise ValueError(msg)
    return int(value)


def _decimal(value: Any) -> Decimal:  # noqa: ANN401
    if isinstance(value, float):
        msg = f"{value} is binary and so inexact; write the number as text"
        raise ValueError(msg)  # noqa: TRY004 - pydantic reports ValueError
    return value if isinstance(value, Decimal) else parse_decimal(str(value))


def _percentage(value: Any) -> Decimal:  # noqa: ANN401
    if isinstance(value, Decimal):
        return value
    match = re.fullmatch(r"(.+?) ?%", str(value))
    if match is None:
        msg = f"'{value}' is not a percentage; write for example `2.5 %`"
        raise ValueError(msg)
    percent = parse_decimal(match[1])
    if percent < 0:
        msg = f"{percent} % is below nothing; write a percentage from 0 % on"
        raise ValueError(msg)
    return percent


def _percent(value: Any) -> Decimal:  # noqa: ANN401
    percent = _percentage(value)
    if percent > 100:  # noqa: PLR2004 - a percentage
        msg = f"{percent} % is no share; write a percentage from 0 % to 100 %"
        raise ValueError(msg)
    return percent


def _every(value: Any) -> Every:  # noqa: ANN401
    every = value if isinstance(value, Every) else parse_every(str(value))
    _span(every.span)
    return every


def _stretch(value: Any) -> Stretch:  # noqa: ANN401
    stretch = value if isinstance(value, Stretch) else parse_stretch(str(value))
    if stretch.span is not None:
        _span(stretch.span)
    return stretch


def _day(value: Any) -> date:  # noqa: ANN401
    if isinstance(value, date):
        return value
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", str(value), re.ASCII):
            day = date.fromisoformat(value)
            if FIRST_YEAR <= day.year <= LAST_YEAR:
                return day
    except ValueError:
        pass
    msg = f"'{value}' is not a calendar date; write year-month-day, for example 2027-01-04"
    raise ValueError(msg)


def _flag(value: Any) -> bool:  # noqa: ANN401
    if isinstance(value, bool):
        return value
    if str(value) not in {"true", "false"}:
        msg = f"'{value}' is neither true nor false; write `true` or `false`"
        raise ValueError(msg)
    return str(value) == "true"


def _span(value: Any) -> Span:  # noqa: ANN401
    span = value if isinstance(value, Span) else parse_span(str(value))
    if span.amount > LONGEST.get(span.unit, span.amount):
        msg = f"'{span}' is longer than a hundred years; write a shorter length"
        raise ValueError(msg)
    return span


def _elapsing_span(value: Any) -> Span:  # noqa: ANN401
    span = _span(value)
    if span.unit == Unit.WORKING_DAY:
        msg = f"'{span}' is not possible here; write for example `4 h` or `10 days`"
        raise ValueError(msg)
    return span


def _calendar_span(value: Any) -> Span:  # noqa: ANN401
    span = _elapsing_span(value)
    if span.unit in SECONDS:
        msg = f"'{span}' is not a number of days; write for example `10 days` or `2 months`"
        raise ValueError(msg)
    return span


def _threshold(value: Any) -> Threshold:  # noqa: ANN401
    return value if isinstance(value, Threshold) else parse_threshold(str(value))


def _zone(value: Any) -> str:  # noqa: ANN401
    try:
        return zone_named(str(value)).key
    except UnknownZoneError:
        msg = f"'{value}' is not an IANA time zone; write for example `Europe/London`"
        raise ValueError(msg) from None


def _read(rule: Rule, read: Callable[[Any], object]) -> BeforeValidator:
    """Read from text; what the reader refuses is reported under this rule."""

    def named(value: Any) -> object:  # noqa: ANN401
        try:
            return read(value)
        except ValueError as error:
            raise PydanticCustomError(rule.value, "{said}", {"said": str(error)}) from None

    return BeforeValidator(named)


def _schema(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


_TEXT = PlainSerializer(str, return_type=str)
_PERCENT_TEXT = PlainSerializer(lambda percent: f"{percent} %", return_type=str)
_SPAN = r"^[0-9]{1,6} ?(s|min|h|days?|weeks?|months?|years?)$"
_WORKING = r"^[0-9]{1,6} ?(s|min|h|(working )?days?|weeks?|months?|years?)$"
_DAYS = r"^[0-9]{1,6} ?(days?|weeks?|months?|years?)$"
_LIMIT = r"^(at least|above|at most|below) -?[0-9.]+( ?[%A-Za-z]+)?$"
_NUMBER = WithJsonSchema(
    {"type": ["string", "number"], "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "examples": ["1250000.00"]}
)

Whole = Annotated[
    int,
    _read(Rule.NOT_A_WHOLE_NUMBER, _whole),
    WithJsonSchema({"type": "integer", "minimum": 0}),
]
Count = Annotated[Whole, Field(ge=1)]
Places = Annotated[Whole, Field(le=9)]
"""So many decimal places."""

Months = Annotated[Count, Field(le=LONGEST[Unit.MONTH])]
Number = Annotated[Decimal, _read(Rule.NOT_A_NUMBER, _decimal), _TEXT, _NUMBER]
Percent = Annotated[
    Decimal,
    _read(Rule.NOT_A_PERCENTAGE, _percent),
    _PERCENT_TEXT,
    _schema(r"^[0-9.]+ ?%$", "2.5 %"),
]
Day = Annotated[
    date,
    _read(Rule.NOT_A_DATE, _day),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2027-01-04"]}),
]
Flag = Annotated[bool, _read(Rule.NOT_TRUE_OR_FALSE, _flag)]
Length = Annotated[Span, _read(Rule.NOT_A_LENGTH, _elapsing_span), _TEXT, _schema(_SPAN, "4 h")]
AnyLength = Annotated[
    Span, _read(Rule.NOT_A_LENGTH, _span), _TEXT, _schema(_WORKING, "10 working days")
]
"""A length that may also be of working days."""

Days = Annotated[Span, _read(Rule.NOT_DAYS, _calendar_span), _TEXT, _schema(_DAYS, "10 days")]
Limit = Annotated[
    Threshold,
    _read(Rule.NOT_A_THRESHOLD, _threshold),
    _TEXT,
    _schema(_LIMIT, "at least 95 %"),
]
Zone = Annotated[
    str, _read(Rule.NOT_A_ZONE, _zone), _schema(r"^[A-Za-z0-9_+/-]+$", "Europe/London")
]
AnyPercent = Annotated[
    Decimal,
    _read(Rule.NOT_A_PERCENTAGE, _percentage),
    _PERCENT_TEXT,
    _schema(r"^[0-9.]+ ?%$", "200 %"),
]
"""A percentage that may be above 100 %."""

Rhythm = Annotated[
    Every, _read(Rule.NOT_A_RHYTHM, _every), _TEXT, _schema(r"^.+$", "month from 2027-01-16")
]
"""How often something is measured or settled."""

Reach = Annotated[Stretch, _read(Rule.NOT_A_STRETCH, _stretch), _TEXT, _schema(r"^.+$", "6 months")]
"""Over which stretch of time results are counted."""
