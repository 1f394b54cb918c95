"""The small types from which terms are made. Each is read from text, and says what it accepts."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema

from domain.numbers import parse_decimal
from domain.spans import SECONDS, Span, parse_span
from domain.threshold import Threshold, parse_threshold
from domain.zones import UnknownZoneError, zone_named

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
"""A short name that ids are made of: lower-case letters, digits, `-` and `_`."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]

ContactRef = Annotated[str, StringConstraints(pattern=r"^(client|provider)\.[a-z][a-z0-9_-]{0,62}$")]
"""A contact of a party: `client.governance`."""


def _whole(value: Any) -> int:  # noqa: ANN401 - whatever the document holds
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or re.fullmatch(r"[0-9]{1,9}", value, re.ASCII) is None:
        msg = "not a whole number; write digits only, for example 24"
        raise ValueError(msg)
    return int(value)


def _decimal(value: Any) -> Decimal:  # noqa: ANN401
    return value if isinstance(value, Decimal) else parse_decimal(str(value))


def _percent(value: Any) -> Decimal:  # noqa: ANN401
    if isinstance(value, Decimal):
        return value
    match = re.fullmatch(r"(.+?) ?%", str(value))
    if match is None:
        msg = f"'{value}' is not a percentage; write for example `2.5 %`"
        raise ValueError(msg)
    percent = parse_decimal(match[1])
    if not 0 <= percent <= 100:  # noqa: PLR2004 - a percentage
        msg = f"{percent} % is outside 0 % to 100 %"
        raise ValueError(msg)
    return percent


def _day(value: Any) -> date:  # noqa: ANN401
    if isinstance(value, date):
        return value
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", str(value), re.ASCII):
            return date.fromisoformat(value)
    except ValueError:
        pass
    msg = f"'{value}' is not a calendar date; write year-month-day, for example 2027-01-04"
    raise ValueError(msg)


def _flag(value: Any) -> bool:  # noqa: ANN401
    if isinstance(value, bool):
        return value
    if value not in {"true", "false"}:
        msg = f"'{value}' is neither `true` nor `false`"
        raise ValueError(msg)
    return bool(value == "true")


def _span(value: Any) -> Span:  # noqa: ANN401
    return value if isinstance(value, Span) else parse_span(str(value))


def _calendar_span(value: Any) -> Span:  # noqa: ANN401
    span = _span(value)
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


def _schema(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


_TEXT = PlainSerializer(str, return_type=str)
_SPAN = r"^[0-9]+ ?(s|min|h|days?|weeks?|months?|years?)$"

Whole = Annotated[int, BeforeValidator(_whole), WithJsonSchema({"type": "integer", "minimum": 0})]
Count = Annotated[Whole, Field(ge=1)]
Number = Annotated[Decimal, BeforeValidator(_decimal), _TEXT, _schema(r"^-?[0-9.]+$", "1250000.00")]
Percent = Annotated[Decimal, BeforeValidator(_percent), _TEXT, _schema(r"^[0-9.]+ ?%$", "2.5 %")]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Flag = Annotated[bool, BeforeValidator(_flag)]
Length = Annotated[Span, BeforeValidator(_span), _TEXT, _schema(_SPAN, "4 h")]
Days = Annotated[Span, BeforeValidator(_calendar_span), _TEXT, _schema(_SPAN, "10 days")]
Limit = Annotated[
    Threshold,
    BeforeValidator(_threshold),
    _TEXT,
    _schema(r"^(at least|above|at most|below) [0-9.-]+( ?[%A-Za-z]+)?$", "at least 95 %"),
]
Zone = Annotated[str, BeforeValidator(_zone), _schema(r"^[A-Za-z0-9_+/-]+$", "Europe/London")]
