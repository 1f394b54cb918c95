"""Any figure and any case can be asked why."""

import pytest

from commandline.pages import print_all
from commandline.reading import _case, _figure, _page
from domain.evaluation import Status
from store.views import explain
from store.views.agreements import one_agreement
from tests.lives import Life


async def missed(life: Life) -> None:
    """A first week in which every second request went wrong, and nobody answers."""
    await life.launch()
    await life.go_live()
    await life.until("2027-01-05")
    await life.samples_to_come(*((f"2027-01-0{day} 10:00", day % 2) for day in range(4, 10)))
    await life.until("2027-01-15")


async def test_a_figure_names_its_facts_its_terms_and_its_case(life: Life) -> None:
    await missed(life)

    async with life.stage.world.engine.connect() as connection:
        found = await explain.figure(connection, "helpdesk", "errors", "2027-W01")
        nothing = await explain.figure(connection, "helpdesk", "errors", "2026-W01")

    assert nothing is None
    assert found is not None
    (revision,) = found["revisions"]
    assert (revision["status"], revision["num"], revision["den"]) == (Status.BELOW_EXPECTED, 3, 6)
    assert found["edition"] == 1
    assert found["case"] == "noncompliance/helpdesk/errors/2027-W01"


async def test_a_case_names_its_rungs_and_whom_it_told(life: Life) -> None:
    await missed(life)

    async with life.stage.world.engine.connect() as connection:
        found = await explain.case(connection, "noncompliance/helpdesk/errors/2027-W01")
        nothing = await explain.case(connection, "noncompliance/helpdesk/errors/2026-W01")

    assert nothing is None
    assert found is not None
    assert [rung["level"] for rung in found["rungs"]] == [1, 2]
    told = {row["contact"] for row in found["notices"] if row["template"] == "breach"}
    assert told == {
        "provider.service_manager",
        "client.reviewer",
        "provider.delivery_director",
        "client.governance",
    }


async def test_what_is_explained_is_printed_in_words(
    life: Life, capsys: pytest.CaptureFixture[str]
) -> None:
    await missed(life)
    async with life.stage.world.engine.connect() as connection:
        figure = await explain.figure(connection, "helpdesk", "errors", "2027-W01")
        case = await explain.case(connection, "noncompliance/helpdesk/errors/2027-W01")
        page = await one_agreement(connection, "helpdesk")
    assert figure is not None
    assert case is not None
    assert page is not None

    print_all(*_figure(figure), *_case(case), *_page(page))

    printed = capsys.readouterr().out
    assert "3 of 6 samples of error were at least 1: 50.00 %, expected below 2 %" in printed
    assert "Numerator 3, denominator 6" in printed
    assert "level 2" in printed or "│ 2 " in printed
    assert "Non-compliance" in printed
