"""Channels: SMTP for people, a mailbox folder where no mail server is set."""

import asyncio
import os
import re
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

import aiosmtplib

from store.notices import Claimed


class RefusedForNowError(Exception):
    """The channel certainly did not take the message; trying again is safe."""


class UnreachableError(RefusedForNowError):
    """The channel reaches nobody at present: a mail server that is down, say."""


class RefusedForGoodError(Exception):
    """The channel will never take this message: an address that does not exist, say."""


class Channel(Protocol):
    """A way to reach a person. Any error but those above leaves the message's fate unknown."""

    async def send(self, claimed: Claimed) -> None:
        """Hand the notice over, or say why not."""


def mail(claimed: Claimed, sender: str) -> EmailMessage:
    """The notice as a mail. A re-issue keeps its Message-ID and says what it is."""
    notice = claimed.notice
    message = EmailMessage()
    title = " ".join(notice.title.split())
    message["Subject"] = f"Re-issue: {title}" if claimed.fate_unknown else title
    message["From"] = sender
    message["To"] = notice.address
    message["Date"] = notice.prepared_at
    message["Message-ID"] = notice.message_id
    message["X-Covenant-Notice"] = notice.key
    again = (
        "This is a re-issue: whether the first was delivered is not known.\n\n"
        if claimed.fate_unknown
        else ""
    )
    message.set_content(again + notice.body)
    return message


ANSWER_WITHIN_S = 5.0
"""How long a mail server may take to be ready, and then to take one mail."""


class SmtpChannel:
    """Mail by SMTP."""

    def __init__(
        self, host: str, port: int, sender: str, *, login: tuple[str, str] | None, tls: bool
    ) -> None:
        """Connects anew for each message; `tls` means STARTTLS is required."""
        self._host, self._port, self._sender = host, port, sender
        self._login, self._tls = login, tls

    async def send(self, claimed: Claimed) -> None:
        """Send one mail."""
        user, password = self._login or (None, None)
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            timeout=ANSWER_WITHIN_S,
            start_tls=self._tls or None,
        )
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await client.connect(username=user, password=password)
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            raise UnreachableError(f"{type(error).__name__}: {error}") from error
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await client.send_message(mail(claimed, self._sender))
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as error:
            raise _refusal(error) from error
        finally:
            client.close()


def _refusal(error: aiosmtplib.SMTPException) -> Exception:
    """A 5xx answer is final, a 4xx is not; either way the server did not take the mail.

    That it does not let us send at all is never final: somebody mends the settings.
    """
    codes = (
        [refused.code for refused in error.recipients]
        if isinstance(error, aiosmtplib.SMTPRecipientsRefused)
        else [error.code]
        if isinstance(error, aiosmtplib.SMTPDataError)
        else []
    )
    permanent = bool(codes) and all(code >= 500 for code in codes)  # noqa: PLR2004 - RFC 5321
    return (RefusedForGoodError if permanent else RefusedForNowError)(str(error))


class MailboxChannel:
    """A folder of mails as files, one each, for demonstrations and for reading."""

    def __init__(self, folder: Path, sender: str) -> None:
        """The folder is made on first use."""
        self._folder, self._sender = folder, sender

    async def send(self, claimed: Claimed) -> None:
        """Write the mail, replacing an earlier attempt at the same notice."""
        notice = claimed.notice
        # Two keys may read the same once they are a file's name: the Message-ID tells them apart.
        words = re.sub(r"[^A-Za-z0-9_.-]+", "_", notice.key)[:150]
        name = f"{notice.due_at:%Y%m%dT%H%M}-{words}-{notice.message_id[1:9]}.eml"
        content = bytes(mail(claimed, self._sender))
        try:
            await asyncio.to_thread(self._write, self._folder / name, content)
        except OSError as error:
            raise UnreachableError(str(error)) from error

    def _write(self, path: Path, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(f".{os.getpid()}.part")
        half.write_bytes(content)
        half.replace(path)
