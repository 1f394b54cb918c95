"""An agreement that facts can belong to."""

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.facts.handing import Desk, in_force
from tests.facts.terms import agreed

__all__ = ["agreed", "desk"]


@pytest_asyncio.fixture
async def desk(database: AsyncEngine, agreed: str) -> Desk:
    """Somebody who may hand in files to an agreement in force."""
    await in_force(database, agreed)
    return Desk(database, agreed)
