"""A mapping proposed from the header of a table and its first rows, as YAML for a person to edit."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import PurePath

from domain.facts import FactKind
from domain.facts.cells import COLUMN, NUMBERS, TIMES
from domain.facts.columns import OWN
from domain.facts.formats import COMMA, UTF_8
from domain.facts.numbers import writing_of
from domain.facts.sniffing import Begun
from domain.facts.times import time_form

CHOOSE = "CHOOSE A COLUMN"

GUESSES: Mapping[FactKind, Mapping[str, tuple[str, ...]]] = {
    FactKind.TICKET: {
        "id": ("number", "case_id", "ticket", "ticket_id", "incident", "case_number", "issue_key"),
        "opened": ("open", "created", "sys_created", "reported", "submitted"),
        "responded": ("first_response", "first_reply", "acknowledged", "taken"),
        "resolved": ("resolution", "solved", "fixed"),
        "closed": ("close", "completed"),
        "due": ("target", "sla_due", "deadline"),
    },
    FactKind.TICKET_EVENT: {
        "ticket": ("number", "case_id", "ticket_id", "incident", "issue_key"),
        "at": ("sys_updated", "updated", "changed", "timestamp"),
        "event": ("state", "incident_state", "status", "action"),
        "actor": ("sys_updated_by", "updated_by", "changed_by", "author"),
    },
    FactKind.SAMPLE: {"at": ("timestamp", "checked", "measured"), "series": ("metric", "check")},
    FactKind.OUTAGE: {"service": ("system", "ci", "cmdb_ci"), "cause": ("reason",)},
}
"""What other systems call the columns, without `_at`, `_dt`, `_date` and the like."""

ENDING = re.compile(r"_(at|dt|on|date|time|datetime)$")

PERSONAL = re.compile(
    r"name|caller|user|mail|phone|_by$|assigned|person|address|customer|contact|author|employee"
)
"""Names of columns that may say who somebody is; these are never proposed."""

FORMS = (
    "D/M/YYYY H:MM",
    "M/D/YYYY H:MM",
    "D/M/YYYY H:MM:SS",
    "M/D/YYYY H:MM:SS",
    "M/D/YYYY H:MM AM",
    "M/D/YYYY H:MM:SS AM",
    "D.M.YYYY H:MM",
    "D.M.YYYY H:MM:SS",
    "D-M-YYYY H:MM",
    "YYYY/M/D H:MM",
    "YYYY/M/D H:MM:SS",
    "D/M/YYYY",
    "M/D/YYYY",
    "D.M.YYYY",
    "YYYYMMDD",
)

STRICT = tuple(
    time_form(form)
    for form in (
        "YYYY-MM-DD",
        "YYYY-MM-DD HH:MM",
        "YYYY-MM-DD HH:MM:SS",
        "YYYY-MM-DDTHH:MM",
        "YYYY-MM-DDTHH:MM:SS",
    )
)

MARKS = ("?", "NULL", "null", "N/A", "n/a", "NA", "None", "NaN", "-", "--", "#N/A")

FEW = 12
"""A column of so few different texts may be one to choose or to split by."""


def propose(file: str, begun: Begun, kind: FactKind) -> str:
    """The text of a mapping file. What is only guessed says so in a comment."""
    header, sample = begun.header, begun.rows
    texts = {name: [row[place] for row in sample] for place, name in enumerate(header)}
    marks = [mark for mark in MARKS if any(mark in said for said in texts.values())]
    chosen = _chosen(kind, header)
    times = [
        text
        for column in OWN[kind]
        if column.name in chosen and column.read in TIMES
        for text in texts[chosen[column.name]]
        if text and text not in marks
    ]
    ids = [text for text in texts.get(chosen.get("id", ""), []) if text not in marks]
    form = [*_form(begun), *_numbers(kind, chosen, texts, marks)]
    return "\n".join(
        _lines(file, kind, chosen, texts, marks, times, form, twice=len(set(ids)) < len(ids))
    )


def _form(begun: Begun) -> Iterator[str]:
    """How the file is written, where that is not as in files of facts."""
    if begun.separator != COMMA:
        yield f"separator: {json.dumps(_separator(begun.separator))}"
    for other in begun.others:
        yield f"# the columns could be separated by this as well: {json.dumps(_separator(other))}"
    if begun.encoding != UTF_8:
        yield f"encoding: {begun.encoding}  # guessed: the file is not UTF-8; look at its accents"


def _separator(separator: str) -> str:
    return "tab" if separator == "\t" else separator


def _numbers(
    kind: FactKind,
    chosen: Mapping[str, str],
    texts: Mapping[str, Sequence[str]],
    marks: Sequence[str],
) -> Iterator[str]:
    """How the file writes numbers, where that is sure; where it is not, why."""
    wanted = [column.name for column in OWN[kind] if column.read in NUMBERS]
    named = [texts[chosen[name]] for name in wanted if name in chosen]
    # Where no column is known to hold numbers, all that hold nothing else are looked at.
    looked_at = named or [said for said in texts.values() if wanted and _all_numbers(said, marks)]
    writing = writing_of(text for said in looked_at for text in said)
    thousands = [f"thousands: {writing.thousands}"] if writing.thousands else []
    if writing.comma and writing.point:
        both = f"{json.dumps(writing.comma)} and {json.dumps(writing.point)}"
        yield f"# decimal: comma  # numbers are written both ways, {both}: look at the file"
    elif writing.comma:
        yield f"decimal: comma  # {json.dumps(writing.comma)}"
        yield from thousands
    elif writing.unclear and not writing.point:
        said = f"{json.dumps(writing.unclear)} may be over a thousand, or have three decimals"
        yield f"# decimal: comma  # {said}: say `decimal` and `thousands`, or leave both out"
        yield from thousands
    else:
        yield from thousands


NUMBER = re.compile(r"[+-]?[0-9][0-9.,' \u00a0\u202f\u2019]*( ?%)?")


def _all_numbers(said: Sequence[str], marks: Sequence[str]) -> bool:
    return all(NUMBER.fullmatch(text) for text in said if text and text not in marks)


def _chosen(kind: FactKind, header: Sequence[str]) -> dict[str, str]:
    """Which column of the file each column of the fact may be."""
    bare = {_bare(name): name for name in reversed(header)}
    plain = {_plain(name): name for name in reversed(header)}
    found: dict[str, str] = {}
    for column in OWN[kind]:
        for guess in (column.name, *GUESSES.get(kind, {}).get(column.name, ())):
            name = plain.get(guess) or bare.get(guess)
            if name is not None and name not in found.values():
                found[column.name] = name
                break
    return found


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def _bare(name: str) -> str:
    return ENDING.sub("", _plain(name))


def _forms(times: Sequence[str]) -> list[str]:
    """The forms in which most times can be read; none when they are plainly written already."""
    texts = set(times)
    if all(any(form(text) for form in STRICT) for text in texts):
        return []
    fits = {form: sum(map(_is_day, map(time_form(form), texts))) for form in FORMS}
    most = max(fits.values())
    return [form for form, count in fits.items() if count == most and 2 * most > len(texts)]


def _is_day(said: str | None) -> bool:
    try:
        return said is not None and bool(date.fromisoformat(said[:10]))
    except ValueError:
        return False


def _lines(
    file: str,
    kind: FactKind,
    chosen: Mapping[str, str],
    texts: Mapping[str, Sequence[str]],
    marks: Sequence[str],
    times: Sequence[str],
    form: Sequence[str],
    *,
    twice: bool,
) -> Iterator[str]:
    name = _plain(PurePath(file).name.split(".")[0]).strip("_") or "mapping"
    yield f"# Proposed from the header of {json.dumps(PurePath(file).name, ensure_ascii=False)}."
    yield "# Look at every line; columns that are not named here are dropped."
    yield f"mapping: {name if COLUMN.fullmatch(name) else 'proposed'}"
    yield from form
    yield "# zone: Europe/London  # of the times in the file; silent: that of the agreement"
    forms = _forms(times)
    if forms:
        yield f"times: [{json.dumps(forms[0])}]"
        for other in forms[1:]:
            yield f"# the times fit as well: {json.dumps(other)}"
    if marks:
        yield f"missing: {json.dumps(list(marks), ensure_ascii=False)}"
    yield "facts:"
    yield f"  - kind: {kind}"
    if twice:
        yield "    rows: last  # ids come more than once: the last row of each counts"
    yield "    columns:"
    for column in OWN[kind]:
        if column.name in chosen:
            yield f"      {column.name}: {_quoted(chosen[column.name])}"
        elif column.required:
            yield f"      {column.name}: {CHOOSE}  # needed"
        else:
            yield f"      # {column.name}: {CHOOSE}"
    further = list(_further(chosen, texts, marks))
    if further:
        yield "      # further columns, for `where` and `per`:"
        yield from further


def _further(
    chosen: Mapping[str, str], texts: Mapping[str, Sequence[str]], marks: Sequence[str]
) -> Iterator[str]:
    for name, said in texts.items():
        target = _plain(name)
        different = set(said) - set(marks) - {""}
        if (
            name not in chosen.values()
            and COLUMN.fullmatch(target)
            and not PERSONAL.search(target)
            and 1 < len(different) <= FEW
        ):
            yield f"      # {target}: {_quoted(name)}"


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z][A-Za-z0-9_ ]*", name) else json.dumps(name)
