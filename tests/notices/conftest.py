"""A mail server that answers as it is told, and notices waiting to be sent."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiosmtpd.smtp import SMTP, AuthResult
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from notices.channels import SmtpChannel
from store import tables
from store.notices import Prepared, prepare

DUE_AT = datetime(2027, 1, 11, 9, tzinfo=UTC)
SENDER = "covenant@client.example"
DROP = "drop"
LOGIN = ("covenant", "secret")


@dataclass(slots=True)
class Desk:
    """Behind the mail server: takes every mail, unless `answers` say otherwise, each once."""

    to_recipient: list[str] = field(default_factory=list)
    to_sender: list[str] = field(default_factory=list)
    to_data: list[str] = field(default_factory=list)
    taken: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    port: int = 0

    async def handle_MAIL(  # noqa: N802 - the library's names
        self, _server: SMTP, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.to_sender.pop(0) if self.to_sender else "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.to_recipient.pop(0) if self.to_recipient else "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Any, envelope: Any) -> str:  # noqa: N802
        answer = self.to_data.pop(0) if self.to_data else "250 OK"
        if answer == DROP or answer.startswith("2"):
            message = message_from_bytes(envelope.content, policy=default)
            assert isinstance(message, EmailMessage)
            self.taken.append(message)
            self.recipients.extend(envelope.rcpt_tos)
        if answer == DROP:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return answer

    def authenticate(
        self, _server: SMTP, _session: Any, _envelope: Any, _mechanism: str, data: Any
    ) -> AuthResult:
        given = (data.login.decode(), data.password.decode())
        self.logins.append(given[0])
        return AuthResult(success=given == LOGIN, handled=False)

    def channel(self, **settings: Any) -> SmtpChannel:
        """The product's way to this server."""
        plain: dict[str, Any] = {"login": None, "tls": False}
        return SmtpChannel("127.0.0.1", self.port, SENDER, **(plain | settings))


@asynccontextmanager
async def serving(desk: Desk, **settings: Any) -> AsyncIterator[Desk]:
    """A real SMTP server for as long as needed, on the port that the desk had before, if any."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(desk, enable_SMTPUTF8=True, **settings), "127.0.0.1", desk.port
    )
    desk.port = server.sockets[0].getsockname()[1]
    async with server:
        yield desk


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    async with serving(Desk()) as open_desk:
        yield open_desk


def notice(number: int = 1) -> Prepared:
    """A notice about the first rung of a case."""
    return Prepared(
        key=f"noncompliance/helpdesk/errors/2027-W01/breach/{number}/provider.service_manager",
        agreement="helpdesk",
        template="breach",
        subject="noncompliance/helpdesk/errors/2027-W01",
        contact="provider.service_manager",
        address="sm@provider.example",
        task=None,
        due_at=DUE_AT + timedelta(minutes=number),
        prepared_at=DUE_AT + timedelta(minutes=number, seconds=1),
        title=f"Severe non-compliance, level {number}: “Fehlerquote”",
        body="Errors missed its target in 2027-W01 by far: 12 € each.\n",
    )


Prepare = Callable[[int], Awaitable[list[Prepared]]]


@pytest_asyncio.fixture
async def waiting(database: AsyncEngine) -> Prepare:
    """Prepare so many notices of one agreement."""

    async def some(count: int) -> list[Prepared]:
        notices = [notice(number) for number in range(1, count + 1)]
        async with database.begin() as connection:
            await connection.execute(insert(tables.agreement).values(AGREEMENT))
            for each in notices:
                await prepare(connection, each)
        return notices

    return some


AGREEMENT = {
    "id": "helpdesk",
    "title": "Helpdesk",
    "client": "Northwind Health",
    "provider": "Contoso Services",
    "zone": "Etc/UTC",
    "phase": "live",
    "shard": 0,
    "term": 1,
    "launched_at": DUE_AT,
    "ends_at": DUE_AT,
}


@dataclass(frozen=True, slots=True)
class Fate:
    """What the record says became of a notice."""

    state: str
    attempts: int
    error: str | None


Fates = Callable[[], Awaitable[list[Fate]]]


@pytest_asyncio.fixture
async def fates(database: AsyncEngine) -> Fates:
    """Ask what became of all notices, in the order in which they were due."""

    async def ask() -> list[Fate]:
        columns = [tables.notice.c[name] for name in ("state", "attempts", "error")]
        async with database.connect() as connection:
            rows = await connection.execute(select(*columns).order_by(tables.notice.c.due_at))
            return [Fate(*row) for row in rows]

    return ask


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that only those trust who are told to, and its key."""
    import subprocess

    folder = tmp_path_factory.mktemp("certificate")
    paths = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *[
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=127.0.0.1",
            ],
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-out", str(paths[0]), "-keyout", str(paths[1])),
        ],
        check=True,
        capture_output=True,
    )
    return paths


@pytest_asyncio.fixture
async def closed_desk(certificate: tuple[Path, Path]) -> AsyncIterator[Desk]:
    """A mail server that takes nothing without STARTTLS and a login."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    desk = Desk()
    settings = {"tls_context": context, "require_starttls": True, "auth_required": True}
    async with serving(desk, authenticator=desk.authenticate, **settings) as open_desk:
        yield open_desk
