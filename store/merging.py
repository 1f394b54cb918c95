"""How the facts of a file become part of the record: the statements that judge and keep them.

`coming_…` holds some facts of one table. Where all of them are new, they are kept from there.
Others wait in `waiting_…` until the whole file has come; `judged_…` holds what of these is new or
changed, with the revision that it gets.
"""

from store.fact_rows import AT, CONTENT, KEYS

KIND = {"ticket": "'ticket'", "sample": "'sample'", "fact": "kind"}
"""What the register calls the kind of a table's facts."""

NAMED = """
    CASE {kind}
        WHEN 'charge' THEN {body} ->> 'line'
        WHEN 'count' THEN {body} ->> 'series'
        WHEN 'credit' THEN {body} ->> 'kpi'
        WHEN 'event' THEN {body} ->> 'type'
        WHEN 'index' THEN {body} ->> 'series'
        WHEN 'interval' THEN {body} ->> 'series'
        WHEN 'outage' THEN {body} ->> 'service'
        WHEN 'period_result' THEN {body} ->> 'kpi'
        WHEN 'relief' THEN {body} ->> 'kpi'
        WHEN 'survey' THEN {body} ->> 'instrument'
    END
"""

NAME = {
    "ticket": "''",
    "sample": "series",
    "fact": f"coalesce({NAMED.format(kind='kind', body='body')}, '')",
}
"""What facts are told apart by; tickets, and a relief or a credit for all KPIs, have no name."""


def _microseconds(column: str) -> str:
    return f"extract(epoch FROM {column})"


SAID = {
    "ticket": (
        *(_microseconds(column) for column in CONTENT["ticket"] if column != "columns"),
        "columns",
    ),
    "sample": ("series", _microseconds("at"), "trim_scale(value)", "columns"),
    "fact": (_microseconds("at"), _microseconds("ends_at"), "body", "columns"),
}
"""All that a fact says, in a form that depends on no setting of the session."""


def _content(place: str) -> str:
    said = f"ROW({', '.join(SAID[place])})::text"
    return f"substr(sha256(convert_to({said}, 'UTF8')), 1, 16)"


MARK = """
    sha256(convert_to(id || E'\\t' || coalesce(trim_scale(value)::text, ''), 'UTF8'))
"""
"""`domain.measurement.mark` of a sample: its id and its reading."""


def arriving(place: str, table: str) -> str:
    """Make a temporary table, `coming` or `waiting`, for facts that come."""
    columns = ", ".join((*KEYS[place], *CONTENT[place]))
    return (
        f"CREATE TEMPORARY TABLE {table}_{place} ON COMMIT DROP AS "
        f"SELECT {columns} FROM {place} WITH NO DATA"
    )


def new(place: str) -> str:
    """Whether the facts that came are each told once, and the register knows none of their ids.

    Asked by an array, PostgreSQL goes along the register once, and not from its root for each id.
    """
    kind = "ANY (ARRAY(SELECT DISTINCT kind FROM coming_fact))" if place == "fact" else KIND[place]
    return f"""
    SELECT count(*) = (SELECT count(*) FROM coming_{place}) AND NOT EXISTS (
        SELECT 1 FROM fact_key
        WHERE agreement = :agreement AND kind = {kind}
          AND id = ANY (ARRAY(SELECT id FROM coming_{place}))
    ) FROM (SELECT DISTINCT {", ".join(KEYS[place])} FROM coming_{place}) AS each
    """


def wait(place: str) -> str:
    """Put the facts that came beside those that wait."""
    return f"INSERT INTO waiting_{place} SELECT * FROM coming_{place}"


def judge(place: str) -> str:
    """Hold each that waits against the last revision of its id; keep what is new or says otherwise.

    A fact that a file says twice is kept once. `before` is the revision that another supersedes,
    `intake_before` the intake by which that came.
    """
    columns = ", ".join(f"coming.{column}" for column in (*KEYS[place], *CONTENT[place]))
    key = ", ".join(f"coming.{column}" for column in KEYS[place])
    return f"""
    CREATE TEMPORARY TABLE judged_{place} ON COMMIT DROP AS
    SELECT DISTINCT ON ({key}, coming.content) {columns}, coming.content,
           coalesce(last.revision, 0) + 1 AS revision, last.revision AS before,
           last.intake AS intake_before, last.name AS name_before, last.at AS at_before
    FROM (SELECT *, {_content(place)} AS content FROM waiting_{place} OFFSET 0) AS coming
    LEFT JOIN LATERAL (
        SELECT revision, fact_key.content, fact_key.name, fact_key.at, intake FROM fact_key
        WHERE agreement = :agreement AND fact_key.kind = {_of(place)} AND fact_key.id = coming.id
        ORDER BY revision DESC LIMIT 1
    ) AS last ON true
    WHERE last.content IS DISTINCT FROM coming.content
    ORDER BY {key}, coming.content
    """


