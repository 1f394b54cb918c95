"""The script of a rehearsal: when it begins, whose facts arrive, and who does what after how long."""

import re
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from domain.terms.fields import ContactRef, Day, Length, Text
from notices.templates import Template


def _clock_time(value: object) -> time:
    match = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", str(value), re.ASCII)
    if match is None:
        msg = f"'{value}' is not a time of day; write for example 06:00"
        raise ValueError(msg)
    return time(int(match[1]), int(match[2]))


def _moment(value: object) -> datetime:
    match = re.fullmatch(
        r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2})", str(value), re.ASCII
    )
    try:
        if match is not None:
            return datetime.combine(date.fromisoformat(match[1]), _clock_time(match[2]))
    except ValueError:
        pass
    msg = f"'{value}' is not a local date and time; write for example 2027-01-04 09:00"
    raise ValueError(msg)


TimeOfDay = Annotated[time, BeforeValidator(_clock_time)]
Moment = Annotated[datetime, BeforeValidator(_moment)]


class Desk(BaseModel):
    """The provider's service desk: each morning it hands in what the day before completed.

    A row is complete on the day of the latest time in it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    who: ContactRef
    at: TimeOfDay
    files: Annotated[tuple[Text, ...], Field(min_length=1)]


class Part(BaseModel):
    """What a person does upon a notice: the first part that fits is played, after its delay."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    who: ContactRef
    on: Template
    about: Text = Field("*", description="A pattern over the notice's key, `*` for any text.")
    after: Length
    do: Literal["answer", "propose", "call_review", "silence"] = "answer"
    choose: Text | None = None
    note: str = ""
    file: Text | None = None
    to_date: Day | None = Field(None, description="The date that an answer names.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.do == "answer" and self.choose is None:
            msg = "an answer needs `choose`"
            raise ValueError(msg)
        if self.do == "propose" and self.file is None:
            msg = "a proposal needs a `file`"
            raise ValueError(msg)
        return self


class Script(BaseModel):
    """A rehearsal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agreement: Text
    begins: Moment
    until: Day
    desk: Desk | None = None
    people: tuple[Part, ...] = ()

    def part(self, contact: str, template: str, key: str) -> Part | None:
        """The part that a contact plays upon a notice; None is silence."""
        for part in self.people:
            if (part.who, part.on) == (contact, template) and fnmatchcase(key, f"*{part.about}*"):
                return None if part.do == "silence" else part
        return None


STAMP = re.compile(rb"\b(\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}")


def completed_on(line: bytes) -> date | None:
    """The day of the latest local time in a line of facts."""
    days = [date.fromisoformat(found.decode()) for found in STAMP.findall(line)]
    return max(days, default=None)


def by_day(name: str, raw: bytes) -> dict[date, tuple[str, bytes]]:
    """A CSV file of facts cut into one file for each day, with its header."""
    lines = raw.splitlines(keepends=True)
    days: dict[date, list[bytes]] = {}
    for line in lines[1:]:
        day = completed_on(line)
        if day is not None:
            days.setdefault(day, [lines[0]]).append(line)
    stem = PurePath(name).stem
    return {day: (f"{stem}-{day}.csv", b"".join(each)) for day, each in sorted(days.items())}


NEXT_MORNING = timedelta(days=1)
"""What a day completed is handed in on the next."""
