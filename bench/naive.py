"""The peer of the events: an agreement that measures itself, as one would write it first."""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow

DAYS_OF = {"day": 1, "week": 7, "month": 30}


@dataclass(frozen=True, slots=True)
class Naive:
    """Days still to come, how many were passed, and the frequency of each KPI."""

    days: int
    kpis: tuple[str, ...]
    passed: int = 0


@activity.defn
async def measure_naively(kpi: int, day: int) -> bool:
    """Measure nothing: what is counted is the events around it."""
    return kpi >= 0 and day > 0


@workflow.defn
class NaiveAgreementWorkflow:
    """A timer every day, then an activity for each KPI whose period ended."""

    @workflow.run
    async def run(self, plan: Naive) -> None:
        """Sleep, measure, and again; continue as new when that is suggested."""
        for day in range(plan.passed + 1, plan.days + 1):
            await workflow.sleep(timedelta(days=1))
            for number, every in enumerate(plan.kpis):
                if day % DAYS_OF[every] == 0:
                    await workflow.execute_activity(
                        measure_naively,
                        args=[number, day],
                        start_to_close_timeout=timedelta(seconds=20),
                    )
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(Naive(plan.days, plan.kpis, day))
