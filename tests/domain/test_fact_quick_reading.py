"""The quick reading of rows says what the careful one says, of every kind, cell by cell."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.facts import FactKind, cells
from domain.facts.columns import OWN, RECEIPT
from domain.facts.files import open_facts
from domain.facts.records import CHECKS, SOUND, RowReader, read_record
from domain.facts.rules import Wrong
from domain.zones import instant, zone_named

ZONES = ("Europe/London", "America/New_York", "Australia/Lord_Howe", "Etc/UTC", "Africa/Monrovia")

CELLS = st.sampled_from(
    [
        "",
        "a",
        "uptime",
        "2027-01-04",
        "2027-01-04 09:30",
        "2027-03-28 01:30",
        "2027-10-31 01:30:15",
        "2027-01-04T09:30:15.25+01:00",
        "2027-01-04T09:30:15Z",
        "2027-01-04 09:30:15.25Z",
        "2027-02-30T09:30Z",
        "2027-01-04Z",
        "2027-02-30 09:30",
        "2027-01-04 24:00",
        "2027-01-04 09:30:60",
        "9999-12-31 23:59",
        "0001-01-01 00:00",
        "0",
        "1",
        "2",
        "-1",
        "99.95",
        "2.5 %",
        "1e400",
        "NaN",
        "1_000",
        "\u0661",
        "GBP",
        "true",
        "approved",
        " padded ",
        "x" * 70_000,
    ]
)


@pytest.mark.parametrize("kind", FactKind)
@given(data=st.data())
def test_quick_and_careful_reading_agree(kind: FactKind, data: st.DataObject) -> None:
    header = [*(column.name for column in (*OWN[kind], *RECEIPT)), "site"]
    kept = data.draw(st.lists(st.sampled_from(header), min_size=1, unique=True))
    row = [data.draw(CELLS) for _ in kept]
    zone = zone_named(data.draw(st.sampled_from(ZONES)))
    wrong: list[Wrong] = []

    quick = RowReader(kind, kept, zone).read(row)
    careful = read_record(kind, dict(zip(kept, row, strict=True)), zone, wrong)

    if quick is not None:
        assert quick == careful
        assert quick.received_at == careful.received_at
        assert wrong == []
    elif kind not in CHECKS or kind in SOUND:
        assert wrong or max(map(len, row)) * 4 > 65_536


@given(
    at=st.datetimes(datetime(1880, 1, 1), datetime(2040, 1, 1)),  # noqa: DTZ001 - local
    zone=st.sampled_from(ZONES),
)
def test_a_time_is_the_same_whether_its_hour_was_seen_or_not(at: datetime, zone: str) -> None:
    there = zone_named(zone)
    whole = at.replace(microsecond=0)

    for text in (f"{whole:%Y-%m-%d %H:%M:%S}", whole.isoformat()):
        padded = text.rjust(19, "0")
        assert cells.time(padded, there) == instant(whole, there)
        assert cells.time(f"{padded}Z", there) == whole.replace(tzinfo=UTC)
    minute = whole.replace(second=0)
    assert cells.time(f"{minute.isoformat(sep=' ')[:16]}", there) == instant(minute, there)


def test_an_hour_in_which_the_clocks_change_is_read_second_by_second() -> None:
    """Monrovia set its clocks on by 44 minutes and 30 seconds in 1972."""
    zone: ZoneInfo = zone_named("Africa/Monrovia")
    at = datetime(1972, 1, 7)  # noqa: DTZ001 - local

    for second in range(0, 3600, 7):
        local = at + timedelta(seconds=second)
        assert cells.time(f"{local:%Y-%m-%d %H:%M:%S}", zone) == instant(local, zone)


def test_a_kind_without_a_quick_check_is_read_carefully() -> None:
    lines = [b"id,kpi,start,end,value\n", b"R1,uptime,2027-01-01,2027-02-01,99.5\n"]

    (fact,) = open_facts(lines, "facts-period-result.csv", zone_named("Etc/UTC")).facts

    assert fact.id == "R1"
