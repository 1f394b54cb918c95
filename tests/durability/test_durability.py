"""Worker, Temporal and PostgreSQL are killed while ladders climb: nothing is lost, nothing twice.

The last part holds what must have happened in the storm; without it the rest would prove nothing.
"""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from statistics import fmean, quantiles
from typing import Any

from notices.templates import LATE_AFTER
from tests.durability.forecast import CLIENTS, PROVIDERS, Victim
from tests.durability.storm import OVERDUE, Aftermath

TRUTHFUL = timedelta(seconds=3)
"""A rung's `fired_at` is as close as this to when it was really recorded."""


def rungs_of(aftermath: Aftermath) -> dict[str, list[Any]]:
    """The rungs of each case, by level."""
    rungs: dict[str, list[Any]] = defaultdict(list)
    for row in aftermath.rows["rung"]:
        rungs[row.case_id].append(row)
    return {case: sorted(rows, key=lambda row: row.level) for case, rows in rungs.items()}


def recorded(aftermath: Aftermath, event: str) -> list[Any]:
    """The journal's entries of one event, in the order of their recording."""
    return sorted(aftermath.of("journal", event=event), key=lambda row: row.seq)


def in_the_storm(aftermath: Aftermath) -> list[Any]:
    """What the journal says of every rung whose case opened in the storm."""
    return [row for row in recorded(aftermath, "rung_fired") if OVERDUE not in row.subject]


def lateness(aftermath: Aftermath) -> list[float]:
    """Seconds from when each rung was due until it was recorded."""
    return sorted((row.recorded_at - row.at).total_seconds() for row in in_the_storm(aftermath))


def delays(aftermath: Aftermath) -> list[float]:
    """Seconds until each rung was recorded from when it was due and everything was up again."""
    found = []
    for row in in_the_storm(aftermath):
        due, done = row.at.timestamp(), row.recorded_at.timestamp()
        back = [kill.at + kill.down_s for kill in aftermath.kills if kill.at <= done]
        found.append(done - max([due, *(end for end in back if end <= done)]))
    return sorted(found)


# --- nothing is lost


def test_every_command_that_was_answered_has_an_outcome(aftermath: Aftermath) -> None:
    outcomes = {row.id: row.outcome for row in aftermath.rows["command"]}

    lost = [each.command for each in aftermath.sent if outcomes.get(each.command) is None]

    assert lost == []


def test_no_command_was_refused(aftermath: Aftermath) -> None:
    refused = {row.id: row.reason for row in aftermath.rows["command"] if row.outcome == "refused"}

    assert refused == {}


def test_what_somebody_was_told_is_what_the_record_says(aftermath: Aftermath) -> None:
    outcomes = {row.id: row.outcome for row in aftermath.rows["command"]}

    told = {each.command: each.reply.outcome for each in aftermath.sent if each.reply}

    assert {each: word for each, word in told.items() if word and outcomes[each] != word} == {}


def test_each_command_is_in_the_record_once_and_did_one_thing(aftermath: Aftermath) -> None:
    effects = Counter(row.command for row in aftermath.rows["journal"] if row.command)
    commands = Counter(row.id for row in aftermath.rows["command"])
    # The one gate's acceptance also opens nothing: every command here has a single entry.

    assert commands == Counter(each.command for each in aftermath.sent)
    assert effects == commands


def test_every_file_of_facts_that_was_taken_is_there_once(aftermath: Aftermath) -> None:
    files = Counter((row.agreement, row.name) for row in aftermath.rows["intake"])

    assert files == Counter(aftermath.files)


def test_every_review_that_was_called_was_opened_once(aftermath: Aftermath) -> None:
    calls = [each.command for each in aftermath.sent if each.command.startswith("call ")]

    assert sorted(row.call for row in aftermath.rows["review"]) == sorted(calls)


# --- every rung once, in order, as of the instant when it was due


