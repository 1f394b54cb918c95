"""Verbs that need no engine: check a document, print its schema."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commandline.session import Exit, print_json

if TYPE_CHECKING:
    from domain.terms.problems import Problem
    from domain.terms.reader import Reading
    from domain.terms.shape import Agreement, Terms


@click.command("validate")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON.")
def validate_verb(file: Path, *, as_json: bool) -> None:
    """Check an agreement document: every problem with line, column, rule and remedy.

    A document that says nothing of milestones, escalation, reviews and changes is checked as terms
    to be assessed, any other as an agreement to be launched. Warnings refuse nothing.
    """
    from domain.terms_check import is_for_assessment, missing_for_launch, validate, validate_terms

    raw = file.read_bytes()
    reading: Reading[Terms] | Reading[Agreement] = validate_terms(raw, str(file))
    needs = missing_for_launch(raw) if is_for_assessment(reading) else ()
    if not is_for_assessment(reading):
        reading = validate(raw, str(file))
    if as_json:
        print_json(
            {
                "file": str(file),
                "valid": not reading.problems,
                "problems": [_as_json(each) for each in reading.problems],
                "warnings": [_as_json(each) for each in reading.warnings],
                "launchable": not reading.problems and not needs,
                "needs": list(needs),
            }
        )
    else:
        for problem in (*reading.problems, *reading.warnings):
            click.echo(str(problem))
        _summary(str(file), reading, needs)
    if reading.problems:
        raise SystemExit(int(Exit.INVALID))


def _as_json(problem: "Problem") -> dict[str, Any]:
    return {name: getattr(problem, name) for name in problem.__dataclass_fields__}


def _summary(
    file: str, reading: "Reading[Terms] | Reading[Agreement]", needs: tuple[str, ...]
) -> None:
    """What the document amounts to, in a line."""
    if reading.value is None:
        count = len(reading.problems)
        click.echo(f"{count} problem{'s' if count != 1 else ''}; nothing was launched", err=True)
        return
    terms = reading.value
    steps = f"{len(terms.milestones)} milestones, " if terms.milestones else ""
    click.echo(
        f"{file}: valid. {terms.title}: {steps}{len(terms.kpis)} KPIs, "
        f"{terms.term.months} months from {terms.term.starts_on}."
    )
    if needs:
        click.echo(
            "It can be assessed with `covenant assess`. To be launched it also needs "
            f"`{'`, `'.join(needs)}`."
        )


@click.command("schema")
@click.argument("document", type=click.Choice(["agreement", "mapping"]), default="agreement")
def schema_verb(document: str) -> None:
    """Print the JSON Schema of a DOCUMENT, for editors: of the agreement, or of mapping files."""
    from domain.facts.schema import schema as mapping
    from domain.terms.schema import schema as agreement

    made = {"agreement": agreement, "mapping": mapping}[document]()
    click.echo(json.dumps(made, indent=2, ensure_ascii=False))
