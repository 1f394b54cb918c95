"""Time zones by IANA name, always from the pinned `tzdata` package, never from the machine."""

from datetime import UTC, date, datetime, time
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from zoneinfo import ZoneInfo

TZDATA_VERSION = version("tzdata")


class UnknownZoneError(ValueError):
    """The name is not an IANA zone."""


@cache
def zone_named(name: str) -> ZoneInfo:
    """The zone, or UnknownZoneError. The same on every machine with the same tzdata."""
    parts = name.split("/")
    if not name or any(not part or part.startswith(".") for part in parts):
        raise UnknownZoneError(name)
    try:
        with files("tzdata.zoneinfo").joinpath(*parts).open("rb") as data:
            return ZoneInfo.from_file(data, key=name)
    except (OSError, ValueError) as error:
        raise UnknownZoneError(name) from error


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The UTC instant of a naive local time: a gap is skipped forward, a fold means its first hour."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The UTC instant at which a local day begins."""
    return instant(datetime.combine(day, time()), zone)


def local_date(at: datetime, zone: ZoneInfo) -> date:
    """The local calendar day that an instant falls in."""
    return at.astimezone(zone).date()
