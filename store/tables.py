"""Every table, in one module however long, so that the whole record can be read at once.

Columns ending in `_at` are business time, in UTC; `recorded_at` alone is the database's clock, and
no rule reads it. What `GROWING` lists is only ever added to. `ticket`, `sample` and `fact` are kept in
months (`keep_month`, of the migrations, makes them), so that a window reads its own months only.
"""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _at(name: str, *, null: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=null)


def _count(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, Integer, nullable=null)


def _rows(name: str) -> Column[int]:
    return Column(name, BigInteger, server_default="0", nullable=False)


def _key(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True)


def _agreement(*, key: bool = False) -> Column[str]:
    return Column("agreement", Text, ForeignKey("agreement.id"), primary_key=key, nullable=False)


def _recorded() -> Column[object]:
    return Column(
        "recorded_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=func.clock_timestamp(),
    )


document = Table(
    "document",
    metadata,
    _key("digest"),
    _text("name"),
    Column("raw", LargeBinary, nullable=False),
    _recorded(),
)
"""Raw bytes that somebody handed in, by the SHA-256 of them."""

agreement = Table(
    "agreement",
    metadata,
    _key("id"),
    _text("title"),
    _text("client"),
    _text("provider"),
    _text("zone"),
    _text("phase"),
    _count("shard"),
    _count("term"),
    _at("launched_at"),
    _at("live_from", null=True),
    _at("ends_at"),
    _at("closed_at", null=True),
    _at("next_due_at", null=True),
    Index(None, "shard", "next_due_at"),
)
"""One row per agreement: the projection that lists read. `next_due_at` is Monitoring's."""

