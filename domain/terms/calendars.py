"""Service hours, and the clocks that run on tickets during them."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from domain.terms.clause import Clause
from domain.terms.fields import (
    HOURS,
    AnyLength,
    Day,
    Flag,
    Key,
    Length,
    Percent,
    Text,
    Zone,
)
from domain.terms.measures import Where

Hours = Annotated[str, StringConstraints(pattern=HOURS)]
"""`08:00-18:00`; `24:00` ends a day, and an end before the start is on the next day."""


WeeklyHours = dict[Text, tuple[Hours, ...] | Hours] | Literal["24x7"]
"""Open hours by weekday, or around the clock."""


class NamedDay(Clause):
    """A local day that is closed, and why."""

    on: Day
    name: Text | None = Field(None, description="What the day is called.")


class ExtraDay(NamedDay):
    """A local day with hours of its own, whatever its weekday or holiday: a worked Saturday."""

    hours: tuple[Hours, ...] | Hours


ClosedDay = NamedDay | Day


class CalendarVersion(Clause):
    """What a calendar says from a local day on; what is left out stays as it was."""

    effective_from: Day = Field(description="The first local day on which this holds.")
    hours: WeeklyHours | None = None
    holidays: tuple[ClosedDay, ...] | None = None
    add: tuple[ClosedDay, ...] | None = None
    drop: tuple[Day, ...] | None = None
    extra: tuple[ExtraDay, ...] | None = None


class Calendar(Clause):
    """The open hours of a service, by weekday, in a zone, less its holidays."""

    hours: WeeklyHours = Field(
        description="By `mon`, `mon-fri`, `sat` …; around the clock is `24x7`."
    )
    zone: Zone | None = Field(None, description="The agreement's if silent.")
    holidays: tuple[ClosedDay, ...] = Field(
        (), description="Local days that are closed, as both parties saw and agreed them."
    )
    add: tuple[ClosedDay, ...] = Field((), description="Further closed days, of the parties' own.")
    drop: tuple[Day, ...] = Field((), description="Holidays on which the hours hold after all.")
    extra: tuple[ExtraDay, ...] = Field((), description="Days with hours of their own.")
    versions: tuple[CalendarVersion, ...] = Field(
        (), description="What changes from a day on; earlier days keep what held then."
    )


class Stop(StrEnum):
    """The event of a ticket that stops a clock; that of an update begins it anew."""

    RESPONSE = "response"
    RESOLUTION = "resolution"
    CLOSURE = "closure"
    UPDATE = "update"


class Start(StrEnum):
    """From when a clock counts."""

    OPENED = "opened"
    NEXT_OPEN_HOUR = "next_open_hour"


class Policy(StrEnum):
    """What becomes of a clock when its ticket is reopened, or another limit fits it.

    `restart` begins anew; `carry` counts on, what was used is used; `retroactive` is as if it had
    been so from the opening on.
    """

    RESTART = "restart"
    CARRY = "carry"
    RETROACTIVE = "retroactive"


class Closing(StrEnum):
    """What becomes of a clock that still waits when its ticket is closed.

    `runs_on`: a closing is no answer; `stops`: it is as good as one; `missed`: what was not done by
    then is missed; `lapses`: nothing more is owed, and what was overdue by then stays missed;
    `left_out`: the ticket does not count, whatever was before.
    """

    RUNS_ON = "runs_on"
    STOPS = "stops"
    MISSED = "missed"
    LAPSES = "lapses"
    LEFT_OUT = "left_out"


class Limits(Clause):
    """How long a clock may run, for the tickets whose columns have these values."""

    where: Where = Field(default={}, description="Empty: every ticket.")
    within: AnyLength = Field(
        description="Hours and minutes are of the calendar's open hours; days are of local time."
    )
    calendar: Key | None = Field(None, description="The clock's if silent.")


class PauseRule(Clause):
    """Which events of a ticket pause a clock: all that is stated must hold."""

    states: Annotated[tuple[Text, ...], Field(min_length=1)] = Field(
        description="Ticket states, told by events."
    )
    reasons: tuple[Text, ...] = Field((), description="Only with one of these reasons.")
    by: tuple[Text, ...] = Field((), description="Only through one of these actors.")
    at_most: Length | None = Field(
        None, description="So long at once, closed hours included; then the clock runs on."
    )


class ClosingRule(Clause):
    """What becomes of the clock of some closed tickets: all that is stated must hold."""

    reasons: tuple[Text, ...] = Field((), description="Only if closed with one of these reasons.")
    where: Where = Field(default={}, description="Only if the columns have these values.")
    then: Closing


class TicketClock(Clause):
    """A clock that runs on each ticket from its opening until an event, in open hours."""

    key: Key
    stops: Stop
    limits: Annotated[tuple[Limits, ...], Field(min_length=1)] = Field(
        description="The first whose `where` fits a ticket counts; none fits: no clock."
    )
    calendar: Key | None = Field(None, description="Around the clock if silent.")
    starts: Start = Field(
        default=Start.OPENED, description="With the opening, or with the first open hour after it."
    )
    pauses: tuple[PauseRule | Text, ...] = Field(
        (), description="Ticket states in which it does not run, or rules that say more."
    )
    answered_by: tuple[Text, ...] = Field(
        (), description="Only through one of these actors does it stop; silent: any person."
    )
    robots: tuple[Text, ...] = Field(
        ("system", "robot"), description="Actors whose deeds never stop a clock."
    )
    updates: Annotated[tuple[Text, ...], Field(min_length=1)] = Field(
        ("updated", "responded"), description="Of an update clock: the events that are updates."
    )
    reopening_continues: Flag = Field(
        default=True, description="A reopened ticket's clock goes on; its closed time is a pause."
    )
    on_reopen: Policy | None = Field(
        None, description="`carry` if silent; says more than `reopening_continues`."
    )
    on_close: Annotated[tuple[ClosingRule, ...], Field(min_length=1)] | Closing | None = Field(
        None,
        description="When the ticket is closed while the clock waits; silent, or no rule fits: a "
        "response clock runs on, any other stops.",
    )
    on_change: Policy | None = Field(
        None,
        description="When an event changes a column so that another limit fits; silent: the "
        "ticket's own columns count throughout.",
    )
    warn_at: tuple[Percent, ...] = Field(
        (), description="Shares of the limit at which to warn, before it is missed."
    )
