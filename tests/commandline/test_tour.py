"""The README's tour, in a second terminal beside `covenant up`."""

from pathlib import Path
from typing import Any

import pytest

from tests.commandline.conftest import HELPDESK, ROOT, Run, read

DUE_SOON = "Nobody has anything to do."


def tasks(covenant: Run, *more: str) -> list[dict[str, Any]]:
    """The open tasks."""
    found: list[dict[str, Any]] = read(covenant("tasks", "helpdesk", "--json", *more))["tasks"]
    return found


def answer(covenant: Run, choice: str, *more: str) -> None:
    """Answer the first open task as its first owner."""
    task = tasks(covenant)[0]
    owner = task["owners"][0]
    covenant("answer", task["number"], "--choose", choice, "--as", owner, *more)


@pytest.fixture(scope="module")
def launched(up: Path) -> Path:
    """The helpdesk, launched and through its onboarding."""
    return up


def test_the_tour(covenant: Run, tmp_path: Path) -> None:
    assert "No agreements yet" in covenant("list").stdout
    launch = covenant("launch", HELPDESK / "agreement.yaml")
    assert launch.stdout.startswith("done: agreement.yaml is launched")
    assert "done" in covenant("launch", HELPDESK / "agreement.yaml").stdout

    while tasks(covenant):
        kind = tasks(covenant)[0]["kind"]
        answer(covenant, "delivered" if kind == "deliver_milestone" else "accept")
    assert DUE_SOON in covenant("tasks", "helpdesk").stdout
    page = covenant("show").stdout
    assert "Kick-off" in page
    assert "live from 2027-01-04 00:00" in page
    assert "has no `calendars`" in covenant("calendar", "show", "helpdesk", code=3).stderr
    assert "neither a file nor" in covenant("calendar", "show", "nobody", code=3).stderr

    covenant("call-review", "helpdesk", "--as", "client.governance", "--note", "Before Christmas")
    answer(covenant, "continue")
    answer(covenant, "renegotiate", "--note", "Volumes have doubled")
    (review,) = read(covenant("show", "helpdesk", "--json"))["reviews"]
    assert review["outcome"] == "renegotiate"

    amendment = HELPDESK / "amendment.yaml"
    covenant("propose", "helpdesk", "--file", amendment, "--as", "client.governance")
    theirs = covenant("tasks", "helpdesk", "--as", "provider.delivery_director").stdout
    assert "provider.delivery_director" in theirs
    assert "approve |" in theirs
    answer(covenant, "approve")
    assert [each["number"] for each in read(covenant("show", "--json"))["editions"]] == [1, 2]

    facts = tmp_path / "facts-ticket-today.csv"
    facts.write_text("id,opened,responded\nT1,2026-11-02 09:00,2026-11-02 10:30\n")
    handed = covenant("facts", "add", "helpdesk", facts, "--as", "provider.service_manager")
    assert "read 1 = accepted 1 + quarantined 0 + rejected 0; facts 1 = new 1" in handed.stdout
    again = covenant("facts", "add", "helpdesk", facts, "--as", "provider.service_manager")
    assert "handed in before" in again.stdout

    story = covenant("history", "helpdesk").stdout
    assert "change 1 approved by provider.delivery_director" in story
    told = read(covenant("history", "helpdesk", "--json"))["entries"]
    runs = {entry["run"] for entry in told if entry["workflow"] == "agreement/helpdesk"}
    assert len(runs) >= 2, "the agreement continued as new at go-live, and its history goes on"
    assert len([entry for entry in told if entry["event"] == "facts_received"]) == 1
    assert "onboarding" in covenant("list").stdout


def test_a_withdrawn_change_has_nothing_to_answer(covenant: Run, tmp_path: Path) -> None:
    document = (
        (HELPDESK / "agreement.yaml").read_text().replace("agreement: helpdesk", "agreement: other")
    )
    (tmp_path / "other.yaml").write_text(document)
    covenant("launch", tmp_path / "other.yaml")
    amendment = (
        (HELPDESK / "amendment.yaml").read_text().replace("amends: helpdesk", "amends: other")
    )
    (tmp_path / "amendment.yaml").write_text(amendment)
    covenant("propose", "other", "--file", tmp_path / "amendment.yaml", "--as", "client.governance")

    covenant("withdraw", "change/other/1", "--as", "provider.service_manager", code=5)
    covenant("withdraw", "change/other/1", "--as", "client.reviewer", "--note", "Too early")

    shown = read(covenant("show", "other", "--json"))["changes"]
    assert [change["state"] for change in shown] == ["withdrawn"]
    covenant("withdraw", "change/other/1", "--as", "client.governance", code=5)
    covenant("show", code=2)


