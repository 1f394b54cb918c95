"""The worker process: workflows and activities, the sweep, health and metrics."""

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from importlib.metadata import version
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, generate_latest
from sqlalchemy import text
from temporalio import activity
from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    Worker,
)

from activities.agreements import AgreementActivities
from activities.asking import AskingActivities
from activities.cases import CaseActivities
from activities.changes import ChangeActivities
from activities.milestones import MilestoneActivities
from activities.monitoring import MonitoringActivities
from activities.plans import PlanActivities
from activities.renewals import RenewalActivities
from activities.reviews import ReviewActivities
from activities.world import World
from gateway import Gateway
from notices.channels import Channel, MailboxChannel, SmtpChannel
from notices.post import Post
from settings import Settings
from store.engine import connect
from workflows.sandbox import DATA_CONVERTER, WORKFLOWS, workflow_runner

log = structlog.get_logger("covenant.worker")

RELEASE = version("covenant")
"""Names the worker's build; left to the library, it would hash every module for two seconds."""

SWEEP_EVERY_S = 10.0
BEAT_EVERY_S = 1.0
STICKY_S = 2.0
"""After a killed worker its cached workflows wait so long before another may take them up."""

ACTIVITIES_DONE = Counter(
    "covenant_activities_total", "Activities by outcome.", ["name", "outcome"]
)
SWEPT = Counter("covenant_swept_total", "What the sweep sent again.", ["what"])
SWEEP_FAULTS = Counter("covenant_sweep_faults_total", "Sweeps that failed.")
UNSENT = Gauge("covenant_notices_unsent", "Notices prepared and not yet sent.")
FAILED = Gauge("covenant_notices_failed", "Notices that their readers' servers refused for good.")
LATE = Gauge(
    "covenant_evaluation_late_seconds", "How long evaluation is due and has not been done."
)


class Bound(ActivityInboundInterceptor):
    """Around every activity: its ids in every log line, a sign of life, a count of outcomes."""

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002, ANN401
        """Run the activity."""
        info = activity.info()
        with structlog.contextvars.bound_contextvars(
            workflow=info.workflow_id,
            run=info.workflow_run_id,
            activity=info.activity_type,
            attempt=info.attempt,
        ):
            beating = asyncio.create_task(beat())
            try:
                result = await super().execute_activity(input)
            except Exception as fault:
                ACTIVITIES_DONE.labels(info.activity_type, "fault").inc()
                log.warning("activity_fault", fault=f"{type(fault).__name__}: {fault}"[:500])
                raise
            finally:
                beating.cancel()
            ACTIVITIES_DONE.labels(info.activity_type, "done").inc()
            return result


async def beat() -> None:
    """Tell the engine that the activity's worker lives, so that a dead one is soon replaced."""
    while True:
        activity.heartbeat()
        await asyncio.sleep(BEAT_EVERY_S)


class Observed(Interceptor):
    """Puts `Bound` around every activity."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Wrap."""
        return Bound(next)


def activities(world: World) -> list[Callable[..., Any]]:
    """Every activity, with the world that it acts upon."""
    groups = (
        AgreementActivities(world),
        AskingActivities(world),
        CaseActivities(world),
        PlanActivities(world),
        ChangeActivities(world),
        MilestoneActivities(world),
        MonitoringActivities(world),
        RenewalActivities(world),
        ReviewActivities(world),
    )
    return [
        getattr(group, name)
        for group in groups
        for name in dir(group)
        if hasattr(getattr(group, name), "__temporal_activity_definition")
    ]


def build_worker(
    world: World,
    *,
    more_workflows: Sequence[type] = (),
    more_activities: Sequence[Callable[..., Any]] = (),
    workflow_slots: int = 100,
    activity_slots: int = 20,
) -> Worker:
    """A worker over the world; the same for production, tests and rehearsals."""
    return Worker(
        world.temporal,
        task_queue=world.task_queue,
        workflows=[*WORKFLOWS, *more_workflows],
        activities=[*activities(world), *more_activities],
        workflow_runner=workflow_runner(),
        interceptors=[Observed()],
        max_concurrent_workflow_tasks=max(2, workflow_slots),
        max_concurrent_activities=activity_slots,
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=STICKY_S),
        max_heartbeat_throttle_interval=timedelta(seconds=BEAT_EVERY_S),
        graceful_shutdown_timeout=timedelta(seconds=10),
        build_id=f"covenant-{RELEASE}",
    )


def channel_of(settings: Settings) -> Channel:
    """Mail by SMTP, or to files when no server is set."""
    if settings.smtp_host is None:
        return MailboxChannel(settings.mail_folder(), settings.sender)
    password = settings.smtp_password.get_secret_value() if settings.smtp_password else ""
    login = (settings.smtp_user, password) if settings.smtp_user else None
    return SmtpChannel(
        settings.smtp_host,
        settings.smtp_port,
        settings.sender,
        login=login,
        tls=settings.smtp_tls,
    )


async def connect_temporal(address: str | None = None, runtime: Runtime | None = None) -> Client:
    """A client by Temporal's own settings; `address` stands where these name none."""
    config = ClientConfig.load_client_connect_config()
    if address is not None:
        config.setdefault("target_host", address)
    return await Client.connect(**config, data_converter=DATA_CONVERTER, runtime=runtime)


