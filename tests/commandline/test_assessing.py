"""`covenant assess` and `covenant what-if` as a person meets them: no engine, files only."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from starter import main

AGREEMENT = """
agreement: hosting
title: Hosting of the portal
zone: Europe/London
term: {starts_on: 2027-01-01, months: 24}
charges: {currency: GBP, amount: 10000.00, credit_cap: 6 %, clause: "5.4"}
kpis:
  - key: uptime
    unit: "%"
    measure: {kind: reported}
    every: month
    target: {expected: at least 99 %, minimum: at least 97 %}
    clause: Schedule 2, 1
    bands:
      - {at_least: 99, points: 0, credit: 0 %}
      - {at_least: 97, below: 99, points: 1, credit: 2 %}
      - {below: 97, points: 4, credit: 10 %}
indexation:
  - {key: cpi, series: cpi, reference: 2026-11, on: 2028-01-01}
triggers:
  - key: walk-away
    when: {sum: at least 8, of: points, window: 3 months}
    then: termination_right
    right: {kind: termination, exercise_within: 60 days}
    clause: "12.1"
"""

FACTS = """id,kpi,start,end,value,received_at
a,uptime,2027-01-01,2027-02-01,98.5,2027-02-03 09:00
b,uptime,2027-02-01,2027-03-01,96.9,2027-03-03 09:00
c,uptime,2027-03-01,2027-04-01,96,2027-04-03 09:00
"""


INDEX = """id,series,period,value,published
i,cpi,2026-11,113.8,2026-12-15
j,cpi,2027-11,118.5,2027-12-15
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "agreement.yaml").write_text(AGREEMENT, encoding="utf-8")
    (tmp_path / "facts-period_result.csv").write_text(FACTS, encoding="utf-8")
    (tmp_path / "facts-index.csv").write_text(INDEX, encoding="utf-8")
    return tmp_path