def test_refusals_have_codes_and_say_what_is_possible(covenant: Run, tmp_path: Path) -> None:
    changed = (
        (HELPDESK / "agreement.yaml").read_text().replace("agreement: helpdesk", "agreement: third")
    )
    (tmp_path / "third.yaml").write_text(changed)
    covenant("launch", tmp_path / "third.yaml")
    task = read(covenant("tasks", "third", "--json"))["tasks"][0]["number"]
    (tmp_path / "third.yaml").write_text(changed.replace("months: 24", "months: 36"))
    (tmp_path / "facts-sample.csv").write_text("id,series,at,value\n1,x,yesterday,1\n")
    desk = ("--as", "provider.service_manager")

    assert "propose a change" in covenant("launch", tmp_path / "third.yaml", code=5).stderr
    forbidden = covenant(
        "answer", task, "--choose", "delivered", "--as", "client.executive", code=4
    )
    assert "possible: as provider.service_manager" in forbidden.stderr
    wrong = covenant("answer", task, "--choose", "burn", *desk, code=5)
    assert "possible now: delivered, replan" in wrong.stderr
    assert "needs a reason" in covenant("answer", task, "--choose", "replan", *desk, code=5).stderr
    reason = ("--note", "Ill")
    undated = covenant("answer", task, "--choose", "replan", *reason, *desk, code=5)
    assert "--on" in undated.stderr
    past = covenant(
        "answer", task, "--choose", "replan", *reason, "--on", "2020-01-01", *desk, code=5
    )
    assert "re-plan to a later date" in past.stderr
    covenant("answer", task, "--choose", "replan", *reason, "--on", "2026-12-11", *desk)
    covenant("answer", 999_999, "--choose", "accept", *desk, code=3)
    covenant("call-review", "third", "--as", "client.nobody", "--note", "x", code=4)
    covenant("call-review", "nowhere", "--as", "client.governance", "--note", "x", code=3)
    bad_facts = covenant("facts", "add", "third", tmp_path / "facts-sample.csv", *desk, code=8)
    assert "facts-sample.csv:2:" in bad_facts.stderr
    covenant("show", "nowhere", code=3)
    covenant("history", "nowhere", code=3)
    covenant("explain", "third", "errors/2027-W01", code=3)
    covenant("withdraw", "change/third/9", "--as", "client.governance", code=3)
    covenant("propose", "third", "--file", ROOT / "README.md", "--as", "client.governance", code=8)


CLOCKED = """
clocks:
  - key: fix
    stops: resolution
    clause: "4.2"
    limits: [{where: {priority: high}, within: 4 h}]
    pauses: [{states: [waiting], reasons: [user], by: [agent]}]
"""


def test_a_ticket_is_told_with_each_of_its_clocks(covenant: Run, tmp_path: Path) -> None:
    """Which limit applies and why, what paused it, what did not count, and the deadline."""
    text = (HELPDESK / "agreement.yaml").read_text()
    document = text.replace("agreement: helpdesk", "agreement: clocked") + CLOCKED
    (tmp_path / "clocked.yaml").write_text(document)
    tickets, events = tmp_path / "facts-ticket.csv", tmp_path / "facts-ticket_event.csv"
    tickets.write_text("id,opened,priority\nT1,2026-11-02 09:00,high\nT2,2026-11-02 09:00,low\n")
    events.write_text(
        "id,ticket,at,event,value,actor,reason\n"
        "E1,T1,2026-11-02 10:00,state,waiting,agent,user\n"
        "E2,T1,2026-11-02 10:30,resolved,,system,\n"
        "E3,T1,2026-11-02 11:00,resolved,,agent,\n"
    )
    covenant("launch", tmp_path / "clocked.yaml")
    for file in (tickets, events):
        covenant("facts", "add", "clocked", file, "--as", "provider.service_manager")

    told = covenant("explain", "clocked", "ticket/T1").stdout
    (clock,) = read(covenant("explain", "clocked", "ticket/T1", "--json"))["clocks"]

    assert "Ticket T1, clock fix, clause 4.2: met" in told
    assert "This limit is for tickets with `priority` `high`." in told
    assert "(state `waiting`, reason `user`, through agent), 1 h of the time that counts" in told
    assert "through system did not count: a robot's deed never stops a clock." in told
    assert "Terms: edition 1, SHA-256 " in told
    assert (clock["deadline_local"], clock["elapsed_s"]) == ("2026-11-02 14:00", "3600")
    assert (
        "the ticket has `priority` `low`, limits are for `priority` `high`"
        in covenant("explain", "clocked", "ticket/T2").stdout
    )
    assert "knows no ticket T9" in covenant("explain", "clocked", "ticket/T9", code=3).stderr


