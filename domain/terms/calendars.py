"""Service hours, and the clocks that run on tickets during them."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from domain.terms.clause import Clause
from domain.terms.fields import HOURS, AnyLength, Day, Flag, Key, Text, Zone
from domain.terms.measures import Where

Hours = Annotated[str, StringConstraints(pattern=HOURS)]
"""`08:00-18:00`; `24:00` ends a day, and an end before the start is on the next day."""


class Calendar(Clause):
    """The open hours of a service, by weekday, in a zone, less its holidays."""

    hours: dict[Text, tuple[Hours, ...] | Hours] = Field(
        description='By `mon`, `mon-fri`, `sat` …; around the clock is `{mon-sun: "00:00-24:00"}`.'
    )
    zone: Zone | None = Field(None, description="The agreement's if silent.")
    holidays: tuple[Day, ...] = Field((), description="Local days that are closed.")


class Stop(StrEnum):
    """The event of a ticket that stops a clock."""

    RESPONSE = "response"
    RESOLUTION = "resolution"
    CLOSURE = "closure"


class Limits(Clause):
    """How long a clock may run, for the tickets whose columns have these values."""

    where: Where = Field(default={}, description="Empty: every ticket.")
    within: AnyLength = Field(
        description="Hours and minutes are of the calendar's open hours; days are of local time."
    )


class TicketClock(Clause):
    """A clock that runs on each ticket from its opening until an event, in open hours."""

    key: Key
    stops: Stop
    limits: Annotated[tuple[Limits, ...], Field(min_length=1)] = Field(
        description="The first whose `where` fits a ticket counts; none fits: no clock."
    )
    calendar: Key | None = Field(None, description="Around the clock if silent.")
    pauses: tuple[Text, ...] = Field(
        (), description="Ticket states, told by events, in which it does not run."
    )
    reopening_continues: Flag = Field(
        default=True, description="A reopened ticket's clock goes on; its closed time is a pause."
    )
