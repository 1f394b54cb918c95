"""Zones come from the pinned database, and every local time has one instant."""

from datetime import UTC, date, datetime
from importlib.metadata import version

import pytest

from domain.zones import (
    TZDATA_VERSION,
    UnknownZoneError,
    instant,
    local_date,
    midnight,
    zone_named,
)


def test_a_zone_has_its_iana_name() -> None:
    assert zone_named("America/Argentina/Ushuaia").key == "America/Argentina/Ushuaia"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Europe",
        "Europe/",
        "/Europe/London",
        "Europe//London",
        "../zoneinfo/UTC",
        "./UTC",
        "Europe/Atlantis",
        "__init__.py",
        "tzdata.zi",
        "zone.tab",
        "UTC\0",
        "\ud800",
        "x" * 5000,
    ],
)
def test_what_is_not_a_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownZoneError):
        zone_named(name)


def test_the_version_is_that_of_the_package() -> None:
    assert version("tzdata") == TZDATA_VERSION


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2017-03-26T00:30", "2017-03-26T00:30"),
        ("2017-03-26T01:30", "2017-03-26T01:30"),  # skipped: 02:30 by the new clock
        ("2017-10-29T01:30", "2017-10-29T00:30"),  # twice: the first
        ("2017-10-29T02:00", "2017-10-29T02:00"),
    ],
)
def test_a_skipped_time_is_put_off_and_a_repeated_one_is_its_first(local: str, utc: str) -> None:
    assert instant(datetime.fromisoformat(local), zone_named("Europe/London")) == (
        datetime.fromisoformat(utc).replace(tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        ("Europe/London", "2017-07-01", "2017-06-30T23:00"),
        ("America/Sao_Paulo", "2017-10-15", "2017-10-15T03:00"),  # begins at 01:00
        ("America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00"),  # 23:00 had come twice
        ("America/Havana", "2017-11-05", "2017-11-05T04:00"),  # midnight comes twice
        ("Africa/Cairo", "2023-04-28", "2023-04-27T22:00"),
        ("Asia/Beirut", "2017-03-26", "2017-03-25T22:00"),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00"),  # the day before was skipped
        ("Asia/Kathmandu", "2017-01-01", "2016-12-31T18:15"),
    ],
)
def test_a_day_begins_when_the_clock_first_shows_it(zone: str, day: str, begins: str) -> None:
    at = midnight(date.fromisoformat(day), zone_named(zone))

    assert at == datetime.fromisoformat(begins).replace(tzinfo=UTC)
    assert at.tzinfo is UTC
    assert local_date(at, zone_named(zone)) == date.fromisoformat(day)
