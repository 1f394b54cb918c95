"""The standard agreement of the benchmarks: its documents, its script, and a year of facts.

Five milestones; three KPIs each by day, week and month; six reviews by two reviewers; four breaches
in which level 1 keeps silent, level 2 answers, and a plan is submitted, accepted and verified; a
renewal that is decided and confirmed. `neighbour` is a small agreement with the same clock.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from gateway import Document

BEGINS = datetime(2024, 9, 2, 8, tzinfo=UTC)
"""In London 09:00."""

LIVE_ON = date(2025, 1, 1)
ENDS_ON = date(2026, 1, 1)
UNTIL = date(2026, 1, 12)
"""By then the last review is answered, and the last figures of the first term are in."""

AGREEMENT = """\
agreement: {key}
title: The standard agreement of the benchmarks
scope: A year of an ordinary outsourced service.
zone: Europe/London
parties:
  client:
    name: A client (fictional)
    contacts:
      manager: {{title: Vendor manager, email: manager@client.example}}
      analyst: {{title: Analyst, email: analyst@client.example}}
      chief: {{title: Chief, email: chief@client.example}}
  provider:
    name: A provider (fictional)
    contacts:
      manager: {{title: Service manager, email: manager@provider.example}}
      director: {{title: Delivery director, email: director@provider.example}}
      chief: {{title: Chief, email: chief@provider.example}}
term: {{starts_on: {starts_on}, months: 12}}
renewal:
  notice: 90 days
  decide_before: 30 days
  decided_by: client.manager
  confirmed_by: provider.director
  renews_for: 12
  on_silence: expire
charges: {{amount: 100000.00, currency: GBP, per: month, credit_cap: 10 %}}
milestones:
{milestones}kpis:
{kpis}escalation:
  severe:
    - {{level: 1, to: [provider.manager, client.analyst], answer_within: {answer_within}, playbook: Acknowledge.}}
    - {{level: 2, to: [provider.director, client.manager], answer_within: 2 days, playbook: Take over.}}
    - {{level: 3, to: [provider.chief, client.chief], answer_within: 3 days, playbook: Call each other.}}
  minor:
    - {{level: 1, to: [provider.manager, client.analyst], answer_within: {answer_within}, playbook: Acknowledge.}}
    - {{level: 2, to: [provider.director, client.manager], answer_within: 2 days, playbook: Take over.}}
    - {{level: 3, to: [provider.chief, client.chief], answer_within: 3 days, playbook: Call each other.}}
corrective_action: {{plan_within: 10 days, judge_within: 5 days, on_silence: accept, cycles: 3}}
reviews:
  every: {review_every}
  first_after: go_live
  reviewers: [client.analyst, provider.director]
  answer_within: 10 days
  remind_before: 3 days
  escalate_to: [client.manager, provider.chief]
  close_after: 10 days
changes: {{client: client.manager, provider: provider.director, answer_within: 14 days, rounds: 3}}
"""

MILESTONE = """\
  - key: {key}
    title: Milestone {key}
    on: {on}
    delivered_by: provider.manager
    accepted_by: client.manager
    warn: 5 days
    accept_within: 5 days
{gate}"""

KPI = """\
  - key: {key}
    title: Service {key}
    objective: The service is good.
    owners: {{client: client.analyst, provider: provider.manager}}
    unit: "%"
    measure: {{kind: proportion, series: {key}, good: at least 1}}
    every: {every}
    target: {{expected: at least 90 %, minimum: at least 80 %}}
    cut_off: 2 days
    no_data: excluded
    bands:
      - {{at_least: 90, credit: 0 %}}
      - {{below: 90, credit: 2 %}}
    verified_after: {verified_after}
"""

DAYS_BEFORE_LIVE = {
    "kickoff": 107,
    "selection": 92,
    "infrastructure": 47,
    "training": 33,
    "go_live": 0,
}


def milestones(live_on: date, *keys: str) -> dict[str, date]:
    """The milestones of an agreement that is to go live on a day."""
    every = {key: live_on - timedelta(days=days) for key, days in DAYS_BEFORE_LIVE.items()}
    return {key: every[key] for key in keys or every}


VERIFIED_AFTER = {"day": 7, "week": 2, "month": 2}

SCRIPT = """\
agreement: agreement.yaml
begins: 2024-09-02 09:00
until: 2026-01-12
desk: {who: provider.manager, at: "06:00", files: [facts-sample.csv]}
people:
  - {who: provider.manager, on: milestone_assigned, about: kickoff, after: 8 days, choose: delivered}
  - {who: provider.manager, on: milestone_assigned, about: selection, after: 20 days, choose: delivered}
  - {who: provider.manager, on: milestone_assigned, about: infrastructure, after: 60 days, choose: delivered}
  - {who: provider.manager, on: milestone_assigned, about: training, after: 75 days, choose: delivered}
  - {who: provider.manager, on: milestone_assigned, after: 20 days, choose: delivered}
  - {who: client.manager, on: milestone_to_accept, after: 2 days, choose: accept}
  - {who: provider.director, on: breach, after: 9 h, choose: acknowledge}
  - {who: provider.manager, on: plan_wanted, after: 100 h, choose: submit, note: "Root cause: thin crews. Reserves on call, by the service manager, within two weeks."}
  - {who: client.analyst, on: plan_to_judge, after: 50 h, choose: accept}
  - {who: client.analyst, on: review_opened, after: 82 h, choose: continue}
  - {who: provider.director, on: review_opened, after: 107 h, choose: continue}
  - {who: client.manager, on: renewal_to_decide, after: 14 days, choose: renew}
  - {who: provider.director, on: renewal_to_confirm, after: 7 days, choose: confirm}
