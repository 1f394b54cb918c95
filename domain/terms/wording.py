"""What pydantic found, in words for the people who write agreements."""

from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

from domain.terms.fields import CONTACT_REF, CURRENCY, EMAIL, HOURS, KEY, UNIT
from domain.terms.problems import Found, Path, Rule, clipped
from domain.terms.tree import Raw

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import ErrorDetails


MOST_NAMES = 12
"""So many possible names are told in a remedy."""


class Said(NamedTuple):
    """A rule that was broken, how, and what to do."""

    rule: Rule
    message: str
    remedy: str


PATTERNS = {
    KEY: (
        Rule.NOT_A_KEY,
        "is not a key",
        "begin with a lower-case letter; go on with lower-case letters, digits, `-` and `_`",
    ),
    CONTACT_REF: (
        Rule.NOT_A_CONTACT,
        "does not name a contact",
        "write the side, a point and the role, for example `client.governance`",
    ),
    EMAIL: (
        Rule.NOT_AN_EMAIL,
        "is not an e-mail address",
        "write for example `governance@client.example`",
    ),
    CURRENCY: (
        Rule.NOT_A_CURRENCY,
        "is not a currency",
        "write its three capital letters, for example `GBP`",
    ),
    UNIT: (Rule.NOT_A_UNIT, "is not a unit", "write `%` or letters only, for example `min`"),
    HOURS: (
        Rule.NOT_HOURS,
        "is not a time of day to another",
        "write for example `08:00-18:00`; `24:00` ends a day",
    ),
}

SHAPES = {
    "model_type": ("a mapping", "write its keys below, one on a line"),
    "dict_type": ("a mapping", "write its keys below, one on a line"),
    "tuple_type": ("a list", "write each entry on a line that begins with `- `"),
}


def said(error: "ErrorDetails", key: str, value: Raw, keys: "Iterable[str]") -> Said:
    """One error of pydantic's; `key` names the key at fault, `keys` are those that could stand."""
    context: dict[str, Any] = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return Said(Rule.MISSING_KEY, f"`{key}` is missing", f"add `{key}: …` to this section")
        case "extra_forbidden":
            return _unknown_key(key, keys)
        case kind if kind in SHAPES:
            wanted, remedy = SHAPES[kind]
            return Said(Rule.WRONG_SHAPE, f"{wanted} belongs here, not {_what(value)}", remedy)
        case "too_short":
            remedy = "write at least one entry"
            return Said(Rule.EMPTY_VALUE, "this is empty", remedy)
        case _ if value == "":
            remedy = "write a value, or leave the key out if the agreement is silent on it"
            return Said(Rule.EMPTY_VALUE, "nothing is written here", remedy)
        case _ if isinstance(value, (dict, list)):
            message = f"a single value belongs here, not {_what(value)}"
            return Said(Rule.WRONG_SHAPE, message, _split(context)[1])
        case _:
            return _about_text(error["type"], context, _quoted(value))


def _about_text(kind: str, context: dict[str, Any], value: str) -> Said:
    match kind:
        case "string_pattern_mismatch":
            rule, message, remedy = PATTERNS[context["pattern"]]
            return Said(rule, f"{value} {message}", remedy)
        case "enum" | "literal_error":
            words = str(context["expected"]).replace("'", "`")
            return Said(Rule.UNKNOWN_WORD, f"{value} is not possible here", f"write {words}")
        case "string_too_short":
            return Said(Rule.EMPTY_VALUE, "nothing is written here", "write a value")
        case "string_too_long":
            most = context["max_length"]
            message = f"the text is longer than {most} characters"
            return Said(Rule.TOO_LONG, message, "shorten it, or refer to an annex")
        case "greater_than_equal":
            remedy = f"write {context['ge']} or more"
            return Said(Rule.OUT_OF_RANGE, f"{value} is too small", remedy)
        case "less_than_equal":
            remedy = f"write {context['le']} or less"
            return Said(Rule.OUT_OF_RANGE, f"{value} is too large", remedy)
        case _:
            return Said(Rule(kind), *_split(context))


def _split(context: dict[str, Any]) -> tuple[str, str]:
    """Our own readers say `problem; remedy`."""
    message, _, remedy = str(context.get("said", "")).rpartition("; ")
    return clipped(message), remedy or "write a single value"


def one_of(alternatives: list[Said]) -> Said:
    """One problem from what was said of each form that the value might have had."""
    vague = {Rule.UNKNOWN_WORD, Rule.WRONG_SHAPE}
    best = min(alternatives, key=lambda each: each.rule in vague)
    remedies = dict.fromkeys(each.remedy for each in alternatives)
    return best._replace(remedy=", or ".join(remedies))


def did_you_mean(word: str, words: "Iterable[str]") -> str | None:
    """The likeliest of the words, if any is near."""
    return next(iter(get_close_matches(word, list(words), n=1)), None)


def unknown_name(path: Path, what: str, name: str, known: "Iterable[str]") -> Found:
    """What is said of a name that nothing has."""
    names = sorted(known)
    near = did_you_mean(name, names)
    possible = (
        f"name one of {listed(names[:MOST_NAMES])}" if names else f"there is no {what}; add one"
    )
    remedy = f"did you mean `{near}`?" if near else possible
    return Found(path, Rule.UNKNOWN_NAME, f"`{name}` is no {what} of this agreement", remedy)


def listed(words: "Iterable[str]") -> str:
    """The words, quoted and with commas."""
    return ", ".join(f"`{word}`" for word in words)


def _unknown_key(key: str, keys: "Iterable[str]") -> Said:
    near = did_you_mean(key, keys)
    remedy = f"did you mean `{near}`?" if near else f"remove it; possible here: {listed(keys)}"
    return Said(Rule.UNKNOWN_KEY, f"`{clipped(key, 60)}` is not a key of this section", remedy)


def _what(value: Raw) -> str:
    match value:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return _quoted(value) if value else "nothing"


def _quoted(value: Raw) -> str:
    return f"'{clipped(str(value), 60)}'"


def plain(value: Decimal) -> str:
    """The number without zeros that say nothing."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
