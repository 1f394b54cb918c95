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
    """Every verb with its help."""
    parts = [HEAD]
    with click.Context(main, info_name="covenant", **main.context_settings) as above:
        for name in VERBS:
            verb = main.get_command(above, name)
            assert verb is not None
            with click.Context(verb, info_name=name, parent=above, terminal_width=88) as context:
                help_text = "\n".join(line.rstrip() for line in verb.get_help(context).splitlines())
            parts.append(f"## {name}\n\n```\n{help_text}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