def test_the_same_request_sent_twice_counts_once(covenant: Run, tmp_path: Path) -> None:
    document = (
        (HELPDESK / "agreement.yaml").read_text().replace("agreement: helpdesk", "agreement: twice")
    )
    (tmp_path / "twice.yaml").write_text(document)
    covenant("launch", tmp_path / "twice.yaml", "--id", "my-launch")
    task = read(covenant("tasks", "twice", "--json"))["tasks"][0]["number"]
    request = ("answer", task, "--choose", "delivered", "--as", "provider.service_manager")

    covenant(*request, "--id", "my-request")
    covenant(*request, "--id", "my-request")

    told = read(covenant("history", "twice", "--json"))["entries"]
    assert [entry["event"] for entry in told].count("milestone_delivered") == 1


def test_an_agreement_whose_term_is_over_is_not_launched(covenant: Run) -> None:
    over = covenant("launch", ROOT / "examples" / "feeder-2013" / "agreement.yaml", code=5)

    assert "covenant rehearse" in over.stderr


def test_tasks_of_an_unknown_agreement_are_not_mistaken_for_none(covenant: Run) -> None:
    covenant("tasks", "nowhere", code=3)

    assert covenant("tasks", "--as", "client.x").stdout == "client.x has nothing to do.\n"


def test_files_are_handed_in_and_their_rows_looked_after(covenant: Run, tmp_path: Path) -> None:
    document = (
        (HELPDESK / "agreement.yaml").read_text().replace("agreement: helpdesk", "agreement: fifth")
    )
    (tmp_path / "fifth.yaml").write_text(document)
    covenant("launch", tmp_path / "fifth.yaml")
    desk = ("--as", "provider.service_manager")
    export = tmp_path / "export.csv"
    export.write_text(
        "number,opened_at,closed_at,caller\n"
        "T1,14/1/2026 9:00,?,Ann\nT2,14/1/2026 9:00,14/1/2026 8:00,Bob\nT3,99/1/2026 9:00,?,Bob\n"
    )

    mapping = tmp_path / "own.yaml"
    mapping.write_text(covenant("facts", "map", export).stdout)
    refused = covenant("facts", "add", "fifth", export, "--mapping", mapping, *desk, code=8)
    assert "export.csv:3:3: closed" in refused.stderr
    handed = covenant(
        "facts", "add", "fifth", export, "--mapping", mapping, "--quarantine", *desk
    ).stdout
    assert "read 3 = accepted 0 + quarantined 3 + rejected 0" in handed
    assert "covenant facts held fifth" in handed

    shown = covenant("facts", "held", "fifth").stdout
    assert "(outside-term)" in shown
    assert "(before-opened)" in shown
    held = read(covenant("facts", "held", "fifth", "--json"))["held"]
    one, two, three = (row["number"] for row in held)
    assert "caller" not in held[0]["cells"]
    note = ("--note", "Agreed by mail")
    covenant("facts", "release", "fifth", one, *desk, *note)
    assert (
        "already released"
        in covenant("facts", "discard", "fifth", one, *desk, *note, code=5).stderr
    )
    covenant("facts", "release", "fifth", two, *desk, *note, code=5)
    covenant("facts", "correct", "fifth", two, "--set", "closed_at", *desk, *note, code=2)
    covenant("facts", "correct", "fifth", two, "--set", "closed_at=15/1/2026 8:00", *desk, *note)
    covenant("facts", "discard", "fifth", three, *desk, *note)
    assert covenant("facts", "held", "fifth").stdout == ""
    decided = covenant("facts", "held", "fifth", "--all").stdout
    assert "discarded by provider.service_manager" in decided

    assert "export.csv" in covenant("facts", "files", "fifth").stdout
    file = read(covenant("facts", "files", "fifth", "--json"))["files"][0]
    assert (file["rows"], file["quarantined"]) == (3, 3)
    raw = covenant("facts", "raw", "fifth", file["raw"][:10])
    assert raw.stdout_bytes == export.read_bytes()
    covenant("facts", "raw", "fifth", "nothing", code=3)
    covenant("facts", "files", "nowhere", code=3)
    story = covenant("history", "fifth").stdout
    assert "corrected by provider.service_manager" in story


def test_facts_are_handed_in_as_the_command_says(covenant: Run, tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_text("a,b\n")
    desk = ("--as", "provider.service_manager")

    kind = covenant("facts", "add", "helpdesk", export, "--kind", "fish", *desk, code=2)
    assert "there are ticket, ticket_event" in kind.stderr
    (tmp_path / "export.pdf").write_text("a")
    covenant("facts", "map", tmp_path / "export.pdf", code=8)