def contradictions(place: str) -> str:
    """An id of which the file says two things, if there is one: one of them may be kept already."""
    return f"""
    SELECT id FROM judged_{place} GROUP BY {", ".join(KEYS[place])}
    HAVING count(*) > 1 OR max(intake_before) = :intake LIMIT 1
    """


def register(place: str, rows: str) -> str:
    """Enter facts in the register: those that came as first revisions, others as they were judged."""
    judged = rows.startswith("judged")
    revision, content = ("revision", "content") if judged else ("1", _content(place))
    return f"""
    INSERT INTO fact_key
        (agreement, kind, id, revision, name, at, content, intake, received_at)
    SELECT :agreement, {KIND[place]}, id, {revision}, {NAME[place]}, {AT[place]}, {content},
           :intake, :received_at
    FROM {rows}
    """


def months(place: str, rows: str) -> str:
    """See to it that there is a table for each month in which one of the facts stands."""
    return f"""
    SELECT keep_month('{place}', month) FROM (
        SELECT DISTINCT date_trunc('month', day AT TIME ZONE 'UTC')::date AS month
        FROM (SELECT DISTINCT date_bin('24 hours', {AT[place]}, 'epoch') AS day FROM {rows}) AS days
    ) AS months ORDER BY month
    """


def keep(place: str, rows: str) -> str:
    """Put the facts into their months, those of a series beside each other."""
    revision = "revision" if rows.startswith("judged") else "1 AS revision"
    names = ", ".join((*KEYS[place], "revision", *CONTENT[place]))
    taken = ", ".join((*KEYS[place], revision, *CONTENT[place]))
    if place != "sample":
        return f"""
        INSERT INTO {place} (agreement, {names}, intake, received_at)
        SELECT :agreement, {taken}, :intake, :received_at FROM {rows} ORDER BY {AT[place]}
        """
    return f"""
    INSERT INTO sample (agreement, {names}, mark_high, mark_low, intake, received_at)
    SELECT :agreement, {names}, substr(mark, 1, 8)::bigint, substr(mark, 9, 8)::bigint,
           :intake, :received_at
    FROM (SELECT {taken}, {MARK} AS mark FROM {rows} ORDER BY series, at OFFSET 0) AS marked
    """


def enter(place: str) -> str:
    """Enter the facts that came, all of them new, and put them into their months.

    In one statement, for after each of them the thread that reads the file must let us go on first.
    """
    rows = f"coming_{place}"
    return f"WITH entered AS ({register(place, rows)}) {keep(place, rows)}"


def archived(place: str, rows: str) -> str:
    """Facts that would lie in months that are gone before `:gone`, or revise what went with them.

    What reaches further than these months is taken, and so is a further revision of a fact that
    stands in them and stayed. What the register knows and no month keeps has gone.
    """
    revises = rows.startswith("judged")
    stands = f"(came.before IS NULL OR came.at_before >= :gone) AND {OVER[place]}"
    went = f"""
        came.before IS NOT NULL AND came.at_before < :gone AND NOT EXISTS (
            SELECT 1 FROM {place} AS of
            WHERE of.agreement = :agreement AND of.{AT[place]} = came.at_before
              AND of.id = came.id AND of.revision = came.before
        )
    """
    new = ", NULL::integer AS before, NULL::timestamptz AS at_before"
    return f"""
    SELECT {_of(place).replace("coming", "came")} AS kind, id
    FROM (SELECT *{"" if revises else new} FROM {rows}) AS came
    WHERE ({stands}) OR ({went})
    """


TICKET_THERE = """
    EXISTS (
        SELECT 1 FROM fact_key AS known
        WHERE known.agreement = :agreement AND known.kind = 'ticket'
          AND known.id = came.body ->> 'ticket'
          AND (known.intake = :intake AND known.revision = 1 OR EXISTS (
              SELECT 1 FROM ticket AS of
              WHERE of.agreement = :agreement AND of.opened_at = known.at AND of.id = known.id
          ))
    )
"""

OVER = {
    "ticket": """
        came.closed_at IS NOT NULL
        AND greatest(came.opened_at, came.responded_at, came.resolved_at, came.closed_at) < :gone
    """,
    "sample": "came.at < :gone",
    "fact": f"""
        CASE
            WHEN came.kind = 'ticket_event' THEN NOT {TICKET_THERE} AND (
                came.at < :gone OR EXISTS (
                    SELECT 1 FROM fact_key AS known
                    WHERE known.agreement = :agreement AND known.kind = 'ticket'
                      AND known.id = came.body ->> 'ticket'
                )
            )
            WHEN came.kind = ANY(:going) THEN
                came.at < :gone AND coalesce(came.ends_at, came.at) <= :gone
            ELSE false
        END
    """,
}
"""Whether a fact lies wholly before `:gone`; an event of a ticket goes with its ticket."""


def _of(place: str) -> str:
    return "coming.kind" if place == "fact" else KIND[place]
