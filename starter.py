"""The command `covenant`: every verb, imported only when it is used."""

from importlib import import_module
from typing import Any

import click

VERBS = {
    "up": ("commandline.engines", "Run engines, worker and sweep on this machine until Ctrl-C."),
    "migrate": ("commandline.engines", "Bring a PostgreSQL to this release's schema."),
    "work": ("commandline.engines", "Run a worker against a cluster."),
    "namespace": ("commandline.engines", "Register the search attributes in a cluster."),
    "validate": ("commandline.documents", "Check an agreement document, all of it at once."),
    "schema": ("commandline.documents", "Print the JSON Schema of the agreement document."),
    "calendar": ("commandline.calendars", "Preview a calendar's year, print public holidays."),
    "assess": ("commandline.assessing", "Assess an agreement over files of facts, offline."),
    "what-if": ("commandline.assessing", "Show what an amendment would have changed."),
    "launch": ("commandline.acting", "Launch the agreement in a document."),
    "answer": ("commandline.acting", "Answer a task."),
    "propose": ("commandline.acting", "Propose a change of terms, by an amendment."),
    "call-review": ("commandline.acting", "Call a review out of turn."),
    "withdraw": ("commandline.acting", "Take back a proposed change."),
    "facts": ("commandline.facts", "Hand in files of facts, and look after their rows."),
    "archive": ("commandline.archiving", "Write facts of past months into files of their own."),
    "list": ("commandline.reading", "List the agreements."),
    "show": ("commandline.reading", "Show one agreement on one page."),
    "now": ("commandline.standing", "Show what is at risk and due next of an agreement."),
    "tasks": ("commandline.reading", "List what somebody has to do, soonest first."),
    "history": ("commandline.reading", "Tell the history of an agreement."),
    "explain": ("commandline.reading", "Explain a figure or a case."),
    "rehearse": ("commandline.rehearsing", "Rehearse a whole agreement with scripted people."),
}


class Verbs(click.Group):
    """A group whose verbs are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """In the order of a life, not of the alphabet."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The verb itself."""
        if cmd_name not in VERBS:
            return None
        module = import_module(VERBS[cmd_name][0])
        found: click.Command = getattr(module, cmd_name.replace("-", "_") + "_verb")
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the verbs without importing any."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, text) for name, (_, text) in VERBS.items()])


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="covenant")
def main(**_: Any) -> None:  # noqa: ANN401
    """Durable governance of outsourcing agreements.

    Times are shown in the agreement's zone unless they name another. Settings are environment
    variables (COVENANT_…, TEMPORAL_…); without any, the engines of `covenant up` are used.

    Exit codes: 0 done, 1 fault, 2 usage, 3 not found, 4 not yours to do, 5 refused, 6 received and
    waiting for a worker, 8 invalid document or facts.
    """


if __name__ == "__main__":
    main()
