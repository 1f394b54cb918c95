"""Files handed in: kept byte for byte, counted, and taken whole or not at all."""

from pathlib import Path

import pytest
from sqlalchemy import select

from gateway import ConflictError, Document, ForbiddenError, Way
from gateway.handing_in import hand_in
from incoming import Stored
from store.tables import document_part, intake
from store.views.intakes import intakes, raw_digests, read_raw
from tests.facts.handing import DESK, RECEIVED, Desk

TICKETS = "id,opened\n" + "".join(f"T{n},2027-01-05 09:{n % 60:02}\n" for n in range(1000))

OWN = Document("own.yaml", b"mapping: own\nfacts: [{kind: ticket, columns: {id: a, opened: b}}]")


async def raw(desk: Desk, digest: str) -> bytes:
    async with desk.database.connect() as connection:
        (found,) = await raw_digests(connection, desk.agreement, digest)
        return b"".join([block async for block in read_raw(connection, found)])


async def test_the_raw_file_is_kept_byte_for_byte(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incoming.files.BLOCK", 4096)
    path = tmp_path / "facts-ticket.csv"
    path.write_text(TICKETS)
    told: list[int] = []

    taken = await hand_in(
        desk.database,
        desk.agreement,
        DESK,
        Stored(path.name, path),
        Way(watch=told.append),
        RECEIVED,
    )

    async with desk.database.connect() as connection:
        (file,) = await intakes(connection, desk.agreement)
        parts = list(await connection.scalars(select(document_part.c.number)))
    assert (taken.rows, taken.read, taken.accepted) == (1000, 1000, 1000)
    assert sum(told) == len(TICKETS)
    assert file["digest"] == file["raw"]
    assert sorted(parts) == list(range(len(TICKETS) // 4096 + 1))
    assert await raw(desk, file["digest"][:8]) == TICKETS.encode()


async def test_what_is_refused_is_not_kept(desk: Desk) -> None:
    await desk.refused("facts-ticket.csv", TICKETS + "T,never\n")

    async with desk.database.connect() as connection:
        assert (await connection.execute(select(document_part))).all() == []
        assert (await connection.execute(select(intake))).all() == []


async def test_the_same_file_by_another_mapping_is_another_intake(desk: Desk) -> None:
    text = "a,b\nT1,2027-01-05 09:00\n"
    other = Document("other.yaml", OWN.raw.replace(b"opened: b", b"opened: b, site: a"))

    first = await desk.hand_in("export.csv", text, mapping=OWN)
    again = await desk.hand_in("export.csv", text, mapping=OWN)
    second = await desk.hand_in("export.csv", text, mapping=other)

    assert (first.again, again.again, second.again) == (False, True, False)
    async with desk.database.connect() as connection:
        one, two = await intakes(connection, desk.agreement)
    assert one["digest"] != two["digest"]
    assert one["raw"] == two["raw"]
    assert await raw(desk, two["digest"]) == text.encode()


async def test_a_mapping_that_does_not_hold_refuses_the_file(desk: Desk) -> None:
    broken = Document("own.yaml", OWN.raw.replace(b"opened: b", b"closed_at: b"))

    problems = await desk.refused("export.csv", "a,b\n", mapping=broken)

    assert [each.split()[1] for each in problems] == ["missing-key", "unknown-key"]


async def test_only_a_contact_hands_in(desk: Desk) -> None:
    with pytest.raises(ForbiddenError):
        await hand_in(
            desk.database,
            desk.agreement,
            "provider.stranger",
            Document("facts-ticket.csv", TICKETS.encode()),
            Way(),
            RECEIVED,
        )


async def test_a_file_that_changes_under_the_reading_is_not_taken(
    desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "facts-ticket.csv"
    path.write_text(TICKETS)

    def meddle(_: int) -> None:
        path.write_text(TICKETS + "T,2027-01-05 09:00\n")

    with pytest.raises(ConflictError, match="was changed while it was read"):
        await hand_in(
            desk.database,
            desk.agreement,
            DESK,
            Stored(path.name, path),
            Way(watch=meddle),
            RECEIVED,
        )

    assert (await desk.kept())["ticket"] == 0


@pytest.mark.parametrize("limit", ["MOST_ROWS", "MOST_HELD"])
async def test_a_file_of_too_many_rows_is_refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(f"gateway.rows.{limit}", 3)
    text = "id,opened\n" + "T,never\n" * 9

    assert await desk.refused("facts-ticket.csv", text, quarantine=True) == ["5:1 too-many-rows"]


async def test_a_workbook_is_handed_in_as_any_file(desk: Desk) -> None:
    import io

    from openpyxl import Workbook

    made = Workbook()
    for row in (("id", "series", "at", "value"), ("S1", "checks", "2027-01-05", 0.1 + 0.2)):
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)

    taken = await desk.hand_in("checks.xlsx", out.getvalue())

    assert taken.read == 1
    assert await raw(desk, "") == out.getvalue()
