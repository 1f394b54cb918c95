"""docs/commands.md, rendered from the verbs themselves; `python -m …commands_page` writes it."""

from pathlib import Path

import click

from starter import VERBS, main

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"

HEAD = """# Commands

`covenant VERB …`, rendered from the verbs themselves. Reads take `--json`. Exit codes: 0 done, 1 fault,
2 usage, 3 not found, 4 not yours to do, 5 refused, 6 received and waiting for a worker, 8 invalid
document or facts.
"""


def page() -> str:
    """Every verb with its help, and those of a group below it."""
    parts = [HEAD]
    with click.Context(main, info_name="covenant", **main.context_settings) as above:
        for name in VERBS:
            verb = main.get_command(above, name)
            assert verb is not None
            parts += _told(verb, name, above, "##")
    return "\n".join(parts)


def _told(verb: click.Command, name: str, above: click.Context, heading: str) -> list[str]:
    with click.Context(verb, info_name=name, parent=above, terminal_width=88) as context:
        help_text = "\n".join(line.rstrip() for line in verb.get_help(context).splitlines())
        path = context.command_path.removeprefix("covenant ")
        parts = [f"{heading} {path}\n\n```\n{help_text}\n```\n"]
        if isinstance(verb, click.Group):
            for each, inner in verb.commands.items():
                parts += _told(inner, each, context, "###")
    return parts


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
