"""Names that tell results apart: KPI, dimension and period, and the edition where one splits a period."""

from collections import Counter
from collections.abc import Iterable

from domain.remedies.wording import name_of
from domain.results import Result


def names_of(results: Iterable[Result]) -> list[str]:
    """A name for each that no other has: `KPI/PERIOD@2` where an edition splits a period."""
    every = list(results)
    often = Counter(map(name_of, every))
    return [
        f"{name_of(each)}@{each.edition}" if often[name_of(each)] > 1 else name_of(each)
        for each in every
    ]
