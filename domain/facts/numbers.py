"""Numbers as files write them, `1.234,5` or `1 234.5`, and the plain writing of each."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

DecimalMark = Literal["point", "comma"]
ThousandsMark = Literal["point", "comma", "space", "apostrophe"]

MARKS: dict[str, str] = {
    "point": ".",
    "comma": ",",
    "space": " \u00a0\u202f",
    "apostrophe": "'\u2019",
}
"""The characters that each word means."""

PERCENT = re.compile(r" ?%")


def plain_number(
    decimal: DecimalMark, thousands: ThousandsMark | None
) -> Callable[[str], str | None]:
    """The plain writing of numbers that are so written; None for a text of which that is not sure.

    What is no number at all stays as it is: the reader of the fact tells of it.
    """
    point = MARKS[decimal]
    marks = MARKS[thousands] if thousands is not None else ""
    grouped = re.compile(
        rf"[+-]?[0-9]{{1,3}}(?:[{marks}][0-9]{{3}})+(?:[{point}][0-9]+)?" if marks else "(?!)"
    )
    others = "".join(MARKS[each] for each in ("point", "comma") if each not in {decimal, thousands})

    def plainly(text: str) -> str | None:
        percent = PERCENT.search(text)
        number, sign = (text[: percent.start()], percent[0]) if percent else (text, "")
        if any(mark in number for mark in marks):
            if grouped.fullmatch(number) is None:
                return None
            number = "".join(each for each in number if each not in marks)
        elif decimal == "comma" and any(mark in number for mark in others):
            return None
        return number.replace(point, ".", 1) + sign

    return plainly


@dataclass(frozen=True, slots=True)
class Writing:
    """How a sample of numbers is written: an example of each sort that was found.

    `unclear` is one that says different things with a point and with a comma for decimals.
    """

    comma: str | None = None
    point: str | None = None
    unclear: str | None = None
    thousands: ThousandsMark | None = None


SURE = {
    decimal: re.compile(
        # Decimals behind the mark that are not three, or thousands before it, or several of these.
        rf"[+-]?(?:[0-9]*{d}(?:[0-9]{{1,2}}|[0-9]{{4,}})|0{d}[0-9]+|[0-9]{{4,}}{d}[0-9]+"
        rf"|[0-9]{{1,3}}(?:[{t} \u00a0\u202f'\u2019][0-9]{{3}})+{d}[0-9]+"
        rf"|[0-9]{{1,3}}(?:{t}[0-9]{{3}}){{2,}})"
    )
    for decimal, d, t in (("comma", ",", r"\."), ("point", r"\.", ","))
}

UNCLEAR = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")

GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:[ \u00a0\u202f'\u2019][0-9]{3})+")
"""Whole numbers whose thousands are apart, which say nothing of decimals."""


def writing_of(texts: Iterable[str]) -> Writing:
    """How these texts write numbers, as far as any of them is sure."""
    found: dict[str, str] = {}
    marks: set[str] = set()
    for said in texts:
        text = PERCENT.sub("", said)
        sort = _sort(text)
        if sort is not None:
            found.setdefault(sort, said)
            marks |= {word for word, each in MARKS.items() if any(mark in text for mark in each)}
    decimals = {"comma", "point"} & found.keys()
    if not decimals:
        marks -= {"comma", "point"}
    return Writing(
        found.get("comma"),
        found.get("point"),
        found.get("unclear"),
        _thousands(marks - decimals) if len(decimals) <= 1 else None,
    )


def _sort(text: str) -> str | None:
    """What a text shows: decimals behind a comma or a point, that it is unclear, or only groups."""
    forms = {**SURE, "unclear": UNCLEAR, "grouped": GROUPED}
    return next((sort for sort, form in forms.items() if form.fullmatch(text)), None)


def _thousands(marks: set[str]) -> ThousandsMark | None:
    words: tuple[ThousandsMark, ...] = ("point", "comma", "space", "apostrophe")
    return next((word for word in words if word in marks), None)