def test_every_missed_period_has_one_case(aftermath: Aftermath) -> None:
    forecast = aftermath.forecast
    cases = Counter((row.agreement, row.kpi) for row in aftermath.rows["noncompliance"])

    expected = [OVERDUE, *(f"errors_{number}" for number in range(forecast.kpis))]
    assert cases == Counter((key, kpi) for key in forecast.keys for kpi in expected)


def test_rungs_are_due_one_answering_time_after_another_whatever_was_late(
    aftermath: Aftermath,
) -> None:
    step = timedelta(seconds=aftermath.forecast.level_s)
    opened = {row.id: row.opened_at for row in aftermath.rows["noncompliance"]}

    for case, rungs in rungs_of(aftermath).items():
        due = [opened[case] + step * number for number in range(len(rungs))]
        assert [(rung.level, rung.due_at) for rung in rungs] == list(enumerate(due, 1))


def test_rungs_fired_in_order_and_each_once(aftermath: Aftermath) -> None:
    fired: dict[str, list[int]] = defaultdict(list)
    for row in recorded(aftermath, "rung_fired"):
        fired[row.subject].append(row.detail["level"])

    assert fired == {
        case: [rung.level for rung in rungs] for case, rungs in rungs_of(aftermath).items()
    }


def test_a_ladder_climbed_as_far_as_nobody_had_answered(aftermath: Aftermath) -> None:
    forecast = aftermath.forecast
    step = timedelta(seconds=forecast.level_s)
    for case in aftermath.rows["noncompliance"]:
        answered = case.acknowledged_at or datetime.max.replace(tzinfo=UTC)
        due = [case.opened_at + step * number for number in range(forecast.levels)]
        expected = [level for level, at in enumerate(due, 1) if level == 1 or at <= answered]
        fired = [row.level for row in aftermath.rows["rung"] if row.case_id == case.id]

        assert sorted(fired) == expected, case.id


def test_an_unanswered_ladder_says_so_once(aftermath: Aftermath) -> None:
    length = timedelta(seconds=aftermath.forecast.level_s) * aftermath.forecast.levels
    exhausted = Counter(row.subject for row in recorded(aftermath, "ladder_exhausted"))
    unanswered = [
        row.id
        for row in aftermath.rows["noncompliance"]
        if row.acknowledged_at is None or row.acknowledged_at >= row.opened_at + length
    ]

    assert exhausted == Counter(unanswered)


def test_no_rung_fired_before_it_was_due(aftermath: Aftermath) -> None:
    early = [row for row in aftermath.rows["rung"] if row.fired_at < row.due_at]

    assert early == []


def test_a_rung_that_was_late_says_how_late(aftermath: Aftermath) -> None:
    fired = {(row.case_id, row.level): row.fired_at for row in aftermath.rows["rung"]}

    untrue = [
        (
            row.subject,
            row.detail["level"],
            row.recorded_at - fired[row.subject, row.detail["level"]],
        )
        for row in recorded(aftermath, "rung_fired")
        if row.recorded_at - fired[row.subject, row.detail["level"]] > TRUTHFUL
    ]

    assert untrue == []


# --- every notice once


def test_each_person_on_a_rung_has_one_notice_of_it(aftermath: Aftermath) -> None:
    told = Counter(
        (row.subject, row.due_at, row.contact) for row in aftermath.of("notice", template="breach")
    )

    assert told == Counter(
        (rung.case_id, rung.due_at, who)
        for rung in aftermath.rows["rung"]
        for who in (PROVIDERS[rung.level % 2], CLIENTS[rung.level % 2])
    )


def test_every_notice_was_sent_and_lies_in_the_mailbox_once(aftermath: Aftermath) -> None:
    mails = [message_from_bytes(path.read_bytes(), policy=default) for path in aftermath.mails]

    assert {row.state for row in aftermath.rows["notice"]} == {"sent"}
    assert Counter(mail["Message-ID"] for mail in mails) == Counter(
        row.message_id for row in aftermath.rows["notice"]
    )


