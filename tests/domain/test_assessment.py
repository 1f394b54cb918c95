from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.assessment import Assessment, Limits, assess
from domain.comparison import breaches, compared
from domain.facts import (
    ChargeFact,
    EventFact,
    Fact,
    IndexFact,
    Outage,
    PeriodResult,
    Ticket,
    TicketEvent,
)
from domain.results import LineType, Status
from domain.terms.shape import Terms
from domain.timeline import Edition, Timeline
from tests.domain.runs import day, kpi, terms, timeline, utc

BANDS = [
    {"at_least": "99", "points": "0", "credit": "0 %"},
    {"at_least": "97", "below": "99", "points": "1", "credit": "2 %"},
    {"below": "97", "points": "3", "credit": "5 %"},
]
MONTHS = 6


def hosting(**values: Any) -> Timeline:
    """Two KPIs that credit by band, a cap, and a right once points reach nine in a quarter."""
    target = {"expected": "at least 99 %", "minimum": "at least 97 %"}
    kpis = [kpi(key, target=target, bands=BANDS) for key in ("uptime", "backups")]
    said = {
        "charges": {"currency": "GBP", "amount": "999.99", "credit_cap": "6 %"},
        "repeats": [
            {"when": {"consecutive": "2", "of": "missed", "afterwards": "repeats"}, "times": "2"}
        ],
        "triggers": [
            {
                "key": "walk-away",
                "when": {
                    "sum": "at least 9",
                    "of": "points",
                    "window": "3 months",
                    "same": "agreement",
                },
                "then": "termination_right",
                "right": {"kind": "termination", "exercise_within": "60 days"},
            }
        ],
    }
    return timeline(terms(*kpis, **(said | values)))


def reported(key: str, month: int, value: Decimal, **values: Any) -> PeriodResult:
    start, end = (day(f"2027-{number:02}-01") for number in (month, month + 1))
    return PeriodResult(f"{key}-{month}", key, start, end, value=value, **values)


def assessed(agreed: Timeline, facts: list[Fact], **limits: datetime | None) -> Assessment:
    return assess(agreed, facts, Limits(**limits), digest="")


percents = st.decimals(90, 100, places=2)
runs = st.lists(st.tuples(percents, percents), min_size=1, max_size=MONTHS)


def facts_of(run: list[tuple[Decimal, Decimal]]) -> list[Fact]:
    return [
        reported(key, month, value)
        for month, values in enumerate(run, start=1)
        for key, value in zip(("uptime", "backups"), values, strict=True)
    ]


@settings(max_examples=60, deadline=None)
@given(runs, st.data())
def test_better_service_never_owes_more(
    run: list[tuple[Decimal, Decimal]], data: st.DataObject
) -> None:
    facts = facts_of(run)
    place = data.draw(st.integers(0, len(facts) - 1))
    worse = facts[place]
    assert isinstance(worse, PeriodResult)
    assert worse.value is not None
    better = replace(worse, value=data.draw(st.decimals(worse.value, 100, places=2)))
    before = assessed(hosting(), facts)
    after = assessed(hosting(), [*facts[:place], better, *facts[place + 1 :]])

    assert owed(after) <= owed(before)
    assert breaches(after) <= breaches(before)


def owed(assessment: Assessment) -> int:
    return sum(total.net_minor or 0 for total in assessment.totals)


@settings(max_examples=60, deadline=None)
@given(runs)
def test_lines_add_up_to_totals_and_caps_hold(run: list[tuple[Decimal, Decimal]]) -> None:
    found = assessed(hosting(), facts_of(run))

    for total in found.totals:
        lines = [line for line in found.lines if line.settles == total.period]
        assert sum(line.amount_minor or 0 for line in lines) == total.net_minor
        assert 0 <= (total.net_minor or 0) <= 6000
        gross = [line for line in lines if line.type is LineType.CREDIT]
        assert sum(line.amount_minor or 0 for line in gross) == total.gross_minor


@settings(max_examples=40, deadline=None)
@given(runs, st.randoms(use_true_random=False))
def test_the_order_of_facts_changes_nothing(
    run: list[tuple[Decimal, Decimal]], chance: Any
) -> None:
    facts = facts_of(run)
    shuffled = list(facts)
    chance.shuffle(shuffled)

    assert assessed(hosting(), shuffled) == assessed(hosting(), facts)


