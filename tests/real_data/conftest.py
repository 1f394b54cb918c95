"""An agreement that real facts can belong to."""

from tests.facts.terms import agreed

__all__ = ["agreed"]