def covenant(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def answer(*arguments: object) -> Any:
    result = covenant(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def figures(document: Any) -> Sequence[Any]:
    return [(each["period"], each["status"]) for each in document["periods"]]


def test_a_page_shows_periods_lines_totals_rights_and_what_was_assumed(folder: Path) -> None:
    result = covenant("assess", folder / "agreement.yaml", "--facts", folder)

    assert result.exit_code == 0
    assert "Hosting of the portal" in result.output
    for title in ("Periods", "Ledger", "Settlement", "Triggers", "Rights", "Dates", "Assumed"):
        assert title in result.output
    assert "-400.00 GBP" in result.output


def test_files_may_follow_one_option_or_be_named_each(folder: Path) -> None:
    rows = FACTS.splitlines()
    for number, row in enumerate(rows[1:]):
        part = folder / f"facts-period_result-{number}.csv"
        part.write_text(f"{rows[0]}\n{row}\n", encoding="utf-8")
    index = folder / "facts-index.csv"
    parts = [*sorted(folder.glob("facts-period_result-*.csv")), index]
    agreement = folder / "agreement.yaml"
    whole = answer("assess", agreement, "--facts", folder / "facts-period_result.csv", index)

    assert answer("assess", agreement, "--facts", *parts) == whole
    assert answer("assess", agreement, *(x for part in parts for x in ("--facts", part))) == whole
    (folder / "facts-period_result.csv").unlink()
    assert answer("assess", agreement, "--facts", folder) == whole


def test_the_document_adds_up(folder: Path) -> None:
    document = answer("assess", folder / "agreement.yaml", "--facts", folder)

    assert document["format"] == "covenant-assessment/1"
    assert [total["net_minor"] for total in document["totals"]] == [20_000, 60_000, 60_000]
    for total in document["totals"]:
        mine = [each for each in document["credits"] if each["settles"] == total["period"]]
        assert sum(each["amount_minor"] for each in mine) == total["net_minor"]
    assert [each["key"] for each in document["rights"]] == ["walk-away/termination"]
    assert document["triggers"][0]["clause"] == "12.1"


def test_what_was_known_then_is_what_is_told(folder: Path) -> None:
    document = answer(
        "assess", folder / "agreement.yaml", "--facts", folder, "--known-at", "2027-03-02 00:00"
    )

    assert figures(document) == [("2027-01", "below_expected"), ("2027-02", "no_data")]


def test_from_and_to_choose_what_is_shown(folder: Path) -> None:
    where = ("--facts", folder, "--from", "2027-02-01", "--to", "2027-03-01T00:00:00Z")

    assert figures(answer("assess", folder / "agreement.yaml", *where)) == [
        ("2027-02", "below_minimum")
    ]


@pytest.mark.parametrize(
    ("subject", "sentences"),
    [
        ("uptime/2027-02", ("96.9", "Schedule 2, 1", "Adjusted by", "400.00 GBP")),
        ("credits/uptime/2027-02", ("10 % of", "1,000.00 GBP")),
        ("2027-02", ("net 600.00 GBP",)),
        ("walk-away", ("12.1", "2027-02")),
        ("walk-away/termination", ("60 days",)),
        ("expiry", ("24 months",)),
        ("cpi", ("change of",)),
    ],
)
def test_everything_can_be_explained(
    folder: Path, subject: str, sentences: tuple[str, ...]
) -> None:
    where = ("assess", folder / "agreement.yaml", "--facts", folder, "--explain", subject)
    result = covenant(*where)

    assert result.exit_code == 0
    for sentence in sentences:
        assert sentence in result.output
    told = answer(*where)
    assert told["subject"] == subject
    assert "\n".join(told["explained"]) == result.stdout.rstrip("\n")


def test_what_is_not_there_cannot_be_explained(folder: Path) -> None:
    result = covenant(
        "assess", folder / "agreement.yaml", "--facts", folder, "--explain", "uptime/2027-09"
    )

    assert result.exit_code == 3
    assert "uptime/2027-0" in result.output


def test_an_agreement_that_contradicts_itself_is_refused(folder: Path) -> None:
    document = folder / "agreement.yaml"
    document.write_text(AGREEMENT.replace("below: 97", "below: 96"), encoding="utf-8")
    result = covenant("assess", document, "--facts", folder)

    assert result.exit_code == 8
    assert "agreement.yaml:" in result.output
    assert "gap" in result.output
    assert "nothing was assessed" in result.output


def test_facts_with_anything_wrong_refuse_all_of_them(folder: Path) -> None:
    wrong = folder / "facts-sample.csv"
    wrong.write_text("id,series,at\n1,probe,yesterday\n", encoding="utf-8")
    result = covenant("assess", folder / "agreement.yaml", "--facts", folder)

    assert result.exit_code == 8
    assert "facts-sample.csv:2:" in result.output


def test_facts_that_contradict_each_other_are_refused(folder: Path) -> None:
    other = folder / "facts-period_result-2.csv"
    other.write_text(FACTS.replace("98.5", "99.5"), encoding="utf-8")
    result = covenant("assess", folder / "agreement.yaml", "--facts", folder)

    assert result.exit_code == 8
    assert "a" in result.output


def test_a_figure_that_cannot_be_is_an_error(folder: Path) -> None:
    facts = folder / "facts-period_result.csv"
    facts.write_text(FACTS.replace("98.5", "-10"), encoding="utf-8")

    assert covenant("assess", folder / "agreement.yaml", "--facts", facts).exit_code == 8


@pytest.mark.parametrize("text", ["soon", "2027-13-01", "2027-01-01 25:00"])
def test_a_time_that_is_none_says_how_to_write_one(folder: Path, text: str) -> None:
    result = covenant("assess", folder / "agreement.yaml", "--to", text)

    assert result.exit_code == 2
    assert "2027-01-04" in result.output


def test_a_folder_without_facts_is_told(folder: Path, tmp_path_factory: Any) -> None:
    result = covenant(
        "assess", folder / "agreement.yaml", "--facts", tmp_path_factory.mktemp("empty")
    )

    assert result.exit_code == 3


def test_without_facts_there_are_dates_and_nothing_else(folder: Path) -> None:
    document = answer("assess", folder / "agreement.yaml")

    assert (document["periods"], document["credits"], document["totals"]) == ([], [], [])
    assert [each["key"] for each in document["dates"]] == ["term_start", "expiry"]


# --- what if


@pytest.fixture
def amendment(folder: Path) -> Path:
    text = AGREEMENT.replace(
        "      - {below: 97, points: 4, credit: 10 %}\n",
        "      - {at_least: 95, below: 97, points: 4, credit: 10 %}\n"
        "      - {below: 95, points: 6, credit: 12 %}\n",
    )
    (folder / "agreement.yaml").write_text(text, encoding="utf-8")
    path = folder / "amendment.yaml"
    path.write_text(
        "amends: hosting\neffective_on: 2027-03-01\nreason: A milder second band.\n"
        "set: {'kpis.uptime.bands[1].credit': 1 %, charges.credit_cap: 5 %}\n",
        encoding="utf-8",
    )
    return path


def test_an_adopted_amendment_counts_from_its_day(folder: Path, amendment: Path) -> None:
    document = answer(
        "assess", folder / "agreement.yaml", "--facts", folder, "--amendment", amendment
    )

    assert [each["edition"] for each in document["periods"]] == [1, 1, 2]
    assert [each["net_minor"] for each in document["totals"]] == [20_000, 60_000, 50_000]


def test_what_if_shows_only_what_differs(folder: Path, amendment: Path) -> None:
    where = ("what-if", folder / "agreement.yaml", amendment, "--facts", folder)
    result = covenant(*where)
    document = answer(*where)

    assert result.exit_code == 0
    assert "Settlement" in result.output
    assert "Rights" not in result.output
    assert document["before"]["net_minor"] == 140_000
    assert document["after"]["net_minor"] == 110_000
    assert document["changes"]["periods"] == []
    assert [each["key"] for each in document["changes"]["totals"]] == [
        "2027-01",
        "2027-02",
        "2027-03",
    ]


def test_what_if_may_count_from_the_amendment_s_own_day(folder: Path, amendment: Path) -> None:
    where = ("what-if", folder / "agreement.yaml", amendment, "--facts", folder)

    assert answer(*where, "--from-effect")["after"]["net_minor"] == 130_000


def test_an_amendment_of_another_agreement_is_refused(folder: Path, amendment: Path) -> None:
    text = amendment.read_text(encoding="utf-8").replace("amends: hosting", "amends: printing")
    amendment.write_text(text, encoding="utf-8")
    result = covenant("what-if", folder / "agreement.yaml", amendment, "--facts", folder)

    assert result.exit_code == 8
    assert "printing" in result.output


def test_an_amendment_that_changes_nothing_says_so(folder: Path, amendment: Path) -> None:
    text = amendment.read_text(encoding="utf-8")
    text = text.replace("credit': 1 %", "credit': 2 %").replace("5 %", "6 %")
    amendment.write_text(text, encoding="utf-8")
    result = covenant("what-if", folder / "agreement.yaml", amendment, "--facts", folder)

    assert result.exit_code == 0
    assert "Nothing would have changed." in result.output


DESK = """
agreement: desk
title: Service desk
zone: Europe/London
term: {starts_on: 2027-01-01, months: 12}
calendars:
  office: {hours: {mon-fri: "09:00-17:00"}, holidays: [2027-03-26, 2027-03-29]}
clocks:
  - {key: fix, stops: resolution, calendar: office, pauses: [waiting], limits: [{within: 8 h}]}
"""

TICKETS = """id,opened,resolved
running,2027-03-25 15:00,
waiting,2027-03-25 09:00,
done,2027-03-24 09:00,2027-03-24 16:30
early,2027-03-24 09:00,2027-03-24 09:30
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "agreement.yaml").write_text(DESK, encoding="utf-8")
    (tmp_path / "facts-ticket.csv").write_text(TICKETS, encoding="utf-8")
    (tmp_path / "facts-ticket_event.csv").write_text(
        "id,ticket,at,event,value,actor\ne1,waiting,2027-03-25 13:00,state,waiting,agent\n",
        encoding="utf-8",
    )
    return tmp_path


def changed(desk: Path, path: str, value: str) -> tuple[list[Any], str]:
    """What an amendment of one value changes in the clocks of tickets, as JSON and as told."""
    (desk / "amendment.yaml").write_text(
        f"amends: desk\neffective_on: 2027-03-01\nreason: Agreed.\nset: {{'{path}': '{value}'}}\n",
        encoding="utf-8",
    )
    documents = (desk / "agreement.yaml", desk / "amendment.yaml", "--facts", desk)
    where = ("what-if", *documents, "--known-at", "2027-03-25 16:00")
    told = covenant(*where).output.replace("\n", " ")
    return answer(*where)["changes"]["clocks"], told


def test_before_another_calendar_is_approved_the_open_tickets_that_it_moves_are_shown(
    desk: Path,
) -> None:
    moved, told = changed(desk, "calendars.office.holidays[0]", "2027-04-02")

    assert [
        (each["key"], each["before"]["deadline"], each["after"]["deadline"]) for each in moved
    ] == [("ticket/running, fix", "2027-03-30T14:00:00Z", "2027-03-26T15:00:00Z")]
    assert "running, due" in told


def test_before_another_limit_is_approved_every_verdict_that_it_changes_is_shown(
    desk: Path,
) -> None:
    moved, told = changed(desk, "clocks.fix.limits[0].within", "7 h")

    assert [(each["key"], each["before"]["status"], each["after"]["status"]) for each in moved] == [
        ("ticket/done, fix", "met", "missed"),
        ("ticket/waiting, fix", "paused", "paused"),
        ("ticket/running, fix", "running", "running"),
    ]
    assert "paused, 4 h left" in told
    assert "paused, 3 h left" in told
    assert moved[1]["after"] == {"status": "paused", "deadline": None, "left_s": "10800"}


@pytest.mark.parametrize(
    "times", [("--from", "2027-03-01", "--to", "2027-02-01"), ("--from", "2031-01-01")]
)
def test_a_time_without_any_period_is_refused(folder: Path, times: tuple[str, ...]) -> None:
    assert covenant("assess", folder / "agreement.yaml", *times).exit_code == 2


def test_amendments_are_given_in_their_order(folder: Path, amendment: Path) -> None:
    earlier = folder / "earlier.yaml"
    text = amendment.read_text(encoding="utf-8").replace("2027-03-01", "2027-02-01")
    earlier.write_text(text, encoding="utf-8")
    both = [x for path in (amendment, earlier) for x in ("--amendment", path)]
    result = covenant("assess", folder / "agreement.yaml", *both)

    assert result.exit_code == 8
    assert (
        f"{earlier}:2:15: 2027-02-01 is not in the time of the terms that it amends, 2027-03-01 to "
        "the end on 2029-01-01 (out-of-range) → write a day from 2027-03-01 to before 2029-01-01; "
        "give amendments in the order in which they take effect"
    ) in result.stderr.replace("\n", " ")


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (
            "{where: {priority: [p1, p2], site: leeds}, within: 8 h}",
            "No limit of the clock `fix` fits: the ticket has `priority` `p3`, no `site`, limits are "
            "for `priority` `p1` or `p2`, `site` `leeds`.",
        ),
        ("{within: 8 h}", "The clock `fix` had not begun yet."),
        (None, "The terms have no clocks."),
    ],
)
def test_a_ticket_without_a_clock_is_told_and_why(desk: Path, limits: str | None, why: str) -> None:
    clocks = DESK.index("clocks:")
    terms = DESK.replace("{within: 8 h}", str(limits)) if limits else DESK[:clocks]
    (desk / "agreement.yaml").write_text(terms, encoding="utf-8")
    (desk / "facts-ticket.csv").write_text(
        "id,opened,priority\nlow,2027-03-25 15:00,p3\nwaiting,2027-03-25 09:00,p3\n",
        encoding="utf-8",
    )
    asked = ("assess", desk / "agreement.yaml", "--facts", desk, "--to", "2027-03-01")

    told = answer(*asked, "--explain", "ticket/low")
    unknown = covenant(*asked, "--explain", "ticket/other")

    assert told == {"subject": "ticket/low", "explained": ["Ticket low has no clock", f"  {why}"]}
    assert unknown.exit_code == 3
    assert "there is no 'ticket/other' in this assessment" in unknown.output
