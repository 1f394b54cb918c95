from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.lives import Life, at, helpdesk
from worker import sweep

WEEK = ("2027-W01", "2027-01-13 00:00")


async def evaluated(life: Life) -> list[tuple[str, str]]:
    """Each period, and the UTC instant at which its figures were due."""
    rows = await life.rows("SELECT period, due_at FROM evaluation ORDER BY due_at")
    return [(row.period, f"{row.due_at:%Y-%m-%d %H:%M}") for row in rows]


async def live(life: Life, changes: dict[str, str]) -> None:
    await life.launch(helpdesk({"kpis.errors.no_data": "excluded", **changes}))
    await life.go_live()


@pytest.mark.parametrize(
    ("every", "until", "periods"),
    [
        (
            "day",
            "2027-01-08 12:00",
            [
                ("2027-01-04", "2027-01-07 00:00"),
                ("2027-01-05", "2027-01-08 00:00"),
            ],
        ),
        ("week", "2027-01-14", [WEEK]),
        ("month", "2027-02-04", [("2027-01", "2027-02-03 00:00")]),
        ("quarter", "2027-04-04", [("2027-Q1", "2027-04-03 00:00")]),
    ],
)
async def test_a_period_is_evaluated_at_its_end_and_the_cut_off(
    life: Life, every: str, until: str, periods: list[tuple[str, str]]
) -> None:
    await live(life, {"kpis.errors.every": every})

    await life.until(until)

    assert await evaluated(life) == periods


async def test_days_end_at_local_midnight_on_both_sides_of_summer_time(life: Life) -> None:
    zone = {"zone": "Europe/London", "kpis.errors.every": "day", "kpis.errors.cut_off": "0 days"}
    await live(life, zone)

    await life.until("2027-03-30")

    assert (await evaluated(life))[-3:] == [
        ("2027-03-27", "2027-03-28 00:00"),
        ("2027-03-28", "2027-03-28 23:00"),
        ("2027-03-29", "2027-03-29 23:00"),
    ]


async def test_facts_count_until_the_cut_off(life: Life) -> None:
    await life.launch()
    await life.go_live()
    await life.until("2027-01-12 23:59")
    await life.samples(("2027-01-05T12:00", 0))

    await life.until("2027-01-13 00:01")

    assert await life.rows("SELECT status FROM evaluation") == [("met",)]


async def test_facts_that_arrive_after_the_cut_off_restate_what_was_known_at_it(life: Life) -> None:
    await life.launch()
    await life.go_live()
    await life.look_away("2027-01-14")
    await life.until("2027-01-13 00:01")
    await life.samples(("2027-01-05T12:00", 0))

    await life.until("2027-01-14 00:01")

    rows = await life.rows("SELECT status, facts FROM evaluation ORDER BY revision")
    assert [tuple(row) for row in rows] == [("below_expected", 0), ("met", 1)]


async def test_after_an_outage_every_period_is_evaluated_as_of_its_own_instant(life: Life) -> None:
    await live(life, {})
    await life.look_away("2027-02-01")

    await life.until("2027-02-01 00:01")

    assert await evaluated(life) == [
        WEEK,
        ("2027-W02", "2027-01-20 00:00"),
        ("2027-W03", "2027-01-27 00:00"),
    ]


async def test_an_agreement_that_cannot_be_evaluated_holds_up_no_other(
    life: Life, database: AsyncEngine, owner_url: URL
) -> None:
    await live(life, {})
    life.agreement = "broken"
    await life.launch(helpdesk({"agreement": "broken", "title": "Broken"}))
    await life.go_live()
    await life.until("2027-01-05")
    await spoil(database, owner_url, "broken")

    await life.until("2027-01-13 00:10")

    assert await evaluated(life) == [WEEK]
    (failed,) = await life.told("evaluation_failed")
    assert failed.at >= at("2027-01-13")
    assert "BrokenEditionError" in failed.detail["fault"]


async def test_an_agreement_that_could_not_be_evaluated_is_tried_again(
    life: Life, database: AsyncEngine, owner_url: URL
) -> None:
    await live(life, {})
    await life.until("2027-01-05")
    await spoil(database, owner_url, "helpdesk")
    await life.until("2027-01-13 00:10")
    before = await evaluated(life)

    await spoil(database, owner_url, "helpdesk", wrong="measured:", right="measure:")
    await life.until("2027-01-13 00:30")

    assert (before, await evaluated(life)) == ([], [WEEK])


async def test_what_was_counted_is_kept_when_the_evaluation_fails(
    life: Life, database: AsyncEngine, owner_url: URL
) -> None:
    await live(life, {})
    await life.until("2027-01-06")
    await life.samples(("2027-01-05T12:00", 0))
    counted = "SELECT facts FROM statistic WHERE end_at - start_at = interval '7 days'"
    before = await life.rows(counted)
    refusing = (
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE 'nothing is evaluated now'; END $$",
        "CREATE TRIGGER refusing BEFORE INSERT ON evaluation EXECUTE FUNCTION refuse()",
    )
    await as_owner(database, owner_url, *refusing)

    await life.until("2027-01-13 00:10")

    (failed,) = await life.told("evaluation_failed")
    assert "nothing is evaluated now" in failed.detail["fault"]
    assert (before, await life.rows(counted), await evaluated(life)) == ([], [(1,)], [])

    await as_owner(database, owner_url, "DROP TRIGGER refusing ON evaluation")
    await life.until("2027-01-13 00:30")

    assert await evaluated(life) == [WEEK]


async def spoil(
    database: AsyncEngine,
    owner_url: URL,
    agreement: str,
    *,
    wrong: str = "measure:",
    right: str = "measured:",
) -> None:
    """Exchange the document behind an agreement's first edition, as only the owner can."""
    await as_owner(
        database,
        owner_url,
        "ALTER TABLE document DISABLE TRIGGER ALL",
        "UPDATE document SET raw = convert_to(replace(convert_from(raw, 'UTF8'),"
        f" '{wrong}', '{right}'), 'UTF8')"
        f" WHERE digest = (SELECT digest FROM edition WHERE agreement = '{agreement}')",
    )


async def as_owner(database: AsyncEngine, owner_url: URL, *statements: str) -> None:
    owner = create_async_engine(owner_url.set(database=database.url.database))
    async with owner.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await owner.dispose()


async def test_a_nudge_finds_nothing_to_do_twice(life: Life) -> None:
    await live(life, {})
    await life.until("2027-01-14")

    await life.stage.client.get_workflow_handle("monitoring/0").signal("look_at", life.stage.now)
    await life.pass_by(timedelta(minutes=1))

    assert await evaluated(life) == [WEEK]
    assert await life.query("monitoring/0", "due") == "2027-01-20T00:00:00Z"


async def test_how_late_evaluation_is_can_be_alerted_on(life: Life) -> None:
    await life.launch()

    async def told() -> float:
        await sweep(life.stage.world, life.gateway)
        return REGISTRY.get_sample_value("covenant_evaluation_late_seconds") or 0

    await life.look_away("2026-11-30 08:50")  # ten minutes before this life begins
    late = await told()
    await life.look_away("2026-12-01")

    assert 600 <= late < 900
    assert await told() == 0
