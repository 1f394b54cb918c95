"""What verbs print for people with: tables, and instants in the zone of an agreement."""

from datetime import datetime
from typing import Any

import click

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON; instants are UTC.")

UNBROKEN = {
    "#",
    "phase",
    "who",
    "due",
    "left",
    "stands",
    "opened",
    "closed",
    "delivered",
    "accepted",
    "ends",
    "next task due",
}
"""Columns whose cells are not broken over lines."""


def table_of(title: str, *columns: str) -> Any:  # noqa: ANN401 - a rich table, imported lazily
    """An empty table with a title."""
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in UNBROKEN)
    return table


def print_all(*things: Any) -> None:  # noqa: ANN401 - what rich can print
    """Print tables and texts, one after the other."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=False)
    for thing in things:
        console.print(thing)


def local_time(at: datetime | None, zone: str) -> str:
    """The local day and time in a zone; `-` where there is none."""
    from domain.zones import zone_named

    return f"{at.astimezone(zone_named(zone)):%Y-%m-%d %H:%M}" if at else "-"
