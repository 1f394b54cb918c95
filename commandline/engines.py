"""Verbs that run things: engines on this machine, a worker, a schema's upgrade."""

import asyncio
from typing import Any

import click

from commandline.session import AFTER_A_CLIENT, Exit, application_url, fail
from settings import Settings


@click.command("up")
def up_verb() -> None:
    """Run PostgreSQL, Temporal and a worker in one data directory until Ctrl-C.

    Nothing leaves this machine: every port is on loopback.
    """
    import embedded
    from worker import configure_logging
    from workflows.attributes import SEARCH_ATTRIBUTES

    settings = Settings()
    if "http_port" not in settings.model_fields_set:
        settings = settings.model_copy(update={"http_port": 0})  # any free port, as the engines
    configure_logging(settings.log_level)
    click.echo(f"Starting the engines in {settings.data_dir} …")
    try:
        with embedded.engines(settings.data_dir, search_attributes=SEARCH_ATTRIBUTES) as engines:
            _prepare(engines)
            asyncio.run(_work(settings, engines))
    except embedded.EnginesBusyError as error:
        fail(Exit.REFUSED, str(error))
    except embedded.EngineStartError as error:
        fail(Exit.FAULT, str(error))
    except OSError as error:
        msg = f"cannot use {settings.data_dir} as data directory: {error.strerror}"
        fail(Exit.USAGE, f"{msg}; choose another with COVENANT_DATA_DIR")
    click.echo(
        "Stopped. What was recorded is in the data directory; `covenant up` goes on with it."
    )


def _prepare(engines: Any) -> None:  # noqa: ANN401 - embedded.Engines
    """Create the database on first use, and bring it to this release's schema."""
    from store.engine import create_database, migrate

    create_database(engines.postgres.url("postgres"), "covenant")
    migrate(engines.postgres.url("covenant"), application_url(engines))


async def _work(settings: Settings, engines: Any) -> None:  # noqa: ANN401
    from worker import stop_on_signals, work

    def ready(worker_url: str) -> None:
        click.echo(
            f"PostgreSQL   127.0.0.1:{engines.postgres.port}, database covenant, "
            f"process {engines.postgres.pid}\n"
            f"Temporal     {engines.temporal.address}, process {engines.temporal.pid}\n"
            f"Temporal UI  {engines.temporal.ui_url}\n"
            f"Worker       {worker_url}/healthz and /metrics\n"
            f"Mailbox      {settings.mail_folder()}\n"
            f"Data         {settings.data_dir.resolve()}\n"
            "Ready. In another terminal: covenant launch examples/helpdesk/agreement.yaml\n"
            "Stop with Ctrl-C."
        )

    stopping = await stop_on_signals()
    url = application_url(engines)
    await work(settings, url, engines.temporal.address, stopping, ready)


@click.command("work")
def work_verb() -> None:
    """Run a worker against the PostgreSQL and Temporal that the settings name."""
    from worker import main

    main()


@click.command("migrate")
def migrate_verb() -> None:
    """Bring the PostgreSQL at COVENANT_OWNER_URL to this release's schema.

    Also lets the login of COVENANT_DATABASE_URL in, as a member of the application's role.
    """
    from store.engine import migrate

    settings = Settings()
    if settings.owner_url is None or settings.database_url is None:
        fail(Exit.USAGE, "set COVENANT_OWNER_URL and COVENANT_DATABASE_URL")
    migrate(settings.owner_url.get_secret_value(), settings.database_url.get_secret_value())
    click.echo("The schema is this release's.")


@click.command("namespace")
def namespace_verb() -> None:
    """Register the search attributes in the namespace that Temporal's settings name."""
    from worker import connect_temporal
    from workflows.registration import register

    async def run() -> list[str]:
        added = await register(await connect_temporal())
        await asyncio.sleep(AFTER_A_CLIENT)
        return added

    added = asyncio.run(run())
    click.echo(f"Registered: {', '.join(added) or 'nothing, all were there'}.")
