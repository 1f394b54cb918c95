"""Verbs that read. Each prints a page for people, or with `--json` a document for programs."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import click

from commandline.pages import JSON, local_time, print_all, table_of
from commandline.session import Exit, fail, print_json, record, verb


@click.command("list")
@JSON
@verb
async def list_verb(*, as_json: bool) -> None:
    """List the agreements, each with its phase and what is open in it."""
    from store.views.agreements import agreements

    async with record() as connection:
        rows = await agreements(connection)
    if as_json:
        print_json({"agreements": rows})
    elif not rows:
        click.echo(
            "No agreements yet. Launch one: covenant launch examples/helpdesk/agreement.yaml"
        )
    else:
        names = ("agreement", "phase", "cases", "tasks", "next task due", "ends")
        table = table_of("Agreements, times in their own zones", *names)
        for row in rows:
            zone = row["zone"]
            due, ends = (
                local_time(row["next_task_due_at"], zone),
                local_time(row["ends_at"], zone)[:10],
            )
            cells = (row["phase"], row["open_cases"], row["open_tasks"], due, ends)
            table.add_row(f"{row['id']}\n{row['title']}", *map(str, cells))
        print_all(table)


@click.command("show")
@click.argument("agreement", required=False)
@JSON
@verb
async def show_verb(agreement: str | None, *, as_json: bool) -> None:
    """Show AGREEMENT on one page (or the only one there is)."""
    from store.views.agreements import agreements, one_agreement

    async with record() as connection:
        if agreement is None:
            known = [row["id"] for row in await agreements(connection)]
            if len(known) != 1:
                names = ", ".join(known) or "none yet"
                fail(Exit.USAGE, f"say which agreement; there are: {names}")
            agreement = str(known[0])
        page = await one_agreement(connection, agreement)
    if page is None:
        fail(Exit.NOT_FOUND, f"there is no agreement '{agreement}'; see `covenant list`")
    if as_json:
        print_json(page)
    else:
        print_all(*_page(page))


def _editions(editions: list[dict[str, Any]], local: Callable[[datetime | None], str]) -> str:
    """The edition in force with its digest, and those that wait for their date."""
    now = datetime.now(UTC)  # noqa: TID251 - a page is read at an instant
    waiting = [row for row in editions[1:] if row["effective_at"] > now]
    held = [row for row in editions if row not in waiting][-1]
    told = [f"Edition {held['number']} of the terms in force, SHA-256 {held['digest'][:16]}…"]
    told += [f"edition {row['number']} from {local(row['effective_at'])}" for row in waiting]
    return "; ".join(told)


def _page(page: dict[str, Any]) -> list[Any]:
    zone = page["zone"]

    def local(at: datetime | None) -> str:
        return local_time(at, zone)

    head = (
        f"[bold]{page['title']}[/bold] ({page['id']})\n"
        f"{page['client']} buys from {page['provider']}\n"
        f"Phase: [bold]{page['phase']}[/bold] · term {page['term']} ends {local(page['ends_at'])}"
        f" · live from {local(page['live_from'])} · times in {zone}\n"
        f"{_editions(page['editions'], local)}"
    )
    names = ("milestone", "due, end of", "status", "delivered", "accepted")
    milestones = table_of("Milestones", *names)
    for row in page["milestones"]:
        stages = (local(row["delivered_at"]), local(row["accepted_at"]))
        milestones.add_row(row["title"], f"{row['planned_on']}", row["status"], *stages)
    parts: list[Any] = [head, milestones]
    if page["kpis"]:
        kpis = table_of("KPIs, latest period", "KPI", "period", "status", "why")
        for row in page["kpis"]:
            kpis.add_row(row["kpi"], row["period"], row["status"].replace("_", " "), row["reason"])
        parts.append(kpis)
    else:
        parts.append("No period has been evaluated yet.")
    if page["cases"]:
        cases = table_of("Non-compliance", "case", "severity", "state", "level", "opened", "closed")
        for row in page["cases"]:
            times = (local(row["opened_at"]), local(row["closed_at"]))
            cells = (row["id"], row["severity"], row["state"], str(row["level"]))
            cases.add_row(*cells, *times)
        parts.append(cases)
    for name, plural in (("reviews", "Reviews"), ("changes", "Changes"), ("renewals", "Renewals")):
        if page[name]:
            table = table_of(plural, "id", "state", "outcome", "opened", "closed")
            for row in page[name]:
                outcome = str(row.get("outcome") or "-")
                times = (local(row["opened_at"]), local(row["closed_at"]))
                table.add_row(row["id"], row["state"], outcome, *times)
            parts.append(table)
    tasks = "1 open task" if page["open_tasks"] == 1 else f"{page['open_tasks']} open tasks"
    parts.append(f"{tasks}: `covenant tasks {page['id']}`")
    return parts


@click.command("tasks")
@click.argument("agreement", required=False)
@click.option("--as", "owner", metavar="PARTY.ROLE", help="Only this contact's.")
@click.option("--all", "closed", is_flag=True, help="Those that are done as well.")
@JSON
@verb
async def tasks_verb(
    agreement: str | None, owner: str | None, *, closed: bool, as_json: bool
) -> None:
    """List what somebody has to do, soonest first, and which answers are possible."""
    from domain.tasks import TASKS, TaskKind
    from store.views.agreements import agreements
    from store.views.tasks import tasks

    async with record() as connection:
        known = [row["id"] for row in await agreements(connection)]
        rows = await tasks(connection, key=agreement, owner=owner, closed=closed)
    if agreement is not None and agreement not in known:
        fail(Exit.NOT_FOUND, f"there is no agreement '{agreement}'; see `covenant list`")
    for row in rows:
        row["choices"] = list(TASKS[TaskKind(row["kind"])].choices)
    if as_json:
        print_json({"tasks": rows})
    elif not rows:
        click.echo(f"{owner or 'Nobody'} has {'nothing' if owner else 'anything'} to do.")
    else:
        zones = sorted({row["zone"] for row in rows})
        table = table_of("Tasks", "#", "what", "who", "due", "answers")
        for row in rows:
            done = f"answered {row['answer']}" if row["answer"] else "overtaken"
            answers = " | ".join(row["choices"]) if row["closed_at"] is None else done
            due = local_time(row["due_at"], row["zone"])
            what = row["title"] if agreement else f"{row['agreement']}: {row['title']}"
            local = due if len(zones) == 1 else f"{due} {row['zone']}"
            table.add_row(str(row["number"]), what, "\n".join(row["owners"]), local, answers)
        if len(zones) == 1:
            table.title = f"Tasks, times in {zones[0]}"
        print_all(table, "Answer one: covenant answer NUMBER --choose … --as PARTY.ROLE")


@click.command("history")
@click.argument("agreement")
@click.option("--all", "everything", is_flag=True, help="Also periods that met and facts received.")
@click.option("--about", help="Only entries whose subject contains this.")
@JSON
@verb
async def history_verb(
    agreement: str, about: str | None, *, everything: bool, as_json: bool
) -> None:
    """Tell the history of AGREEMENT over its whole life, across workflow runs."""
    from domain.zones import zone_named
    from reports.story import is_quiet, line
    from store.views.agreements import one_agreement
    from store.views.history import history

    async with record() as connection:
        page = await one_agreement(connection, agreement)
        if page is None:
            fail(Exit.NOT_FOUND, f"there is no agreement '{agreement}'; see `covenant list`")
        told = await history(connection, agreement, subject=about)
    if as_json:
        entries = [
            {name: getattr(entry, name) for name in entry.__dataclass_fields__} for entry in told
        ]
        print_json({"agreement": agreement, "zone": page["zone"], "entries": entries})
        return
    zone = zone_named(page["zone"])
    shown = [entry for entry in told if everything or not is_quiet(entry)]
    click.echo(f"{page['title']} ({agreement}), times in {page['zone']}")
    for entry in shown:
        click.echo(line(entry, zone))
    runs = len({entry.run for entry in told if entry.run})
    hidden = len(told) - len(shown)
    click.echo(f"{len(shown)} entries over {runs} workflow runs; {hidden} routine ones: add --all")


@click.command("explain")
@click.argument("agreement")
@click.argument("what", metavar="KPI/PERIOD | ticket/ID | CASE")
@JSON
@verb
async def explain_verb(agreement: str, what: str, *, as_json: bool) -> None:
    """Explain a figure (errors/2027-W09), a ticket (ticket/T1) or a case (its id), and its terms.

    A figure is told with what followed: its points, its lines of the ledger, what it set off. Of a
    KPI that is split, one dimension is named between: restore/leeds/2027-03. A ticket is told with
    each of its clocks: the clause, every stretch and pause, what did not count, and the deadline.
    """
    from store.views import explain

    if what.startswith("ticket/"):
        await _explain_ticket(agreement, what.removeprefix("ticket/"), as_json=as_json)
        return
    is_case = what.startswith("noncompliance/")
    kpi, *dim, period = what.split("/") if "/" in what else (what, "")
    async with record() as connection:
        found = (
            await explain.case(connection, what)
            if is_case
            else await explain.figure(connection, agreement, kpi, period, dim)
        )
    if found is None or found["agreement"] != agreement:
        fail(
            Exit.NOT_FOUND,
            f"{agreement} has no {what}: a period is evaluated after its cut-off, and none from "
            f"before go-live; see `covenant now {agreement}` and `covenant history {agreement} --all`",
        )
    if as_json:
        print_json(found)
    elif is_case:
        print_all(*_case(found))
    else:
        print_all(*_figure(found))


async def _explain_ticket(agreement: str, ticket: str, *, as_json: bool) -> None:
    """The clocks of a ticket, as they stand now."""
    from reports.clocks import document, told
    from store.archived import drops_of_ticket
    from store.views import explain

    now = datetime.now(UTC)  # noqa: TID251 - a page is read at an instant
    async with record() as connection:
        found = await explain.ticket(connection, agreement, ticket, now)
        gone = [] if found else await drops_of_ticket(connection, agreement, ticket)
    if gone:
        where = "; ".join(archive_line(row) for row in gone)
        fail(
            Exit.NOT_FOUND,
            f"the facts of ticket {ticket} of {agreement} are archived: {where}; {ASSESS_ARCHIVE}",
        )
    if found is None:
        fail(
            Exit.NOT_FOUND,
            f"{agreement} knows no ticket {ticket}; hand it in with `covenant facts add`",
        )
    edition, runs, why_none = found
    terms = {"agreement": agreement, "edition": edition.number, "digest": edition.digest}
    if as_json:
        print_json({**document(ticket, runs, why_none), **terms})
        return
    for line in told(ticket, runs, why_none):
        click.echo(line)
    click.echo(f"Terms: edition {edition.number}, SHA-256 {edition.digest}")


ASSESS_ARCHIVE = (
    "with the editions' documents `covenant assess DOCUMENT --facts FOLDER --to … --known-at …` "
    "tells the figure and its digest again"
)


def archive_line(row: dict[str, Any]) -> str:
    """Of an archive whose facts were taken out: which it is, and of what time."""
    return (
        f"before {row['before_at']:%Y-%m}, the archive whose manifest has SHA-256 {row['manifest']}"
    )


def _figure(found: dict[str, Any]) -> list[Any]:
    kpi, zone = found["kpi"], found["zone"]
    of_dims: dict[str, list[dict[str, Any]]] = {}
    for row in found["revisions"]:
        of_dims.setdefault(row["dim"], []).append(row)
    lines = [
        line
        for rows in of_dims.values()
        for line in (*_result(kpi, rows[-1], zone), *_revisions(rows, zone))
    ]
    if "target" in kpi:
        target = kpi["target"]
        least = f", minimum {target['minimum']}" if "minimum" in target else ""
        lines.append(f"Target: expected {target['expected']}{least}")
    lines += [
        f"Measure: {', '.join(f'{name} {value}' for name, value in kpi['measure'].items())}",
        f"Terms: edition {found['edition']}, SHA-256 {found['terms_digest']}",
    ]
    if kpi.get("clause"):
        lines.append(f"Clause: {kpi['clause']}")
    lines += [line for row in found["credits"] for line in _ledger_line(row)]
    for row in found["fired"]:
        day = local_time(row["fired_at"], zone)
        lines.append(f"Trigger {row['trigger']}, fired {day} ({row['consequence']}):")
        lines.append(f"  {row['reason']}")
    for row in found["rights"]:
        lines.append(f"Right {row['kind']}:")
        lines.append(f"  {row['reason']}")
    if found["case"]:
        lines.append(f"Case: {found['case']}")
    if found["archived"]:
        lines.append("Facts of this period are archived, and judged no more:")
        lines += [f"  {archive_line(row)}" for row in found["archived"]]
        lines.append(f"  {ASSESS_ARCHIVE}")
    return ["\n".join(lines)]


def _result(kpi: dict[str, Any], row: dict[str, Any], zone: str) -> Iterator[str]:
    """One dimension of a period, in its latest revision."""
    of = f" ({row['dim'].replace(';', ', ')})" if row["dim"] else ""
    yield f"[bold]{kpi['title']}[/bold]{of}, {row['period']}: {row['status'].replace('_', ' ')}"
    yield row["reason"]
    yield (
        f"Period: {local_time(row['start_at'], zone)} up to, not including, "
        f"{local_time(row['end_at'], zone)} {zone}"
    )
    missing = f", {row['missing']:,} of them without a value" if row["missing"] is not None else ""
    restated = "restated" in row["outcome"]
    when = "received by" if restated else "known before"
    yield (
        f"Facts {when} {local_time(row['due_at'], zone)} {zone}"
        f"{'' if restated else ' (the cut-off)'}: {row['facts']:,}{missing}"
    )
    yield f"Numerator {row['num']}, denominator {row['den']}"
    judged = row["outcome"].get("judged") or {}
    if judged.get("points"):
        base, times = judged["points"]
        yield f"Points: {base}" + ("" if times == "1" else f" x {times} for a repeated failure")
    if judged.get("default"):
        yield "A service level default"
    yield f"Inputs: digest {row['inputs_digest']}"
    yield f"Engine {row['engine_version']}, tzdata {row['tzdata_version']}, revision {row['revision']}"


def _revisions(rows: list[dict[str, Any]], zone: str) -> Iterator[str]:
    """What a period was before, and why each revision was written."""
    from domain.measures.words import many

    if len(rows) == 1:
        return
    yield "Revisions:"
    for row in rows:
        restated = row["outcome"].get("restated")
        why = (
            "evaluated" if row["revision"] == 1 else "what it counts as changed with other results"
        )
        if restated:
            why = (
                f"restated by {many(restated['facts'], 'fact')} in {restated['file']}, "
                f"{restated['before'].replace('_', ' ')} before"
            )
        yield (
            f"  {row['revision']}  {local_time(row['due_at'], zone)}  "
            f"{row['status'].replace('_', ' ')}: {why}"
        )


def _ledger_line(row: dict[str, Any]) -> Iterator[str]:
    """A line of the ledger, and why it is so."""
    from domain.money import Money

    figures = [] if row["percent"] is None else [f"{row['percent']} %"]
    if row["amount_minor"] is not None:
        figures.append(str(Money(row["amount_minor"], row["currency"])))
    what = row["type"].replace("_", " ").capitalize()
    yield f"{what} {row['line']}, settled with {row['month']}: {', '.join(figures) or 'no amount'}"
    yield f"  {row['reason']}"


def _case(found: dict[str, Any]) -> list[Any]:
    head = (
        f"[bold]{found['id']}[/bold]: {found['severity']}, {found['state']}, "
        f"level {found['level']}, outcome {found['outcome'] or 'open'}\n"
        f"Periods: {', '.join(row['period'] for row in found['periods'])}"
    )
    rungs = table_of("Rungs (UTC)", "level", "due", "fired", "late")
    for row in found["rungs"]:
        late = f"{row['late_s']:.1f} s"
        rungs.add_row(str(row["level"]), f"{row['due_at']}", f"{row['fired_at']}", late)
    notices = table_of("Notices (UTC)", "notice", "to", "due", "state")
    for row in found["notices"]:
        notices.add_row(row["template"], row["contact"], f"{row['due_at']}", row["state"])
    return [head, rungs, notices]
