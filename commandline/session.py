"""What verbs share: how to reach record and engine, how to print, and what an exit code means."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from enum import IntEnum
from functools import wraps
from typing import Any, NoReturn, ParamSpec, TypeVar

import click

from settings import Settings

AFTER_A_CLIENT = 0.3
"""Seconds that the SDK's runtime needs after its last use, or it may abort the interpreter."""


class Exit(IntEnum):
    """Exit codes, the same for every verb."""

    OK = 0
    FAULT = 1
    USAGE = 2
    NOT_FOUND = 3
    FORBIDDEN = 4
    REFUSED = 5
    WAITING = 6
    INVALID = 8


class NotRunningError(Exception):
    """There is neither a setting nor a running `covenant up` to go by."""


def endpoints(settings: Settings) -> tuple[str, str | None]:
    """The application's database URL, and Temporal's address where its own settings name none."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value(), None
    import embedded

    engines = embedded.running(settings.data_dir)
    if engines is None:
        msg = (
            f"no engines are running in {settings.data_dir}: start them with `covenant up`, or set "
            "COVENANT_DATABASE_URL and TEMPORAL_ADDRESS"
        )
        raise NotRunningError(msg)
    return application_url(engines), engines.temporal.address


def owner_url(settings: Settings) -> str:
    """The database URL of the schema's owner, who alone may delete."""
    if settings.owner_url is not None:
        return settings.owner_url.get_secret_value()
    import embedded

    engines = None if settings.database_url else embedded.running(settings.data_dir)
    if engines is None:
        fail(Exit.USAGE, "set COVENANT_OWNER_URL: the product's own sign-in may delete nothing")
    return str(engines.postgres.url("covenant"))


def application_url(engines: Any) -> str:  # noqa: ANN401 - embedded.Engines, imported lazily
    """How the product itself signs in to the embedded PostgreSQL."""
    password = engines.postgres.owner_password
    return str(engines.postgres.url("covenant", user="covenant_worker", password=password))


@asynccontextmanager
async def record() -> AsyncIterator[Any]:
    """A connection to PostgreSQL for reading."""
    from store.engine import connect

    url, _ = endpoints(Settings())
    engine = connect(url, pool_size=1)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


@asynccontextmanager
async def ownership() -> AsyncIterator[Any]:
    """A way to PostgreSQL for its owner: each transaction of it is begun by whoever asked."""
    from store.engine import connect

    engine = connect(owner_url(Settings()), pool_size=1)
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def gateway() -> AsyncIterator[Any]:
    """The gateway, for acting."""
    from gateway import Gateway
    from worker import world_of

    settings = Settings()
    url, address = endpoints(settings)
    try:
        async with world_of(settings, url, address) as world:
            yield Gateway(world)
    finally:
        await asyncio.sleep(AFTER_A_CLIENT)


P = ParamSpec("P")
R = TypeVar("R")


def verb(function: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an async verb; refusals become messages and exit codes, never tracebacks."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            asyncio.run(function(*args, **kwargs))
        except NotRunningError as error:
            fail(Exit.FAULT, str(error))
        except KeyboardInterrupt:
            raise SystemExit(130) from None
        except (OSError, RuntimeError) as error:
            fail(Exit.FAULT, f"record or engine cannot be reached: {error}")
        except Exception as error:
            code = refusal_code(error)
            if code is None:
                raise
            fail(code, str(error))

    return run


def refusal_code(error: Exception) -> Exit | None:
    """The exit code of a refusal by the gateway; None for a fault."""
    from gateway import (
        ConflictError,
        ForbiddenError,
        InvalidError,
        NotFoundError,
    )
    from store.archived import FactsArchivedError

    codes: dict[type[Exception], Exit] = {
        NotFoundError: Exit.NOT_FOUND,
        ForbiddenError: Exit.FORBIDDEN,
        ConflictError: Exit.REFUSED,
        FactsArchivedError: Exit.REFUSED,
        InvalidError: Exit.INVALID,
    }
    return next((code for kind, code in codes.items() if isinstance(error, kind)), None)


def fail(code: Exit, message: str) -> NoReturn:
    """Say why on standard error, and end with the code."""
    click.echo(message, err=True)
    raise SystemExit(int(code))


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever a read answers
    """One JSON document on standard output; instants in ISO 8601 with their offset, UTC."""
    click.echo(json.dumps(value, default=_plain, ensure_ascii=False, indent=2))


def _plain(value: Any) -> str:  # noqa: ANN401
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def reply(answer: Any, what: str) -> None:  # noqa: ANN401 - gateway.Reply, imported lazily
    """Print what became of a command, and end accordingly."""
    if answer.outcome == "refused":
        fail(Exit.REFUSED, f"refused: {answer.reason}")
    if answer.outcome is None:
        click.echo(
            f"received: {what} (command {answer.command}); no worker has taken it up yet, "
            "nothing is lost"
        )
        raise SystemExit(int(Exit.WAITING))
    click.echo(f"done: {what}")


def is_terminal() -> bool:
    """Whether a person is watching progress."""
    return sys.stderr.isatty()
