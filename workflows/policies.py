"""Retries and timeouts, named once."""

from datetime import timedelta

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityConfig

PATIENT = RetryPolicy(
    initial_interval=timedelta(milliseconds=200),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=30),
)
"""Without end: a fault heals or is mended, and the step is then done."""

EFFECT = ActivityConfig(
    start_to_close_timeout=timedelta(seconds=20),
    heartbeat_timeout=timedelta(seconds=4),
    retry_policy=PATIENT,
)
"""A short transaction and its mails. A worker lost in it is missed after its last beat's four
seconds (the worker beats for every activity, see `worker.Bound`), one that hangs after twenty.
"""

VALUING = ActivityConfig(
    start_to_close_timeout=timedelta(minutes=10),
    heartbeat_timeout=timedelta(seconds=4),
    retry_policy=PATIENT,
)
"""An evaluation, which may have a long outage to catch up with; it tells that it is alive."""
