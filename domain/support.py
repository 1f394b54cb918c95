"""What a service rests on: of a miss, the misses below it that explain it.

Operational level agreements and underpinning contracts are KPIs on which others rest. Which of
them caused a breach the figures cannot prove; they show which failed at the same time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from domain.remedies.wording import name_of
from domain.results import Result, Status


def with_support(results: Sequence[Result]) -> tuple[Result, ...]:
    """The results in their order; each miss tells of the KPIs on which it rests, where they failed.

    A KPI below counts where its period overlaps the miss and no dimension of both differs.
    """
    by_kpi: dict[str, list[Result]] = {}
    for result in results:
        by_kpi.setdefault(result.kpi.key, []).append(result)
    return tuple(
        replace(result, reason=(*result.reason, *_told(result, by_kpi)))
        if result.missed
        else result
        for result in results
    )


def _told(result: Result, by_kpi: dict[str, list[Result]]) -> Iterator[str]:
    for key in result.kpi.supported_by:
        below = [each for each in by_kpi.get(key, ()) if _is_below(result, each)]
        missed = [each for each in below if each.missed]
        if missed:
            who = missed[0].kpi.provided_by
            by = "" if who is None else f" of {who}"
            yield f"It rests on {key}{by}, missed at the same time: {_listed(missed)}."
        elif any(each.status == Status.MET for each in below):
            yield f"It rests on {key}, which was met."


def _is_below(result: Result, below: Result) -> bool:
    dim, other = dict(result.dim), dict(below.dim)
    return (
        below.period.start < result.period.end
        and result.period.start < below.period.end
        and all(dim[column] == other[column] for column in dim.keys() & other.keys())
    )


def _listed(missed: Iterable[Result]) -> str:
    return ", ".join(f"{name_of(each)} ({each.status})" for each in missed)
