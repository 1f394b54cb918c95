"""The verb that rehearses a whole agreement."""

import asyncio
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from commandline.session import Exit, fail, is_terminal, print_json, refusal_code


@click.command("rehearse")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Stop on this date.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Where results go.")
@click.option("--all", "everything", is_flag=True, help="Tell routine entries, too.")
@click.option("--json", "as_json", is_flag=True, help="Print story and summary as JSON.")
def rehearse_verb(
    folder: Path, until: datetime | None, out: Path | None, *, everything: bool, as_json: bool
) -> None:
    """Rehearse the agreement in FOLDER (its rehearsal.yaml) on throw-away engines.

    The same workflows, activities and SQL as in earnest, with scripted people; time is skipped.
    """
    from embedded import EngineStartError
    from gateway import GatewayError
    from settings import Settings
    from worker import configure_logging

    configure_logging("ERROR")
    if not (folder / "rehearsal.yaml").is_file():
        fail(Exit.USAGE, f"there is no rehearsal.yaml in {folder}")
    target = out or Settings().data_dir / "rehearsals" / folder.resolve().name
    try:
        _rehearse(folder, target, until, everything=everything, as_json=as_json)
    except EngineStartError as error:
        fail(Exit.FAULT, str(error))
    except FileNotFoundError as error:
        fail(Exit.NOT_FOUND, f"{error.filename} is missing; see {folder}/README.md on making it")
    except GatewayError as error:
        fail(refusal_code(error) or Exit.REFUSED, str(error))


def _rehearse(
    folder: Path, out: Path, until: datetime | None, *, everything: bool, as_json: bool
) -> None:
    from domain.zones import midnight, zone_named
    from rehearsal.stage import clear, play, read_piece, throw_away_record
    from reports.story import is_quiet, line
    from reports.summary import in_words

    begun = time.monotonic()
    piece = read_piece(folder)
    zone = zone_named(piece.terms.zone)
    ends = midnight(until.date() if until else piece.script.until, zone)
    if until is not None and until <= piece.script.begins:
        fail(Exit.USAGE, f"the rehearsal begins {piece.script.begins}; choose a later --until")
    clear(out)
    say = (lambda _text: None) if as_json else click.echo
    say(f"Rehearsing {piece.terms.title} ({piece.terms.agreement}); times in {piece.terms.zone}")
    progress = Progress(ends, shown=is_terminal() and not as_json)

    def tell(entry: Any) -> None:  # noqa: ANN401 - an entry of the journal
        if everything or not is_quiet(entry):
            progress.clear()
            say(line(entry, zone))

    with throw_away_record() as url:
        played = asyncio.run(play(piece, url, out, until=ends, tell=tell, passed=progress.passed))
    progress.clear()
    summary = played.summary
    if as_json:
        print_json(played.as_json())
        return
    for turned_away in played.turned_away:
        say(f"Turned away at the gateway: {turned_away}")
    say("")
    for text in in_words(summary, zone):
        say(text)
    say(f"\nMailbox    {out / 'mailbox'}")
    say(f"Journal    {out / 'journal.jsonl'}")
    say(f"Histories  {out / 'histories'}")
    say(f"Rehearsed in {time.monotonic() - begun:.1f} s")


class Progress:
    """A line on a terminal that tells the date that the rehearsal has reached."""

    def __init__(self, ends: datetime, *, shown: bool) -> None:
        """Nothing is shown where nobody watches."""
        self._ends, self._shown = ends, shown
        self._first: datetime | None = None

    def passed(self, now: datetime) -> None:
        """Business time has reached `now`."""
        self._first = self._first or now
        if self._shown:
            whole = max((self._ends - self._first).total_seconds(), 1)
            share = min((now - self._first).total_seconds() / whole, 1)
            click.echo(f"\r  … {now:%Y-%m-%d} ({share:.0%})", nl=False, err=True)

    def clear(self) -> None:
        """Make room for a line of the story."""
        if self._shown:
            click.echo("\r" + " " * 40 + "\r", nl=False, err=True)
