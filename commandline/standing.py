"""The verb that tells where an agreement stands now."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from commandline.pages import JSON, local_time, print_all, table_of
from commandline.session import Exit, fail, print_json, record, verb

if TYPE_CHECKING:
    from activities.standing import RunningKpi, Standing
    from domain.clocks.runs import ClockRun

MOST_ROWS = 25
"""So many tickets and instants are shown on a page; `--json` has all."""


@click.command("now")
@click.argument("agreement")
@JSON
@verb
async def now_verb(agreement: str, *, as_json: bool) -> None:
    """Show where AGREEMENT stands now: running KPIs, open tickets, what is due next.

    Figures are provisional: what the period would come to with what is known so far.
    """
    from activities.standing import standing

    async with record() as connection:
        now = datetime.now(UTC)  # noqa: TID251 - a page is read at an instant
        found = await standing(connection, agreement, now)
    if found is None:
        fail(Exit.NOT_FOUND, f"there is no agreement '{agreement}'; see `covenant list`")
    if as_json:
        print_json({"agreement": agreement, **as_document(found)})
    else:
        print_all(*page(agreement, found))


def as_document(found: "Standing") -> dict[str, Any]:
    """The standing for programs; lengths in seconds, decimals as text."""
    return {
        "title": found.title,
        "zone": found.zone,
        "as_of": found.as_of,
        "live_from": found.live_from,
        "kpis": [_kpi(each) for each in found.kpis],
        "clocks": [_clock(each) for each in found.clocks],
        "due": [{"at": each.at, "what": each.what} for each in found.due],
    }


def _kpi(each: "RunningKpi") -> dict[str, Any]:
    from domain.numbers import shown

    result = each.result
    return {
        "kpi": result.kpi.key,
        "dim": dict(result.dim),
        "period": result.period.key,
        "start": result.period.start,
        "end": result.period.end,
        "status": result.status,
        "value": None if result.value is None else shown(result.value, 6),
        "unit": result.kpi.unit,
        "sample": result.sample,
        "outlook": [
            {
                "promise": prospect.promise,
                "outlook": prospect.outlook,
                "said": prospect.said,
                "misses_left": prospect.misses_left,
                "good_needed": prospect.good_needed,
            }
            for prospect in each.outlook
        ],
        "warnings": list(each.warnings),
    }


def _clock(run: "ClockRun") -> dict[str, Any]:
    from domain.at_risk import next_due
    from domain.numbers import shown

    return {
        "ticket": run.ticket,
        "clock": run.clock,
        "status": run.status,
        "deadline": run.deadline,
        "elapsed_s": shown(run.elapsed, 6),
        "left_s": shown(run.left, 6),
        "due": [
            {"at": each.due_at, "share": None if each.share is None else str(each.share)}
            for each in next_due([run])
        ],
    }


def page(agreement: str, found: "Standing") -> Iterator[Any]:
    """The standing as a page for people, in the agreement's zone."""
    zone = found.zone
    yield (
        f"[bold]{found.title}[/bold] ({agreement}), as of {local_time(found.as_of, zone)}; times in {zone}"
    )
    if found.live_from is None:
        yield "Not live yet: its go-live is not accepted."
    elif found.live_from > found.as_of:
        yield f"Not live yet; service begins {local_time(found.live_from, zone)}."
    if found.kpis:
        kpis = table_of("KPIs, so far", "KPI", "period", "so far", "outlook")
        for each in found.kpis:
            result = each.result
            name = "\n".join([result.kpi.key, *(value for _, value in result.dim)])
            outlook = [prospect.said.partition(": ")[2] for prospect in each.outlook]
            said = "\n".join([*outlook, *each.warnings]) or "may still move either way"
            so_far = result.status.replace("_", " ") + f"\n{' '.join(result.reason)}"
            kpis.add_row(name, result.period.key, so_far, said)
        yield kpis
    if found.clocks:
        yield _clocks(found.clocks, zone)
    if found.due:
        due = table_of("Due next", "due", "what")
        for coming in found.due[:MOST_ROWS]:
            due.add_row(local_time(coming.at, zone), coming.what)
        yield due


def _clocks(runs: "tuple[ClockRun, ...]", zone: str) -> Any:  # noqa: ANN401 - a rich table
    from domain.clocks.runs import length_text

    table = table_of(
        f"Open tickets: {len(runs):,} clocks, the soonest first",
        "ticket",
        "clock",
        "stands",
        "left",
        "due",
    )
    for run in runs[:MOST_ROWS]:
        left = length_text(run.left) if run.left >= 0 else f"{length_text(-run.left)} over"
        table.add_row(run.ticket, run.clock, run.status, left, local_time(run.deadline, zone))
    if len(runs) > MOST_ROWS:
        table.caption = f"and {len(runs) - MOST_ROWS:,} more: add --json"
    return table
