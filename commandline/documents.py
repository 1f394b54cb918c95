"""Verbs that need no engine: check a document, print its schema."""

import json
from pathlib import Path

import click

from commandline.session import Exit, print_json


@click.command("validate")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON.")
def validate_verb(file: Path, *, as_json: bool) -> None:
    """Check an agreement document: every problem with line, column, rule and remedy."""
    from domain.terms_check import validate

    reading = validate(file.read_bytes(), str(file))
    if as_json:
        problems = [
            {name: getattr(problem, name) for name in problem.__dataclass_fields__}
            for problem in reading.problems
        ]
        print_json({"file": str(file), "valid": not problems, "problems": problems})
    elif reading.problems:
        for problem in reading.problems:
            click.echo(str(problem))
        count = len(reading.problems)
        click.echo(f"{count} problem{'s' if count != 1 else ''}; nothing was launched", err=True)
    elif reading.value is not None:
        terms = reading.value
        click.echo(
            f"{file}: valid. {terms.title}: {len(terms.milestones)} milestones, "
            f"{len(terms.kpis)} KPIs, {terms.term.months} months from {terms.term.starts_on}."
        )
    if reading.problems:
        raise SystemExit(int(Exit.INVALID))


@click.command("schema")
def schema_verb() -> None:
    """Print the JSON Schema of the agreement document, for editors."""
    from domain.terms.schema import schema

    click.echo(json.dumps(schema(), indent=2, ensure_ascii=False))