def test_a_mail_is_called_a_re_issue_only_where_it_was_tried_before(aftermath: Aftermath) -> None:
    tried = {row.message_id for row in aftermath.rows["notice"] if row.attempts > 1}
    mails = [message_from_bytes(path.read_bytes(), policy=default) for path in aftermath.mails]

    called = {mail["Message-ID"] for mail in mails if mail["Subject"].startswith("Re-issue: ")}

    assert called <= tried


def test_exactly_the_notices_that_are_late_say_so(aftermath: Aftermath) -> None:
    late = {
        row.key for row in aftermath.rows["notice"] if row.prepared_at - row.due_at > LATE_AFTER
    }

    saying = {row.key for row in aftermath.rows["notice"] if "This notice is late" in row.body}

    assert saying == late


def test_no_notice_shows_the_bones_of_its_template(aftermath: Aftermath) -> None:
    assert [row.key for row in aftermath.rows["notice"] if "{" in row.title + row.body] == []


# --- what must have happened


def test_each_victim_was_killed_and_came_back(aftermath: Aftermath) -> None:
    assert len(aftermath.kills) == len(aftermath.forecast.strikes)
    assert {kill.victim for kill in aftermath.kills} == set(Victim)


def test_rungs_fell_due_while_something_was_down(aftermath: Aftermath) -> None:
    down = [(kill.at, kill.at + kill.down_s) for kill in aftermath.kills]

    hit = [
        row
        for row in aftermath.rows["rung"]
        if any(start <= row.due_at.timestamp() <= end for start, end in down)
    ]

    assert len(hit) >= 3


def test_a_rung_fired_late(aftermath: Aftermath) -> None:
    assert max(lateness(aftermath)) > 1


def test_activities_were_tried_again(aftermath: Aftermath) -> None:
    assert max(aftermath.attempts) > 1


def test_people_had_to_wait_or_to_try_again(aftermath: Aftermath) -> None:
    assert [each for each in aftermath.sent if each.tries > 1 or each.took_s > 1] != []


def test_people_answered_between_rungs(aftermath: Aftermath) -> None:
    assert len([row for row in aftermath.rows["noncompliance"] if row.acknowledged_at]) >= 3


def test_answers_forestalled_rungs_that_were_due_before_anybody_could_hear_them(
    aftermath: Aftermath,
) -> None:
    assert recorded(aftermath, "rung_forestalled") != []


def test_notices_of_a_ladder_were_late(aftermath: Aftermath) -> None:
    late = [row for row in aftermath.of("notice", template="breach") if "is late" in row.body]

    assert late != []


# --- how quickly it was over


def test_rungs_fire_within_seconds_once_everything_is_back(aftermath: Aftermath) -> None:
    late, after = quantiles(lateness(aftermath), n=100), quantiles(delays(aftermath), n=100)
    down: dict[str, list[float]] = defaultdict(list)
    for kill in aftermath.kills:
        down[kill.victim].append(kill.down_s)
    back = ", ".join(
        f"{who} {fmean(times):.1f}/{max(times):.1f}" for who, times in sorted(down.items())
    )
    print(
        f"\n{aftermath.forecast.name} storm: {len(aftermath.kills)} kills, "
        f"{len(lateness(aftermath))} rungs, {len(aftermath.sent)} commands, "
        f"{sum(attempt > 1 for attempt in aftermath.attempts)} activities tried again, "
        f"{sum(row.attempts > 1 for row in aftermath.rows['notice'])} mails re-issued\n"
        f"late p50 {late[49]:.2f} p95 {late[94]:.2f} max {lateness(aftermath)[-1]:.2f} s; "
        f"once all was back p50 {after[49]:.2f} p95 {after[94]:.2f} "
        f"max {delays(aftermath)[-1]:.2f} s; down (mean/most) {back} s"
    )

    # The yardstick is a worker's own start, five seconds on an idle machine: others may be busy.
    assert delays(aftermath)[-1] <= 3 * fmean(down[Victim.WORKER])
