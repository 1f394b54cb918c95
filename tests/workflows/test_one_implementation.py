"""One implementation, two callers: what lives through its months is what is assessed at their end."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.monitoring import MonitoringActivities
from commandline.pages import print_all
from commandline.reading import _figure
from domain.assessment import Assessment, Limits, assess
from domain.facts import Fact
from domain.facts.files import open_facts
from domain.results import Result
from domain.terms_check import validate
from domain.timeline import Edition, Timeline, term_starts_at
from domain.zones import zone_named
from gateway import Document
from reports.story import line
from store.results import dim_text, judgement, readable
from store.views import explain
from store.views.agreements import one_agreement
from store.views.summary import summary_of
from tests.lives import Life, at, helpdesk

UNTIL = at("2027-06-20")

OWNERS = {"client": "client.reviewer", "provider": "provider.service_manager"}


def kpi(key: str, measure: dict[str, Any], target: dict[str, str], **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "title": key.capitalize(),
        "objective": "Quality",
        "owners": dict(OWNERS),
        "unit": "%",
        "measure": measure,
        "every": "month",
        "target": target,
        "cut_off": "2 days",
        "no_data": "excluded",
        **more,
    }


KPIS = [
    kpi(
        "errors",
        {"kind": "proportion", "series": "error", "good": "at least 1"},
        {"expected": "below 2 %"},
        every="week",
        bands=[{"below": "2", "points": "0"}, {"at_least": "2", "points": "1"}],
    ),
    kpi(
        "uptime",
        {"kind": "availability", "outages": "desk", "maintenance": ["planned"]},
        {"expected": "at least 99.9 %", "minimum": "at least 99 %"},
        per=["site"],
        bands=[
            {"at_least": "99.9", "points": "0"},
            {"at_least": "99", "below": "99.9", "points": "2"},
            {"below": "99", "points": "5"},
        ],
    ),
    kpi(
        "answered",
        {"kind": "ratio", "counts": "calls", "of": "answered", "over": "offered"},
        {"expected": "at least 80 %"},
        averaging={"periods": "2"},
        cut_off="5 days",
        bands=[{"at_least": "80", "points": "0"}, {"below": "80", "points": "1"}],
    ),
    kpi(
        "content",
        {"kind": "reported"},
        {"expected": "at least 90 %"},
        cut_off="10 days",
        default_when={"consecutive": "2", "of": "missed"},
    ),
    # Each sample holds until the next, over the ends of months too.
    kpi(
        "quiet",
        {"kind": "availability", "series": "error", "good": "below 1"},
        {"expected": "at least 10 %"},
        cut_off="5 days",
    ),
    # Of its parts one has weeks, and the other is due later than the whole.
    kpi(
        "overall",
        {
            "kind": "composite",
            "combine": "weighted",
            "parts": {"errors": "20 %", "answered": "80 %"},
        },
        {"expected": "at least 60 %"},
    ),
]

TERMS = {
    "kpis": KPIS,
    "relief": [{"ground": "force_majeure", "claimed_by": "either", "effect": "facts"}],
    "repeats": [{"when": {"consecutive": "2", "of": "missed"}, "times": "2"}],
    "remedies": [
        {
            "key": "points",
            "scheme": {"kind": "points", "percent": "0.5 %"},
            "caps": [{"most": "5 %"}],
        }
    ],
    "triggers": [
        {
            "key": "walk-away",
            "title": "Too many points",
            "when": {
                "sum": "at least 20",
                "of": "points",
                "window": "3 months",
                "same": "agreement",
            },
            "then": "termination_right",
            "right": {"kind": "termination", "notice": "30 days", "exercise_within": "60 days"},
        },
        {
            "key": "late-reports",
            "when": {"count": "2", "of": "event", "where": {"types": ["late_report"]}},
            "then": "warning",
        },
    ],
}


def month(number: int, outage_hours: dict[str, int], answered: int, content: int) -> list[Any]:
    """What happened in a month of 2027."""
    counts = {"offered": 100, "answered": answered}
    return [
        *(down(number, site, hours) for site, hours in outage_hours.items()),
        *(counted(number, name, value) for name, value in counts.items()),
        reported(number, content),
        {"kind": "event", "id": f"E-{number}", "at": f"2027-{number:02}-20", "type": "late_report"},
        *(
            {
                "kind": "sample",
                "id": f"S-{number}-{day}-{n}",
                "series": "error",
                "at": f"2027-{number:02}-{day:02} 12:00",
                "value": f"{int(n == 0 and (day + number) % 3 == 0)}",
            }
            for day in range(5, 29, 2)
            for n in range(4)
        ),
    ]


@dataclass(slots=True)
class Lived:
    """An agreement, the facts as the gateway received them, and their assessment."""

    life: Life
    document: str
    facts: list[Fact] = field(default_factory=list)

    async def hand_in(self, name: str, lines: Sequence[dict[str, Any]]) -> None:
        raw = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
        now = self.life.stage.now
        decided = any(line.get("decision") == "approved" for line in lines)
        who = "client.governance" if decided else "provider.service_manager"
        await self.life.gateway.hand_in("helpdesk", who, Document(name, raw), now=now)
        read = open_facts(raw.splitlines(keepends=True), name, zone_named("Etc/UTC"))
        self.facts += [replace(fact, received_at=now) for fact in read.facts]

    def assessed(self) -> Assessment:
        terms = validate(self.document.encode(), "agreement.yaml").value
        assert terms is not None
        timeline = Timeline((Edition(1, terms, term_starts_at(terms)),))
        return assess(timeline, self.facts, Limits(until=UNTIL, known_at=UNTIL), digest="")


def counted(number: int, name: str, value: int) -> dict[str, Any]:
    """How many calls of a month were offered, or answered."""
    return {
        "kind": "count",
        "id": f"C-{number}-{name}",
        "series": "calls",
        "start": f"2027-{number:02}-15",
        "end": f"2027-{number:02}-16",
        "name": name,
        "value": f"{value}",
    }


def reported(number: int, value: int) -> dict[str, Any]:
    """What was reported of the content of a month."""
    return {
        "kind": "period_result",
        "id": f"R-{number}",
        "kpi": "content",
        "start": "2027-01-04" if number == 1 else f"2027-{number:02}-01",
        "end": f"2027-{number + 1:02}-01",
        "value": f"{value}",
    }


def down(number: int, site: str, hours: int) -> dict[str, Any]:
    """How long a site was down on the tenth of a month."""
    return {
        "kind": "outage",
        "id": f"O-{number}-{site}",
        "service": "desk",
        "start": f"2027-{number:02}-10 00:00",
        "end": f"2027-{number:02}-10 {hours:02}:00",
        "cause": "disk",
        "site": site,
    }


RELIEF = {
    "kind": "relief",
    "id": "F-1",
    "kpi": "uptime",
    "start": "2027-03-10 00:00",
    "end": "2027-03-10 02:00",
    "ground": "force_majeure",
    "claimed_by": "provider",
    "decision": "pending",
}

LATE = {
    # Samples that were forgotten, a site that nobody had told of.
    "2027-03-22": [
        *(
            {
                "kind": "sample",
                "id": f"S-late-{day}",
                "series": "error",
                "at": f"2027-01-{day:02} 12:00",
                "value": "1",
            }
            for day in (6, 13, 14)
        ),
        down(1, "hull", 6),
        RELIEF,
    ],
    # Figures that others are averaged with and composed of, and one that opens a case.
    "2027-04-19": [counted(2, "answered", 30), reported(3, 99), reported(1, 75)],
    # Relief decided, a correction corrected back.
    "2027-05-24": [
        RELIEF | {"decision": "approved", "decided_at": "2027-05-20 12:00"},
        counted(2, "answered", 60),
        down(3, "leeds", 11),
    ],
}
"""Facts that come late or correct others, by the days on which they are received."""

RESTATED = {
    "answered/2027-02",
    "answered/2027-03",
    "content/2027-01",
    "content/2027-03",
    "errors/2027-W01",
    "errors/2027-W02",
    "overall/2027-01",
    "overall/2027-02",
    "overall/2027-03",
    "quiet/2027-01",
    "uptime/hull/2027-03",
    "uptime/leeds/2027-03",
    "uptime/york/2027-03",
}
"""What they touch, and what rests on that: averages, composites."""


async def lived(life: Life, *, looking: bool = True, late: bool = False) -> Lived:
    """Five months, in which things get worse and then better; perhaps with nobody looking."""
    found = Lived(life, helpdesk(TERMS))
    await life.launch(found.document)
    await life.go_live()
    if not looking:
        await life.look_away("2027-06-19")
    months = [
        month(1, {"leeds": 1, "york": 2}, 90, 95),
        month(2, {"leeds": 9}, 60, 80),
        month(3, {"leeds": 10, "york": 3}, 70, 85),
        month(4, {"york": 8}, 95, 70),
        month(5, {}, 99, 95),
    ]
    waiting = [line for facts in months for line in facts]
    monday = at("2027-01-11")
    while waiting:
        await life.until(f"{monday:%Y-%m-%d}")
        over = [line for line in waiting if _over(line) <= monday]
        waiting = [line for line in waiting if line not in over]
        await found.hand_in(f"{monday:%Y-%m-%d}.jsonl", over)
        if late and (lines := LATE.get(f"{monday:%Y-%m-%d}")):
            await life.pass_by(timedelta(minutes=5))
            await found.hand_in(f"late-{monday:%Y-%m-%d}.jsonl", lines)
        monday += timedelta(days=7)
    await life.until(f"{UNTIL:%Y-%m-%d}")
    return found


def _over(line: dict[str, Any]) -> datetime:
    """When what a line tells of is over."""
    return at(line.get("end") or line["at"])


@pytest.mark.parametrize(
    ("looking", "late"),
    [(True, False), (True, True), (False, True)],
    ids=["looking", "late facts", "late facts after an outage"],
)
async def test_a_life_comes_to_what_is_assessed_at_its_end(
    life: Life,
    looking: bool,  # noqa: FBT001
    late: bool,  # noqa: FBT001
) -> None:
    expected = (await lived(life, looking=looking, late=late)).assessed()

    async with life.stage.world.engine.connect() as connection:
        summary = await summary_of(connection, "helpdesk")
        page = await one_agreement(connection, "helpdesk")
    assert page is not None
    assert results(summary["periods"]) == assessed_results(expected.results)
    assert {
        row["line"]: (row["type"], row["month"], row["amount_minor"], row["percent"], row["reason"])
        for row in page["credits"]
        if row["amount_minor"]
    } == {
        each.id: (
            each.type,
            each.settles.key,
            each.amount_minor,
            None if each.percent is None else readable(each.percent),
            " ".join(each.reason),
        )
        for each in expected.lines
    }
    assert {row["month"]: row["amount_minor"] for row in summary["credits"] if row["lines"]} == {
        each.period.key: each.net_minor for each in expected.totals if each.net_minor
    }
    assert [
        (row["trigger"], row["fired_at"], tuple(row["periods"]), row["reason"])
        for row in page["fired"]
    ] == [(each.key, each.fired_at, each.periods, " ".join(each.reason)) for each in expected.fired]
    assert [
        (row["key"], row["arises_at"], row["effective_at"], row["exercise_by"])
        for row in page["rights"]
    ] == [(each.key, each.arises, each.effective, each.exercise_by) for each in expected.rights]
    something_of_everything_was_there(expected)
    restated = {each.subject.split("/", 1)[1] for each in await life.told("period_restated")}
    assert restated == (RESTATED if late else set())


def results(rows: list[dict[str, Any]]) -> dict[tuple[str, ...], tuple[Any, ...]]:
    """What the record says of each period."""
    return {
        (row["kpi"], row["dim"], row["period"]): (
            row["status"],
            row["num"],
            row["den"],
            row["outcome"]["value"],
            row["outcome"]["judged"],
            row["reason"],
            row["inputs_digest"],
        )
        for row in rows
    }


def assessed_results(found: Iterable[Result]) -> dict[tuple[str, ...], tuple[Any, ...]]:
    """The same of results."""
    return {
        (each.kpi.key, dim_text(each.dim), each.period.key): (
            each.status,
            readable(each.num),
            readable(each.den),
            None if each.value is None else str(each.value),
            judgement(each),
            " ".join(each.reason),
            each.inputs_digest,
        )
        for each in found
    }


def something_of_everything_was_there(expected: Assessment) -> None:
    points = [each.points for each in expected.results if each.points is not None]
    assert {each.multiplier for each in points} == {1, 2}
    assert {each.default for each in expected.results} == {True, False}
    assert {each.type for each in expected.lines} == {"credit", "cap"}
    assert {each.key for each in expected.fired} == {"walk-away", "late-reports"}
    assert [each.kind for each in expected.rights] == ["termination"]


async def test_done_again_it_changes_nothing(life: Life) -> None:
    await lived(life, late=True)
    tables = ("evaluation", "credit", "fired", "entitlement", "journal", "notice", "outbox")
    counting = " UNION ALL ".join(f"SELECT '{each}', count(*) FROM {each}" for each in tables)
    before = await life.rows(counting)
    await life.look_away("2027-01-05")

    activities = MonitoringActivities(life.stage.world)
    await ActivityEnvironment().run(activities.evaluate_due, 0, life.stage.now)

    assert await life.rows(counting) == before


async def test_both_sides_hear_of_a_right(life: Life) -> None:
    await lived(life)

    rows = await life.rows(
        "SELECT contact, state, body FROM notice WHERE template = 'right_arisen' ORDER BY contact"
    )
    assert [(row.contact, row.state) for row in rows] == [
        ("client.governance", "sent"),
        ("provider.delivery_director", "sent"),
    ]
    assert "Too many points" in rows[0].body
    assert [entry.detail["then"] for entry in await life.told("trigger_fired")] == [
        "warning",
        "termination_right",
    ]
    (right,) = await life.told("right_arisen")
    assert right.detail["kind"] == "termination"
    assert line(right, zone_named("Etc/UTC")).startswith("2027-03-03 00:00  a right arises")


async def test_a_figure_is_explained_with_all_that_followed(
    life: Life, capsys: pytest.CaptureFixture[str]
) -> None:
    await lived(life)

    async with life.stage.world.engine.connect() as connection:
        found = await explain.figure(connection, "helpdesk", "uptime", "2027-02", ["leeds"])
        whole = await explain.figure(connection, "helpdesk", "uptime", "2027-02")
    assert found is not None
    assert whole is not None
    print_all(*_figure(found))

    assert {row["dim"] for row in whole["revisions"]} == {"site=leeds", "site=york"}
    printed = " ".join(capsys.readouterr().out.split())
    assert "Uptime (site=leeds), 2027-02: below minimum" in printed
    assert "Points: 5 x 2 for a repeated failure" in printed
    assert "Credit points/2027-02, settled with 2027-02" in printed
    assert "Cap points-cap/2027-02, settled with 2027-02: -" in printed
    assert "Trigger walk-away, fired 2027-03-01" in printed
    assert "Right termination:" in printed


async def test_one_case_is_about_a_period_whatever_its_dimensions(life: Life) -> None:
    await lived(life)

    cases = await life.rows(
        "SELECT period, severity FROM noncompliance WHERE kpi = 'uptime' ORDER BY opened_at"
    )
    joined = await life.rows(
        "SELECT period, status FROM case_period WHERE case_id LIKE '%/uptime/%' ORDER BY period"
    )
    assert [tuple(row) for row in cases] == [("2027-01", "minor")]
    assert [tuple(row) for row in joined] == [
        ("2027-01", "below_expected"),
        ("2027-02", "below_minimum"),
        ("2027-03", "below_minimum"),
        ("2027-04", "below_minimum"),
    ]