def test_periods_go_as_far_as_facts_and_windows_tell_when_facts_are_cut_off() -> None:
    agreed = timeline(terms(kpi(cut_off="3 days")))
    found = assessed(agreed, [reported("uptime", 2, Decimal(98))])

    assert [each.period.key for each in found.results] == ["2027-01", "2027-02"]
    assert found.results[0].status is Status.NO_DATA
    assert [each.due_at for each in found.windows] == [day("2027-02-04"), day("2027-03-04")]
    assert found.until == day("2027-03-01")


def test_a_record_that_outlives_the_term_ends_with_it() -> None:
    agreed = timeline(terms(term={"starts_on": "2027-01-01", "months": "2"}))
    facts: list[Fact] = [Ticket("late", day("2027-05-01"))]

    assert [each.period.key for each in assessed(agreed, facts).results] == ["2027-01", "2027-02"]


def test_what_came_before_is_computed_but_not_shown() -> None:
    values = (Decimal(98), Decimal(98), Decimal(98))
    facts: list[Fact] = [reported("uptime", number, each) for number, each in enumerate(values, 1)]
    found = assessed(hosting(), facts, since=day("2027-02-01"), until=day("2027-03-01"))

    (result,) = [each for each in found.results if each.kpi.key == "uptime"]
    assert result.points is not None
    assert result.period.key == "2027-02"
    assert result.points.multiplier == 2
    assert {line.settles.key for line in found.lines} == {"2027-02"}


def test_a_period_that_still_runs_is_left_out_where_a_limit_is_given() -> None:
    facts: list[Fact] = [reported("uptime", 1, Decimal(98)), reported("uptime", 2, Decimal(98))]

    for limit in ({"until": day("2027-02-20")}, {"known_at": day("2027-02-20")}):
        found = assessed(timeline(terms()), facts, **limit)
        assert [each.period.key for each in found.results] == ["2027-01"]


def test_a_trigger_after_the_end_is_not_shown() -> None:
    facts: list[Fact] = [
        reported("uptime", number, Decimal(90), points=None) for number in range(1, 4)
    ]
    assert assessed(hosting(), facts).fired
    assert assessed(hosting(), facts).rights[0].exercise_by is not None

    found = assessed(hosting(), facts, until=day("2027-02-01"))
    assert (found.fired, found.rights) == ((), ())


def test_charges_and_events_reach_as_far_as_nothing_is_measured() -> None:
    charge = ChargeFact("c", "service", day("2027-01-01"), day("2027-03-01"), Decimal(100), "GBP")
    found = assessed(timeline(terms()), [charge])

    assert [each.period.key for each in found.results] == ["2027-01", "2027-02"]
    assert assessed(timeline(terms()), []).results == ()


def test_a_delay_reaches_to_the_day_on_which_it_was_due() -> None:
    late = kpi(
        "delivery",
        unit="day",
        measure={"kind": "delay", "events": "delivery"},
        target={"expected": "at most 0 day"},
    )
    event = EventFact("e", day("2027-05-06"), "delivery", "", due=day("2027-04-01"))
    found = assessed(timeline(terms(late)), [event])

    assert [each.period.key for each in found.results][-1] == "2027-04"
    assert found.results[-1].value == 35


def test_an_agreement_without_kpis_and_charges_has_its_dates() -> None:
    empty = timeline(
        Terms.model_validate(
            {
                "agreement": "empty",
                "title": "Nothing agreed yet",
                "zone": "UTC",
                "term": {"starts_on": "2027-01-01", "months": "12"},
            }
        )
    )
    found = assessed(empty, [])

    assert (found.results, found.lines, found.totals, found.currency) == ((), (), (), None)
    assert [each.key for each in found.dates] == ["term_start", "expiry"]


CLOCKED: dict[str, Any] = {
    "clocks": [{"key": "fix", "stops": "resolution", "limits": [{"within": "4 h"}]}],
    "calendars": {"office": {"hours": {"mon-fri": "09:00-17:00"}}},
    "working_days": "office",
}


