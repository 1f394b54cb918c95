"""The database of the fact tests serves here too."""

from tests.facts.conftest import agreed, database, owner_url, template

__all__ = ["agreed", "database", "owner_url", "template"]
