"""An agreement that facts can belong to."""

from tests.facts.terms import agreed

__all__ = ["agreed"]