def test_clocks_stand_as_of_the_last_thing_known() -> None:
    agreed = timeline(terms(**CLOCKED))
    facts: list[Fact] = [
        Ticket("open", utc("2027-01-04T09:00")),
        Ticket("done", utc("2027-01-04T09:00"), resolved_at=utc("2027-01-04T12:00")),
        TicketEvent("e", "open", utc("2027-01-04T11:00"), "note", None, "agent", ""),
    ]
    clocks = assess(agreed, facts, Limits(), digest="", clocks=True).clocks

    assert {each.ticket: (each.status, int(each.left)) for each in clocks} == {
        "open": ("running", 3600),
        "done": ("met", 3600),
    }
    later = assess(agreed, facts, Limits(until=day("2027-02-01")), digest="", clocks=True)
    assert {each.ticket: each.status for each in later.clocks}["open"] == "missed"
    assert assessed(agreed, facts).clocks == ()


def test_a_ticket_for_which_no_clock_has_a_limit_has_none() -> None:
    clock = CLOCKED["clocks"][0] | {"limits": [{"where": {"priority": "1"}, "within": "1 h"}]}
    agreed = timeline(terms(clocks=[clock]))

    found = assess(agreed, [Ticket("t", utc("2027-01-04T09:00"))], Limits(), digest="", clocks=True)
    assert found.clocks == ()


def test_an_index_moves_the_charge() -> None:
    rule = {
        "key": "cpi",
        "series": "cpi",
        "reference": "2027",
        "compares": "2028",
        "on": "2028-06-01",
    }
    agreed = hosting(indexation=[rule])
    facts: list[Fact] = [
        IndexFact("one", "cpi", "2027", Decimal("113.8"), day("2027-02-01")),
        IndexFact("two", "cpi", "2028", Decimal("118.5"), day("2028-02-01")),
    ]

    (indexed,) = assessed(agreed, facts).indexed
    assert (indexed.old_minor, indexed.new_minor) == (99_999, 104_099)


def test_an_outage_counts_in_the_edition_of_its_period() -> None:
    measure = {"kind": "availability", "outages": "portal"}
    first = terms(kpi(measure=measure))
    second = terms(kpi(measure=measure, target={"expected": "at least 99.9 %"}))
    agreed = timeline(first, second, then=("2027-02-01",))
    facts: list[Fact] = [
        Outage("1", "portal", day("2027-01-10"), day("2027-01-11"), "fault", None),
        Outage("2", "portal", day("2027-02-10"), day("2027-02-11"), "fault", None),
    ]
    found = assessed(agreed, facts)

    assert [each.edition for each in found.results] == [1, 2]
    assert [each.status for each in found.results] == [Status.BELOW_EXPECTED] * 2


# --- what if


def stricter() -> tuple[Timeline, Timeline]:
    before = hosting()
    edition: Edition = before.editions[0]
    kpis = tuple(
        each.model_copy(
            update={
                "bands": (
                    each.bands[0],
                    each.bands[1].model_copy(update={"credit": Decimal(3)}),
                    each.bands[2],
                )
            }
        )
        for each in edition.terms.kpis
    )
    changed = edition.terms.model_copy(update={"kpis": kpis})
    return before, Timeline((replace(edition, terms=changed),))


def test_a_comparison_names_only_what_differs() -> None:
    before, after = stricter()
    facts: list[Fact] = [
        reported("uptime", 1, Decimal(98)),
        reported("backups", 1, Decimal(100)),
        reported("uptime", 2, Decimal(100)),
    ]
    found = compared(assessed(before, facts), assessed(after, facts))

    assert [each.key for each in found.lines] == ["credits/uptime/2027-01"]
    line = found.lines[0]
    assert line.before is not None
    assert line.after is not None
    assert (line.before.amount_minor, line.after.amount_minor) == (2000, 3000)
    assert [each.key for each in found.totals] == ["2027-01"]
    assert (found.periods, found.fired, found.rights) == ((), (), ())


def test_a_comparison_shows_what_only_one_side_has() -> None:
    facts: list[Fact] = [reported("uptime", number, Decimal(90)) for number in range(1, 4)]
    before = assessed(hosting(), facts)
    after = assessed(hosting(triggers=[]), facts)

    gone = compared(before, after)
    assert [(each.before is None, each.after is None) for each in gone.fired] == [(False, True)]
    come = compared(after, before)
    assert [(each.before is None, each.after is None) for each in come.rights] == [(True, False)]


def test_an_assessment_equals_itself() -> None:
    found = assessed(hosting(), [reported("uptime", 1, Decimal(90))])
    nothing = compared(found, found)

    assert not any((nothing.periods, nothing.lines, nothing.totals, nothing.fired, nothing.rights))
