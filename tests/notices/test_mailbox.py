"""The mailbox: where no mail server is set, each notice is a file that any mail program opens."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from notices.channels import MailboxChannel
from notices.post import Post
from store.notices import Claimed
from tests.notices.conftest import SENDER, Fates, Prepare, notice


def letters(folder: Path) -> list[EmailMessage]:
    """Every mail in the folder, parsed."""
    found = [message_from_bytes(path.read_bytes(), policy=default) for path in folder.iterdir()]
    assert all(isinstance(each, EmailMessage) for each in found)
    return found


async def test_there_is_one_file_for_each_notice(
    database: AsyncEngine, waiting: Prepare, tmp_path: Path
) -> None:
    notices = await waiting(5)

    await Post(database, MailboxChannel(tmp_path / "mailbox", SENDER)).send()

    assert sorted(path.suffix for path in (tmp_path / "mailbox").iterdir()) == [".eml"] * 5
    assert {mail["X-Covenant-Notice"].strip() for mail in letters(tmp_path / "mailbox")} == {
        each.key for each in notices
    }


async def test_the_file_holds_subject_reader_and_text(tmp_path: Path) -> None:
    told = notice()

    await MailboxChannel(tmp_path, SENDER).send(Claimed(told, 1, fate_unknown=False))

    (mail,) = letters(tmp_path)
    assert (mail["Subject"], mail["To"]) == (told.title, told.address)
    assert (mail["Message-ID"], mail.get_content()) == (told.message_id, told.body)
    assert mail["Date"].datetime == told.prepared_at


async def test_another_attempt_replaces_the_file(tmp_path: Path) -> None:
    channel = MailboxChannel(tmp_path, SENDER)
    await channel.send(Claimed(notice(), 1, fate_unknown=False))

    await channel.send(Claimed(notice(), 2, fate_unknown=True))

    (mail,) = letters(tmp_path)
    assert mail["Subject"].startswith("Re-issue: ")


async def test_keys_that_look_alike_as_names_are_different_files(tmp_path: Path) -> None:
    from dataclasses import replace

    channel = MailboxChannel(tmp_path, SENDER)
    for key in ("noncompliance/a/b_c/1", "noncompliance/a_b/c/1"):
        await channel.send(Claimed(replace(notice(), key=key), 1, fate_unknown=False))

    assert len(letters(tmp_path)) == 2


async def test_a_folder_that_cannot_be_written_loses_no_notice(
    database: AsyncEngine, waiting: Prepare, fates: Fates, tmp_path: Path
) -> None:
    await waiting(1)
    (tmp_path / "mailbox").write_text("a file stands where the folder belongs")

    await Post(database, MailboxChannel(tmp_path / "mailbox", SENDER)).send()

    assert [fate.state for fate in await fates()] == ["prepared"]
