"""Forms of times, such as `D/M/YYYY H:MM`, and the plain writing of what is written in one."""

import re
from collections.abc import Callable, Iterator

Plainly = Callable[[str], str | None]
"""A time in the writing of files of facts; None when the text is not of the form."""


class TimeFormError(ValueError):
    """A form in which no time can be written."""


PARTS = {
    "YYYY": ("year", "[0-9]{4}"),
    "MM": ("month", "[0-9]{2}"),
    "M": ("month", "[0-9]{1,2}"),
    "DD": ("day", "[0-9]{2}"),
    "D": ("day", "[0-9]{1,2}"),
    "HH": ("hour", "[0-9]{2}"),
    "H": ("hour", "[0-9]{1,2}"),
    "mm": ("minute", "[0-9]{2}"),
    "SS": ("second", "[0-9]{2}"),
    "AM": ("half", "[AaPp]\\.?[Mm]\\.?"),
}
"""What a form can name. `MM` after the hours is minutes."""

PART = re.compile("YYYY|MM|DD|HH|SS|AM|mm|M|D|H|T|[A-Za-z]+")


def time_form(form: str) -> Plainly:
    """The reader of times of one form; TimeFormError when it names no day, or half a time."""
    pattern = re.compile("".join(_pattern(form)), re.ASCII)
    named = set(pattern.groupindex)
    if not {"year", "month", "day"} <= named:
        msg = f"`{form}` does not name year, month and day"
        raise TimeFormError(msg)
    if ("hour" in named) != ("minute" in named) or ("second" in named and "minute" not in named):
        msg = f"`{form}` names half a time"
        raise TimeFormError(msg)
    if "half" in named and "hour" not in named:
        msg = f"`{form}` names no hour"
        raise TimeFormError(msg)

    def plainly(text: str) -> str | None:
        match = pattern.fullmatch(text)
        if match is None:
            return None
        day = f"{match['year']}-{match['month']:0>2}-{match['day']:0>2}"
        if "hour" not in named:
            return day
        hour = match["hour"]
        if "half" in named:
            hour = _of_24(int(hour), late=match["half"][0] in "Pp")
            if not hour:
                return None
        seconds = f":{match['second']}" if "second" in named else ""
        return f"{day} {hour:0>2}:{match['minute']}{seconds}"

    return plainly


def _pattern(form: str) -> Iterator[str]:
    told: set[str] = set()
    position = 0
    for found in PART.finditer(form):
        yield re.escape(form[position : found.start()])
        position = found.end()
        word = found[0]
        if word == "MM" and "hour" in told and "minute" not in told:
            word = "mm"
        if word not in PARTS:
            if word == "T":
                yield "T"
                continue
            msg = f"`{word}` in `{form}` is no part of a time; parts are {', '.join(PARTS)}"
            raise TimeFormError(msg)
        name, digits = PARTS[word]
        if name in told:
            msg = f"`{form}` names the {name} twice"
            raise TimeFormError(msg)
        told.add(name)
        yield f"(?P<{name}>{digits})"
    yield re.escape(form[position:])


def _of_24(hour: int, *, late: bool) -> str:
    """The hour of the day; nothing when it is none of a clock with twelve."""
    return str(hour % 12 + 12 * late) if 1 <= hour <= 12 else ""  # noqa: PLR2004 - the clock