@asynccontextmanager
async def world_of(
    settings: Settings, database_url: str, address: str | None, runtime: Runtime | None = None
) -> AsyncIterator[World]:
    """Introduce everyone: record, post, engine."""
    engine = connect(database_url)
    try:
        temporal = await connect_temporal(address, runtime)
        post = Post(engine, channel_of(settings))
        yield World(engine, post, temporal, settings.task_queue, shards=settings.shards)
    finally:
        await engine.dispose()


COUNTING = """
SELECT count(*) FILTER (WHERE state <> 'failed'), count(*) FILTER (WHERE state = 'failed')
FROM notice WHERE state <> 'sent'
"""


LONGEST_DUE = "SELECT min(next_due_at) FROM agreement"


async def sweep(world: World, gateway: Gateway) -> None:
    """Send again what had no outcome, and mails that did not go; once. Tell what is late."""
    SWEPT.labels("commands").inc(await gateway.sweep())
    SWEPT.labels("notices").inc(await world.post.send())
    async with world.engine.connect() as connection:
        unsent, failed = (await connection.execute(text(COUNTING))).one()
        due_at = await connection.scalar(text(LONGEST_DUE))
    UNSENT.set(unsent)
    FAILED.set(failed)
    LATE.set(0 if due_at is None else max(0.0, (world.now() - due_at).total_seconds()))


async def keep_sweeping(world: World, stopping: asyncio.Event) -> None:
    """Sweep until told to stop; a sweep that fails is counted and tried again."""
    gateway = Gateway(world, patience_s=0)
    while not stopping.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), SWEEP_EVERY_S)
            return
        try:
            await sweep(world, gateway)
        except Exception as fault:  # noqa: BLE001 - the next sweep tries again
            SWEEP_FAULTS.inc()
            log.warning("sweep_fault", fault=f"{type(fault).__name__}: {fault}"[:500])


async def healthy(world: World) -> bool:
    """Whether record and engine answer, and soon."""

    async def ask() -> bool:
        async with world.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
        return await world.temporal.service_client.check_health()

    asking = asyncio.create_task(ask())
    # Not a timeout around it: a record that hangs would hang its connection's farewell as well.
    await asyncio.wait({asking}, timeout=3)
    if not asking.done():
        asking.cancel()
        return False
    return asking.exception() is None and asking.result()


@asynccontextmanager
async def serve_health(world: World, host: str, port: int) -> AsyncIterator[int]:
    """Serve `/healthz` and `/metrics`; yields the port."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            async with asyncio.timeout(5):
                request = (await reader.readline()).decode("latin-1").split()
                while (await reader.readline()).strip():
                    pass  # closed on unread headers, the connection would be reset
                path = request[1] if len(request) > 1 else ""
                kind, body, status = "text/plain; charset=utf-8", b"not found\n", "404 Not Found"
                if path == "/healthz":
                    well = await healthy(world)
                    status = "200 OK" if well else "503 Service Unavailable"
                    body = b"ok\n" if well else b"record or engine does not answer\n"
                elif path == "/metrics":
                    kind, body, status = CONTENT_TYPE_LATEST, generate_latest(), "200 OK"
                head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n"
                head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                writer.write(head.encode() + body)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(respond, host, port)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def work(
    settings: Settings,
    database_url: str,
    address: str | None,
    stopping: asyncio.Event,
    on_ready: Callable[[str], None] = lambda _url: None,
) -> None:
    """Work until told to stop; then let what is under way finish."""
    runtime = telemetry(settings.sdk_metrics) if settings.sdk_metrics else None
    async with world_of(settings, database_url, address, runtime) as world:
        worker = build_worker(
            world,
            workflow_slots=settings.workflow_slots,
            activity_slots=settings.activity_slots,
        )
        async with serve_health(world, settings.http_host, settings.http_port) as port, worker:
            sweeping = asyncio.create_task(keep_sweeping(world, stopping))
            log.info("worker_ready", task_queue=settings.task_queue, http_port=port)
            on_ready(f"http://{settings.http_host}:{port}")
            await stopping.wait()
            log.info("worker_stopping")
            await sweeping  # cut off, a mail that is just being sent would have to go again


def configure_logging(level: str) -> None:
    """JSON lines on standard error, from structlog and from libraries alike.

    Tracebacks come without the values of variables, which may be passwords or people's words.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.ExceptionRenderer(
                    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
                ),
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("alembic").setLevel(logging.WARNING)


async def stop_on_signals() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    return stopping


async def run(settings: Settings) -> None:
    """Work against the PostgreSQL and Temporal that the settings name."""
    if settings.database_url is None:
        msg = "COVENANT_DATABASE_URL is not set; `covenant up` runs a worker with its own engines"
        raise SystemExit(msg)
    stopping = await stop_on_signals()
    await work(settings, settings.database_url.get_secret_value(), None, stopping)


def telemetry(address: str) -> Runtime:
    """Temporal's own metrics for Prometheus at this address."""
    return Runtime(telemetry=TelemetryConfig(metrics=PrometheusConfig(bind_address=address)))


def main() -> None:
    """The process's entry."""
    settings = Settings()
    configure_logging(settings.log_level)
    asyncio.run(run(settings))


if __name__ == "__main__":
    main()