edition = Table(
    "edition",
    metadata,
    _agreement(key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _at("effective_at"),
    Column("digest", Text, ForeignKey("document.digest"), nullable=False),
    _text("command"),
    _at("adopted_at"),
    _recorded(),
)
"""The terms from `effective_at` until the next edition's."""

contact = Table(
    "contact",
    metadata,
    _agreement(key=True),
    Column("edition", Integer, primary_key=True, autoincrement=False),
    _key("ref"),
    _text("title"),
    _text("email"),
    _text("zone"),
    ForeignKeyConstraint(["agreement", "edition"], ["edition.agreement", "edition.number"]),
)

intake = Table(
    "intake",
    metadata,
    _agreement(key=True),
    _key("digest"),
    Column("number", BigInteger, Identity(), nullable=False, unique=True),
    _text("name"),
    _text("kind"),
    _text("actor"),
    _count("read"),
    _count("accepted"),
    _count("repeated"),
    _at("received_at"),
    _recorded(),
    _rows("rows"),
    _rows("passed"),
    _rows("quarantined"),
    _rows("rejected"),
    _text("raw", null=True),
    _text("mapping", null=True),
    Column("unread", JSONB, nullable=False, server_default="{}"),
)
"""One row per file of facts, by the digest of how it was read.

Of the facts, what was `read` is what was `accepted` as new plus what was there already. Of the
file's `rows`, those that became facts or were `passed` over by the mapping, those `quarantined` and
those `rejected` are all there are. `raw` is the digest of the file's bytes, `mapping` that of the
mapping's. `unread` counts the facts that nothing in the terms reads, by what they are of.
"""

document_part = Table(
    "document_part",
    metadata,
    _key("digest"),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("packed", LargeBinary, nullable=False),
    _recorded(),
)
"""Files of facts, byte for byte: stretches of a file, each packed by itself."""

held_row = Table(
    "held_row",
    metadata,
    _agreement(key=True),
    _key("content"),
    Column("number", BigInteger, Identity(), nullable=False),
    _text("intake"),
    _text("fate"),
    Column("line", BigInteger, nullable=False),
    _text("kind", null=True),
    _text("mapping", null=True),
    _count("mapped_by", null=True),
    Column("problems", JSONB, nullable=False),
    Column("cells", JSONB, nullable=False),
    _text("actor"),
    _at("received_at"),
    _recorded(),
    Column("places", JSONB, nullable=True),
    UniqueConstraint("number"),
)
"""Rows of files that were not taken in, with all that is wrong with them; each once, however often
it is handed in: `content` is the digest of what it says and how it was read. `places` are the
numbers of the cells' columns in the file."""

held_decision = Table(
    "held_decision",
    metadata,
    Column(
        "number",
        BigInteger,
        ForeignKey("held_row.number"),
        primary_key=True,
        autoincrement=False,
    ),
    _text("choice"),
    Column("cells", JSONB, nullable=False),
    _text("note"),
    _text("actor"),
    _at("decided_at"),
    _recorded(),
)
"""What a person made of a held row: one decision, and none ever changed."""

touched = Table(
    "touched",
    metadata,
    Column("seq", BigInteger, Identity(), primary_key=True),
    _agreement(),
    _text("intake"),
    _text("kind"),
    _text("name"),
    _at("start_at"),
    _at("end_at"),
    Column("revises", Boolean, nullable=False),
    _at("received_at"),
    _recorded(),
    Index(None, "agreement", "intake"),
    Index(None, "agreement", "kind", "name", "start_at"),
)
"""Where an intake changed what is known: a span of a UTC day, and whether something was revised.

The places of facts that are new and of those they supersede. `name` is that of the series, the
service, the instrument, the KPI, the type or the line; tickets, and what befell them, have none.
"""

fact_key = Table(
    "fact_key",
    metadata,
    _key("agreement"),
    _key("kind"),
    _key("id"),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    _text("name"),
    _at("at"),
    Column("content", LargeBinary, nullable=False),
    Column("intake", BigInteger, nullable=False),
    _at("received_at"),
    Index("fact_revised", "agreement", "kind", "id", "revision", postgresql_where="revision > 1"),
)
"""The register of all facts: it alone says that none is there twice, and which revision is last.

`at` leads to the month that keeps the fact, `name` to its series; `content` is the beginning of
the SHA-256 of all that it says. What is new finds its like here, without a look into any month.
"""

fact_alias = Table(
    "fact_alias",
    metadata,
    _agreement(key=True),
    _key("kind"),
    _key("id"),
    _text("fact"),
    _text("intake"),
    _at("received_at"),
    _recorded(),
)
"""Ids under which corrections came (`corrects`), and the id of the fact whose revisions they are."""


def _received() -> list[Column[Any]]:
    """By which intake a fact came, and when.

    Facts in months have no key and no clock of the database: the register is their key, and the
    clock is the intake's.
    """
    return [Column("intake", BigInteger, nullable=False), _at("received_at")]


restatement = Table(
    "restatement",
    metadata,
    _agreement(key=True),
    _key("intake"),
    _at("received_at"),
    _at("done_at", null=True),
    _recorded(),
    ForeignKeyConstraint(["agreement", "intake"], ["intake.agreement", "intake.digest"]),
    Index("restatements_waiting", "agreement", postgresql_where="done_at IS NULL"),
)
"""Word of an intake for whoever evaluates. `done_at` is the instant as of which it was looked at."""

ticket = Table(
    "ticket",
    metadata,
    _text("agreement"),
    _text("id"),
    _count("revision"),
    _at("opened_at"),
    _at("responded_at", null=True),
    _at("resolved_at", null=True),
    _at("closed_at", null=True),
    _at("due_at", null=True),
    Column("columns", JSONB, nullable=False),
    *_received(),
    Index(None, "agreement", "opened_at"),
    postgresql_partition_by="RANGE (opened_at)",
)

sample = Table(
    "sample",
    metadata,
    _text("agreement"),
    _text("id"),
    _count("revision"),
    _text("series"),
    _at("at"),
    Column("value", Numeric, nullable=True),
    Column("columns", JSONB, nullable=False),
    Column("mark_high", BigInteger, nullable=False),
    Column("mark_low", BigInteger, nullable=False),
    *_received(),
    Index(None, "agreement", "series", "at"),
    postgresql_partition_by="RANGE (at)",
)
"""Samples; `mark_high` and `mark_low` are `domain.measurement.mark` of the id and the value."""

fact = Table(
    "fact",
    metadata,
    _text("agreement"),
    _text("kind"),
    _text("id"),
    _count("revision"),
    _at("at"),
    _at("ends_at", null=True),
    Column("body", JSONB, nullable=False),
    Column("columns", JSONB, nullable=False),
    *_received(),
    Index(None, "agreement", "kind", "at"),
    Index(None, "agreement", "kind", "ends_at"),
    Index(
        "fact_of_ticket",
        "agreement",
        text("(body ->> 'ticket')"),
        postgresql_where="kind = 'ticket_event'",
    ),
    postgresql_partition_by="RANGE (at)",
)
"""Facts of every other kind. `at` is the instant at which one stands, `ends_at` the end of what
lasted, `body` what it says, as text: numbers plainly, instants in ISO 8601."""

archived = Table(
    "archived",
    metadata,
    _agreement(key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _at("before_at"),
    _text("manifest"),
    Column("rows", JSONB, nullable=False),
    Column("files", BigInteger, nullable=False),
    _text("actor"),
    _text("note"),
    _at("at"),
    _recorded(),
)
"""What was taken out of the months: facts that lie wholly before `before_at`, once they had been
verified against the archive whose manifest has this SHA-256. `rows` says how many revisions of each
kind, `files` of how many files of facts the bytes went too. Only the schema's owner adds to it."""

watched = Table(
    "watched",
    metadata,
    _agreement(key=True),
    _key("kind"),
    _key("name"),
    _at("look_at", null=True),
    Index(None, "agreement", "look_at"),
)
"""Tickets and KPIs of whose risk people want to be warned, and when each is to be looked at, if ever."""

warned = Table(
    "warned",
    metadata,
    _agreement(key=True),
    _key("key"),
    _at("due_at"),
    _at("told_at"),
    _recorded(),
)
"""Warnings that were given, each once; `due_at` is the instant as of which it was one."""

statistic = Table(
    "statistic",
    metadata,
    _key("agreement"),
    Column("measure", LargeBinary, primary_key=True),
    Column("start_at", DateTime(timezone=True), primary_key=True),
    Column("end_at", DateTime(timezone=True), primary_key=True),
    Column("intakes", Integer, primary_key=True, autoincrement=False),
    Column("latest_at", DateTime(timezone=True), primary_key=True),
    Column("num", Numeric, nullable=False),
    Column("facts", BigInteger, nullable=False),
    Column("missing", BigInteger, nullable=False),
    Column("mark_high", Numeric, nullable=False),
    Column("mark_low", Numeric, nullable=False),
)
"""What the facts of a span amounted to by a measure when so many intakes had touched it, the last
of them received at `latest_at`. `store.statistics` tells what these two are good for."""

evaluation = Table(
    "evaluation",
    metadata,
    _agreement(key=True),
    _key("kpi"),
    Column("dim", Text, primary_key=True, server_default=""),
    _key("period"),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    _at("start_at"),
    _at("end_at"),
    _at("due_at"),
    _count("edition"),
    _text("status"),
    Column("num", Numeric, nullable=True),
    Column("den", Numeric, nullable=True),
    Column("facts", BigInteger, nullable=False),
    Column("missing", BigInteger, nullable=True),
    _text("reason"),
    Column("outcome", JSONB, nullable=False, server_default="{}"),
    _text("inputs_digest"),
    _text("engine_version"),
    _text("tzdata_version"),
    _at("evaluated_at"),
    _recorded(),
    Index(None, "agreement", "kpi", "end_at"),
)
"""One result of one period and dimension; a correction is a further revision.

`dim` is empty, or `column=value` of each column that splits the KPI. `num` and `den` are for
reading; what the result is made of again is exact in `outcome`.
"""

credit = Table(
    "credit",
    metadata,
    _agreement(key=True),
    _key("line"),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    _text("remedy"),
    _text("type"),
    _text("kpi", null=True),
    Column("dim", Text, nullable=False, server_default=""),
    _text("period"),
    _at("start_at"),
    _at("end_at"),
    _text("month"),
    _at("settles_from"),
    _at("settles_until"),
    Column("percent", Numeric, nullable=True),
    Column("base_minor", BigInteger, nullable=True),
    Column("amount_minor", BigInteger, nullable=True),
    _text("currency", null=True),
    Column("adjusts", ARRAY(Text), nullable=False, server_default="{}"),
    _text("reason"),
    _at("due_at"),
    _recorded(),
    Index(None, "agreement", "settles_from"),
)
"""The ledger: one row for each line and revision. Positive: the provider owes.

`month` names the settlement period, whatever its length; its lines add up to what is due for it.
`due_at` is the instant as of which the revision holds. A line that is no more has a last revision
of nothing.
"""

fired = Table(
    "fired",
    metadata,
    _agreement(key=True),
    _key("trigger"),
    Column("fired_at", DateTime(timezone=True), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("periods", ARRAY(Text), nullable=False),
    _text("quantity"),
    _text("consequence"),
    _text("clause", null=True),
    _text("reason"),
    _at("due_at"),
    _recorded(),
)
"""A trigger that fired, at the end of the period that completed it; `due_at` is when that was found.

Several runs can complete one trigger at one instant: `number` tells them apart. What has fired
stays fired; when a later result of the same time counts for it too, that is a revision.
"""

entitlement = Table(
    "entitlement",
    metadata,
    _agreement(key=True),
    _key("key"),
    Column("arises_at", DateTime(timezone=True), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _text("kind"),
    _at("effective_at"),
    _at("exercise_by", null=True),
    _text("trigger"),
    _text("reason"),
    _at("due_at"),
    _recorded(),
)
"""A right that a party has since a trigger fired; `number` is that of the firing."""

milestone = Table(
    "milestone",
    metadata,
    _agreement(key=True),
    _key("key"),
    _text("title"),
    Column("planned_on", Date, nullable=False),
    _at("due_at"),
    _text("status"),
    _count("round"),
    _at("delivered_at", null=True),
    _at("accepted_at", null=True),
)

noncompliance = Table(
    "noncompliance",
    metadata,
    _key("id"),
    _agreement(),
    _text("kpi"),
    _text("period"),
    _count("opening"),
    _text("severity"),
    _text("state"),
    _count("level"),
    _count("cycle"),
    _at("opened_at"),
    _at("acknowledged_at", null=True),
    _at("verify_from", null=True),
    _at("closed_at", null=True),
    _text("outcome", null=True),
    UniqueConstraint("agreement", "kpi", "period", "opening"),
    Index(
        "one_open_case_per_kpi",
        "agreement",
        "kpi",
        unique=True,
        postgresql_where="closed_at IS NULL",
    ),
)

case_period = Table(
    "case_period",
    metadata,
    Column("case_id", Text, ForeignKey("noncompliance.id"), primary_key=True),
    _key("period"),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    _text("status"),
    _at("joined_at"),
)
"""The missed periods that a case is about."""

rung = Table(
    "rung",
    metadata,
    Column("case_id", Text, ForeignKey("noncompliance.id"), primary_key=True),
    Column("level", Integer, primary_key=True, autoincrement=False),
    _at("due_at"),
    _at("fired_at"),
)
"""A rung that fired. Its key is why it cannot fire twice."""

review = Table(
    "review",
    metadata,
    _key("id"),
    _agreement(),
    _count("number"),
    _text("call", null=True),
    _at("opened_at"),
    _at("due_at"),
    _text("state"),
    _text("outcome", null=True),
    _at("closed_at", null=True),
    Column("report", JSONB, nullable=False),
    UniqueConstraint("call"),
)
"""A review; `call` is the command of the party that called it out of turn."""

change = Table(
    "change",
    metadata,
    _key("id"),
    _agreement(),
    _count("number"),
    _text("proposal"),
    _text("state"),
    _text("offered_by"),
    _text("offer"),
    _count("round"),
    _at("opened_at"),
    _at("expires_at"),
    _at("closed_at", null=True),
    Column("edition", Integer, nullable=True),
    UniqueConstraint("agreement", "number"),
    UniqueConstraint("proposal"),
)
"""A proposed change; `proposal` and `offer` are the commands that opened it and now stand."""

renewal = Table(
    "renewal",
    metadata,
    _key("id"),
    _agreement(),
    _count("term"),
    _text("state"),
    _at("opened_at"),
    _at("decide_by"),
    Column("record", JSONB, nullable=False),
    _text("outcome", null=True),
    _at("closed_at", null=True),
    UniqueConstraint("agreement", "term"),
)

command = Table(
    "command",
    metadata,
    _key("id"),
    _agreement(),
    _text("kind"),
    _text("workflow"),
    _text("subject"),
    Column("task", Text, ForeignKey("task.id"), nullable=True),
    _text("actor"),
    Column("body", JSONB, nullable=False),
    Column("document", Text, ForeignKey("document.digest"), nullable=True),
    _text("digest"),
    _at("received_at"),
    _text("outcome", null=True),
    _text("reason", null=True),
    _recorded(),
    Index("commands_undecided", "recorded_at", postgresql_where="outcome IS NULL"),
)

task = Table(
    "task",
    metadata,
    _key("id"),
    Column("number", BigInteger, Identity(), nullable=False, unique=True),
    _agreement(),
    _text("kind"),
    _text("subject"),
    _text("workflow"),
    Column("owners", ARRAY(Text), nullable=False),
    _text("title"),
    _at("opened_at"),
    _at("due_at", null=True),
    _text("answer", null=True),
    _text("answered_by", null=True),
    _at("answered_at", null=True),
    _at("closed_at", null=True),
    Index(None, "agreement", "closed_at"),
    Index(None, "subject"),
)
"""What somebody must do. Closed without an answer: overtaken, as its subject's journal tells."""

notice = Table(
    "notice",
    metadata,
    _key("key"),
    _agreement(),
    _text("template"),
    _text("subject"),
    _text("contact"),
    _text("address"),
    Column("task", Text, ForeignKey("task.id"), nullable=True),
    _at("due_at"),
    _at("prepared_at"),
    _text("title"),
    _text("body"),
    _text("message_id"),
    _text("state"),
    _count("attempts"),
    _text("error", null=True),
    Column("claimed_at", DateTime(timezone=True), nullable=True),
    _recorded(),
    Index("notices_unsent", "recorded_at", postgresql_where="state <> 'sent'"),
    Index(None, "agreement", "due_at"),
)
"""One notice to one person. `claimed_at` is the database's clock: it tells a dead sender."""

outbox = Table(
    "outbox",
    metadata,
    _key("key"),
    _count("shard"),
    _text("workflow"),
    _text("name"),
    Column("starts", Boolean, nullable=False),
    Column("argument", JSONB, nullable=False),
    Column("told", Boolean, nullable=False, server_default="false"),
    _recorded(),
    Index("outbox_untold", "recorded_at", postgresql_where="NOT told"),
)
"""What Temporal must still be told, written in the transaction of the fact that it tells of."""

journal = Table(
    "journal",
    metadata,
    Column("seq", BigInteger, Identity(), primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    _agreement(),
    _text("event"),
    _text("subject"),
    _at("at"),
    _at("noted_at"),
    _text("actor"),
    Column("detail", JSONB, nullable=False),
    _text("command", null=True),
    _text("workflow", null=True),
    _text("run", null=True),
    _recorded(),
    Index(None, "agreement", "at"),
)
"""Who did what, and when. `at` is when it took effect, `noted_at` when the engine noted it."""

GROWING = (
    "document",
    "edition",
    "intake",
    "touched",
    "document_part",
    "held_row",
    "held_decision",
    "fact_key",
    "fact_alias",
    "ticket",
    "sample",
    "fact",
    "archived",
    "statistic",
    "evaluation",
    "credit",
    "fired",
    "entitlement",
    "warned",
    "journal",
)
"""Tables that the application's role may add to and read, and nothing else."""

IN_MONTHS = ("ticket", "sample", "fact")
"""Tables that are kept in months, each a table of its own with year and month behind its name."""
