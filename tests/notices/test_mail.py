"""The post over a real mail server: each notice once, and never a word kept back about doubt."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from notices.channels import SmtpChannel
from notices.post import Post
from store import tables
from store.notices import Claimed, claim, conclude
from tests.notices.conftest import DROP, LOGIN, SENDER, Desk, Fate, Fates, Prepare, serving

SOON = timedelta(seconds=0.3)


def soon_lost(database: AsyncEngine, desk: Desk) -> Post:
    """A post that takes notices up again after a moment instead of a minute."""
    return Post(database, desk.channel(), lost_after=SOON)


async def after_a_moment() -> None:
    await asyncio.sleep(SOON.total_seconds() + 0.05)


async def test_a_notice_goes_to_its_address_from_the_sender_that_is_set(
    database: AsyncEngine, desk: Desk, waiting: Prepare
) -> None:
    await waiting(1)

    await Post(database, desk.channel()).send("helpdesk")

    (mail,) = desk.taken
    assert (mail["To"], mail["From"]) == ("sm@provider.example", SENDER)
    assert desk.recipients == ["sm@provider.example"]


async def test_a_mail_says_what_the_notice_says(
    database: AsyncEngine, desk: Desk, waiting: Prepare
) -> None:
    (notice,) = await waiting(1)

    await Post(database, desk.channel()).send("helpdesk")

    (mail,) = desk.taken
    assert mail["Subject"] == notice.title
    assert mail.get_content().replace("\r\n", "\n") == notice.body


async def test_the_message_id_follows_from_the_notice(
    database: AsyncEngine, desk: Desk, waiting: Prepare
) -> None:
    (notice,) = await waiting(1)

    await Post(database, desk.channel()).send("helpdesk")

    (mail,) = desk.taken
    assert mail["Message-ID"] == notice.message_id
    assert mail["X-Covenant-Notice"].strip() == notice.key


async def test_what_was_sent_is_not_sent_again(
    database: AsyncEngine, desk: Desk, waiting: Prepare, fates: Fates
) -> None:
    await waiting(3)
    post = soon_lost(database, desk)
    await post.send()
    await after_a_moment()

    again = await post.send()

    assert (again, len(desk.taken)) == (0, 3)
    assert await fates() == [Fate("sent", 1, None)] * 3


async def test_a_mail_that_is_refused_for_now_stays_prepared(
    database: AsyncEngine, desk: Desk, waiting: Prepare, fates: Fates
) -> None:
    await waiting(1)
    desk.to_recipient = ["451 greylisted, come back later"]

    await Post(database, desk.channel()).send("helpdesk")

    (fate,) = await fates()
    assert (fate.state, desk.taken) == ("prepared", [])
    assert "greylisted" in str(fate.error)


async def test_the_sweep_sends_what_was_refused_for_now_and_does_not_call_it_a_re_issue(
    database: AsyncEngine, desk: Desk, waiting: Prepare, fates: Fates
) -> None:
    (notice,) = await waiting(1)
    desk.to_recipient = ["451 greylisted, come back later"]
    await soon_lost(database, desk).send("helpdesk")
    await after_a_moment()

    await soon_lost(database, desk).send()

    (mail,) = desk.taken
    assert mail["Subject"] == notice.title
    assert await fates() == [Fate("sent", 2, None)]


async def test_one_refused_mail_holds_up_no_other(
    database: AsyncEngine, desk: Desk, waiting: Prepare, fates: Fates
) -> None:
    await waiting(3)
    desk.to_recipient = ["451 greylisted, come back later"]

    await Post(database, desk.channel()).send("helpdesk")

    assert [fate.state for fate in await fates()] == ["prepared", "sent", "sent"]


@pytest.mark.parametrize("where", ["to_recipient", "to_data"])
async def test_a_mail_that_is_refused_for_good_is_not_tried_again(
    database: AsyncEngine, desk: Desk, waiting: Prepare, fates: Fates, where: str
) -> None:
    await waiting(1)
    setattr(desk, where, ["550 no such person here"])
    await soon_lost(database, desk).send("helpdesk")
    await after_a_moment()

    await soon_lost(database, desk).send()

    (fate,) = await fates()
    assert (fate.state, fate.attempts, desk.taken) == ("failed", 1, [])
    assert "no such person" in str(fate.error)


async def test_a_sender_that_the_server_does_not_let_send_is_never_final(
    database: AsyncEngine, desk: Desk, waiting: Prepare, fates: Fates
) -> None:
    await waiting(1)
    desk.to_sender = ["550 not allowed to send"]
    await soon_lost(database, desk).send("helpdesk")
    await after_a_moment()

    await soon_lost(database, desk).send()

    assert await fates() == [Fate("sent", 2, None)]


async def test_a_connection_that_drops_after_the_mail_leaves_its_fate_unknown(
    database: AsyncEngine, desk: Desk, waiting: Prepare, fates: Fates
) -> None:
    await waiting(1)
    desk.to_data = [DROP]

    await Post(database, desk.channel()).send("helpdesk")

    assert [fate.state for fate in await fates()] == ["ambiguous"]


async def test_a_mail_whose_fate_is_unknown_is_re_issued_visibly_under_the_same_message_id(
    database: AsyncEngine, desk: Desk, waiting: Prepare, fates: Fates
) -> None:
    (notice,) = await waiting(1)
    desk.to_data = [DROP]
    await soon_lost(database, desk).send("helpdesk")
    await after_a_moment()

    await soon_lost(database, desk).send()

    first, second = desk.taken
    assert second["Subject"] == f"Re-issue: {notice.title}"
    assert second.get_content().startswith("This is a re-issue")
    assert first["Message-ID"] == second["Message-ID"] == notice.message_id
    assert await fates() == [Fate("sent", 2, None)]


async def test_a_re_issue_that_is_refused_for_now_is_still_a_re_issue_the_next_time(
    database: AsyncEngine, desk: Desk, waiting: Prepare
) -> None:
    await waiting(1)
    desk.to_data = [DROP, "451 busy"]
    for _ in range(2):
        await soon_lost(database, desk).send("helpdesk")
        await after_a_moment()

    await soon_lost(database, desk).send()

    assert desk.taken[-1]["Subject"].startswith("Re-issue: ")


async def test_a_notice_whose_sender_was_lost_is_re_issued_after_a_while(
    database: AsyncEngine, desk: Desk, waiting: Prepare
) -> None:
    await waiting(1)
    await lose_the_sender(database)
    await after_a_moment()

    await soon_lost(database, desk).send()

    (mail,) = desk.taken
    assert mail["Subject"].startswith("Re-issue: ")


async def test_a_notice_that_somebody_is_sending_is_left_to_them(
    database: AsyncEngine, desk: Desk, waiting: Prepare
) -> None:
    await waiting(1)
    await lose_the_sender(database)

    await Post(database, desk.channel()).send()

    assert desk.taken == []


async def lose_the_sender(database: AsyncEngine) -> None:
    """As if a process had died between claim and mail."""
    async with database.begin() as connection:
        assert await claim(connection, None)


async def test_a_slow_sender_does_not_undo_what_another_sent_meanwhile(
    database: AsyncEngine, desk: Desk, waiting: Prepare, fates: Fates
) -> None:
    await waiting(1)
    async with database.begin() as connection:
        slow = await claim(connection, None)
    assert slow
    await after_a_moment()
    await soon_lost(database, desk).send()

    async with database.begin() as connection:
        await conclude(connection, slow, "prepared", "refused at long last")

    assert await fates() == [Fate("sent", 2, None)]


@pytest.mark.parametrize("senders", [2, 4])
async def test_several_senders_at_once_send_each_notice_once(
    database: AsyncEngine, desk: Desk, waiting: Prepare, fates: Fates, senders: int
) -> None:
    notices = await waiting(100)

    posts = [Post(database, desk.channel()) for _ in range(senders)]
    sent = await asyncio.gather(*(post.send() for post in posts))

    assert sorted(mail["Message-ID"] for mail in desk.taken) == sorted(
        notice.message_id for notice in notices
    )
    assert sum(sent) == 100
    assert min(sent) > 0, "one sender did everything: nothing was proven"
    assert set(await fates()) == {Fate("sent", 1, None)}


async def test_while_the_mail_server_is_down_nothing_is_lost_and_nobody_is_held_up(
    database: AsyncEngine, waiting: Prepare, fates: Fates
) -> None:
    await waiting(20)
    desk = Desk()
    async with serving(desk):
        pass
    begun = time.monotonic()

    sent = await Post(database, desk.channel()).send("helpdesk")

    assert (sent, time.monotonic() - begun < 1) == (0, True)
    states = [fate.state for fate in await fates()]
    assert (set(states), len(states)) == ({"prepared"}, 20)


async def test_once_the_mail_server_is_back_everything_goes_out_once(
    database: AsyncEngine, waiting: Prepare
) -> None:
    notices = await waiting(20)
    desk = Desk()
    async with serving(desk):
        pass
    await Post(database, desk.channel()).send("helpdesk")
    await after_a_moment()

    async with serving(desk):
        await Post(database, desk.channel(), lost_after=SOON).send()

    assert [mail["Subject"] for mail in desk.taken] == [notice.title for notice in notices]


async def test_a_mail_server_that_never_answers_holds_a_caller_up_for_seconds_only(
    database: AsyncEngine, waiting: Prepare
) -> None:
    await waiting(20)
    desk = Desk()
    async with black_hole(desk):
        post = Post(database, desk.channel())
        begun = time.monotonic()
        await post.send("helpdesk")
        first = time.monotonic() - begun
        await post.send("helpdesk")

    assert first < 6
    assert time.monotonic() - begun - first < 0.1


def black_hole(desk: Desk):  # type: ignore[no-untyped-def] # noqa: ANN201
    """A server that accepts connections and says nothing."""
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def open_hole():  # type: ignore[no-untyped-def] # noqa: ANN202
        async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(swallow, "127.0.0.1", 0)
        desk.port = server.sockets[0].getsockname()[1]
        async with server:
            yield

    return open_hole()


async def test_mail_goes_by_starttls_and_login_where_the_server_wants_them(
    database: AsyncEngine,
    closed_desk: Desk,
    certificate: tuple[Path, Path],
    waiting: Prepare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await waiting(1)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))

    await Post(database, closed_desk.channel(login=LOGIN, tls=True)).send()

    assert (len(closed_desk.taken), closed_desk.logins) == (1, [LOGIN[0]])


@pytest.mark.parametrize(
    "settings",
    [{"tls": True}, {"tls": True, "login": LOGIN}],
    ids=["without login", "with login"],
)
async def test_nothing_is_told_to_a_server_whose_certificate_nobody_trusts(
    database: AsyncEngine, closed_desk: Desk, waiting: Prepare, settings: dict[str, object]
) -> None:
    await waiting(1)

    await Post(database, closed_desk.channel(**settings)).send()

    assert (closed_desk.taken, closed_desk.logins) == ([], [])


async def test_without_starttls_at_the_server_no_mail_goes_where_it_is_required(
    database: AsyncEngine, desk: Desk, waiting: Prepare, fates: Fates
) -> None:
    await waiting(1)

    await Post(database, desk.channel(tls=True)).send()

    assert desk.taken == []
    assert [fate.state for fate in await fates()] == ["prepared"]


async def test_a_wrong_password_loses_no_notice(
    database: AsyncEngine,
    closed_desk: Desk,
    certificate: tuple[Path, Path],
    waiting: Prepare,
    fates: Fates,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await waiting(1)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))

    await Post(database, closed_desk.channel(login=("covenant", "wrong"), tls=True)).send()

    assert [fate.state for fate in await fates()] == ["prepared"]


async def test_the_post_of_one_agreement_leaves_others_alone(
    database: AsyncEngine, desk: Desk, waiting: Prepare
) -> None:
    await waiting(1)

    await Post(database, desk.channel()).send("another")

    assert desk.taken == []


async def test_notices_go_in_the_order_in_which_they_were_due(
    database: AsyncEngine, desk: Desk, waiting: Prepare
) -> None:
    notices = await waiting(5)
    async with database.begin() as connection:
        await connection.execute(update(tables.notice).values(title=tables.notice.c.key))

    await Post(database, desk.channel()).send()

    assert [mail["Subject"].strip() for mail in desk.taken] == [notice.key for notice in notices]


async def test_a_record_that_restarts_while_a_mail_goes_makes_no_re_issue(
    database: AsyncEngine, desk: Desk, waiting: Prepare, fates: Fates
) -> None:
    """Every connection to the record is cut just before the outcome is written."""
    await waiting(2)
    cut = Cutting(desk.channel(), database)

    await Post(database, cut).send("helpdesk")

    assert cut.times == 2
    assert await fates() == [Fate("sent", 1, None)] * 2


class Cutting:
    """A channel during which the record loses its connections."""

    def __init__(self, channel: SmtpChannel, database: AsyncEngine) -> None:
        self.channel, self.database, self.times = channel, database, 0

    async def send(self, claimed: Claimed) -> None:
        await self.channel.send(claimed)
        self.times += 1
        others = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        async with self.database.connect() as connection:
            await connection.execute(others)
