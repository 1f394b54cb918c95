"""The engines as `covenant up` holds them, and what a storm leaves behind."""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

import embedded
from commandline.session import application_url
from store.engine import create_database, migrate
from tests.durability.forecast import LONG, SHORT, Forecast
from tests.durability.storm import Aftermath, weather
from workflows.attributes import SEARCH_ATTRIBUTES


@pytest.fixture(scope="package")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Engines]:
    """PostgreSQL and Temporal, durable, with an empty record; started again when they die."""
    folder: Path = tmp_path_factory.mktemp("engines")
    with embedded.engines(folder, search_attributes=SEARCH_ATTRIBUTES, ui=False) as held:
        create_database(held.postgres.url("postgres"), "covenant")
        migrate(held.postgres.url("covenant"), application_url(held))
        yield held
        time.sleep(0.3)  # the SDK's runtime may otherwise abort the interpreter at exit


@pytest_asyncio.fixture(
    scope="package",
    loop_scope="session",
    params=[SHORT, pytest.param(LONG, marks=pytest.mark.long)],
    ids=lambda forecast: forecast.name,
)
async def aftermath(
    request: pytest.FixtureRequest,
    engines: embedded.Engines,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Aftermath]:
    """What is there after the storm; it happens once for all facts."""
    forecast: Forecast = request.param
    yield await weather(forecast, engines, tmp_path_factory.mktemp(forecast.name))