"""

MISSED = {
    "day-1": {date(2025, 2, 5)},
    "week-1": {date(2025, 3, 12)},
    "week-2": {date(2025, 6, 18)},
    "month-1": {date(2025, 8, day) for day in range(4, 8)},
}
"""Days on which a KPI's one sample is bad: enough for one missed period each."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much of the standard an agreement has: KPIs of each frequency, milestones, and so on.

    The last milestone is the go-live, a gate, on the first day of the term.
    """

    each: int = 3
    frequencies: tuple[str, ...] = tuple(VERIFIED_AFTER)
    milestones: Mapping[str, date] = field(default_factory=lambda: milestones(LIVE_ON))
    review_every: str = "2 months"
    answer_within: str = "1 day"


WHOLE = Size()


def neighbour(number: int) -> tuple[str, Size]:
    """A smaller agreement on the same shard, so many days older than the standard one.

    Its weeks and months fall due at instants at which the standard one's days do, so that it costs
    Monitoring no event of its own beside what it is told of going live and of a term's end.

    Each goes live, and its term ends, on a day of its own: at one instant Monitoring would hear of
    all of them at once, which would flatter its share.
    """
    on = milestones(LIVE_ON, "kickoff") | {"go_live": LIVE_ON - timedelta(days=number)}
    return f"neighbour-{number}", Size(
        each=1, frequencies=("week", "month"), milestones=on, review_every="11 months"
    )


def to_come(today: date, *, answer_within: str) -> Size:
    """An agreement in which nothing is due for weeks."""
    on = milestones(today + timedelta(days=200), "kickoff", "go_live")
    return Size(each=1, milestones=on, answer_within=answer_within)


def script(neighbours: int) -> str:
    """Who does what; each neighbour's last milestone is delivered at an hour of its own."""
    parts = "".join(
        "  - {who: provider.manager, on: milestone_assigned, "
        f"about: neighbour-{number}/go_live, after: {480 + number} h, choose: delivered}}\n"
        for number in range(1, neighbours + 1)
    )
    return SCRIPT.replace("people:\n", f"people:\n{parts}")


def kpis(size: Size) -> Iterator[tuple[str, str]]:
    """Key and frequency of every KPI."""
    for every in size.frequencies:
        for number in range(1, size.each + 1):
            yield f"{every}-{number}", every


def agreement(key: str, size: Size = WHOLE) -> Document:
    """The agreement's document."""
    *_, last = size.milestones
    text = AGREEMENT.format(
        key=key,
        starts_on=size.milestones[last],
        review_every=size.review_every,
        answer_within=size.answer_within,
        milestones="".join(
            MILESTONE.format(
                key=each,
                on=on,
                gate="    gate: true\n" if each == last else "",
            )
            for each, on in size.milestones.items()
        ),
        kpis="".join(
            KPI.format(key=name, every=every, verified_after=VERIFIED_AFTER[every])
            for name, every in kpis(size)
        ),
    )
    return Document(f"{key}.yaml", text.encode())


def facts(size: Size = WHOLE, every_days: int = 1) -> Document:
    """One sample of every KPI at noon of every so many days of the year."""
    lines = ["id,series,at,value"]
    for offset in range(0, (ENDS_ON - LIVE_ON).days, every_days):
        day = LIVE_ON + timedelta(days=offset)
        for name, _ in kpis(size):
            value = int(every_days != 1 or day not in MISSED.get(name, ()))
            lines.append(f"{name}-{day},{name},{day}T12:00,{value}")
    return Document("facts-sample.csv", "\n".join([*lines, ""]).encode())


def write_piece(folder: Path) -> Path:
    """The standard agreement as a folder that can be rehearsed."""
    (folder / "agreement.yaml").write_bytes(agreement("standard").raw)
    (folder / "rehearsal.yaml").write_text(SCRIPT, encoding="utf-8")
    (folder / "facts-sample.csv").write_bytes(facts().raw)
    return folder
