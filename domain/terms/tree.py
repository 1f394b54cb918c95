"""YAML bytes as a tree of texts with places.

Every scalar stays text: `NO` is not false, `12:30` not 45000, `017` not 15. The tree is built
from parser events, not from nodes, so that limits hold before anything large has been built and
an alias is refused without ever being expanded.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, NoReturn, TypeAlias, TypeGuard, cast

import yaml

from domain.terms.problems import Path, Problem, Rule, clipped

MOST_BYTES = 256 * 1024
MOST_DEPTH = 20
MOST_NODES = 10_000

HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""Control characters, spaces of no width, marks that reverse the direction, half characters."""

NAME = re.compile(r"[A-Za-z0-9_-]+")


class Unread(Enum):
    """Stands where something was refused, so that nobody complains about it twice."""

    UNREAD = auto()


UNREAD = Unread.UNREAD

Raw: TypeAlias = "str | list[Raw] | dict[str, Raw] | Unread"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a value stands: line and column from 1, its characters in the text, its quotes."""

    line: int
    column: int
    start: int
    end: int
    style: str | None


NOWHERE = Spot(1, 1, 0, 0, None)


@dataclass(frozen=True, slots=True)
class Tree:
    """A document as read: texts, lists and mappings; where each stands; what was wrong."""

    file: str
    root: Raw
    spots: dict[Path, Spot]
    keys: dict[Path, Spot]
    labels: dict[Path, str]
    problems: tuple[Problem, ...]

    def get(self, path: Path) -> Raw:
        """The value at an existing path."""
        node: Any = self.root
        for step in path:
            node = node[step]
        return cast("Raw", node)

    def spot(self, path: Path) -> Spot:
        """Where the value stands, or the nearest thing around it that does exist."""
        while path and path not in self.spots:
            path = path[:-1]
        return self.spots.get(path, NOWHERE)

    def name(self, path: Path) -> str:
        """`kpis.arrival.bands[0]`: list items by their key or level, else by their index."""
        prefixes = (path[: depth + 1] for depth in range(len(path)))
        return "".join(
            self.labels[prefix] if prefix in self.labels else f".{prefix[-1]}"
            for prefix in prefixes
        ).removeprefix(".")

    def texts(self) -> Iterator[tuple[Path, str]]:
        """Every scalar with its path, in the order of the document."""
        for path in self.spots:
            value = self.get(path)
            if isinstance(value, str):
                yield path, value

    def problem(
        self, path: Path, rule: Rule, message: str, remedy: str, at: Spot | None = None
    ) -> Problem:
        """A problem with the value at that path."""
        spot = at or self.spot(path)
        said = clipped(message), clipped(remedy, 400)
        return Problem(self.file, spot.line, spot.column, self.name(path), rule, *said)


def read_tree(raw: bytes, file: str) -> Tree:
    """Read the tree of a document. Whatever the bytes, what is wrong with them is in `problems`."""
    composer = _Composer(file)
    try:
        composer.compose(_decoded(raw, composer))
    except _StopError:
        return Tree(file, UNREAD, {}, {}, {}, tuple(composer.problems))
    return composer.tree


class _StopError(Exception):
    """Nothing after this place can be read."""


def _decoded(raw: bytes, composer: "_Composer") -> str:
    if len(raw) > MOST_BYTES:
        composer.stop(
            NOWHERE,
            Rule.TOO_LARGE,
            f"the file has {len(raw)} bytes; at most {MOST_BYTES} are read",
            "keep facts and annexes in files of their own",
        )
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode()
        composer.stop(
            _spot_after(before),
            Rule.NOT_UTF8,
            f"the byte 0x{raw[error.start]:02x} is not UTF-8 text",
            "save the file with the encoding UTF-8",
        )


def _spot_after(text: str) -> Spot:
    column = len(text) - (text.rfind("\n") + 1) + 1
    return Spot(text.count("\n") + 1, column, len(text), len(text), None)


def _spot(event: yaml.Event) -> Spot:
    start, end = cast("yaml.Mark", event.start_mark), cast("yaml.Mark", event.end_mark)
    style = getattr(event, "style", None)
    return Spot(start.line + 1, start.column + 1, start.index, end.index, style)


SYNTAX = (
    ("found character '\\t'", "indent with spaces, never with tabs"),
    (
        "mapping values are not allowed",
        "put quotes around a text that contains `: `, or check the indentation of this line",
    ),
    ("could not find expected ':'", "write a colon and a space after the key"),
    ("unexpected end of stream", "close the quote that was opened before"),
    ("that cannot start any token", "put quotes around a text that begins with this character"),
    ("expected ',' or", "close the bracket, or separate its entries by commas"),
)


def _syntax_remedy(said: str) -> str:
    general = "check indentation, colons, quotes and brackets here and on the line before"
    return next((remedy for part, remedy in SYNTAX if part in said), general)


@dataclass
class _Composer:
    """Builds the tree from events; complains and goes on where a tree remains possible."""

    file: str
    spots: dict[Path, Spot] = field(default_factory=dict)
    keys: dict[Path, Spot] = field(default_factory=dict)
    labels: dict[Path, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    nodes: int = 0
    here: Spot = NOWHERE

    def __post_init__(self) -> None:
        self.tree = self.snapshot(UNREAD)

    def snapshot(self, root: Raw) -> Tree:
        return Tree(self.file, root, self.spots, self.keys, self.labels, tuple(self.problems))

    def complain(self, path: Path, spot: Spot, rule: Rule, message: str, remedy: str) -> None:
        self.problems.append(self.tree.problem(path, rule, message, remedy, spot))

    def stop(self, spot: Spot, rule: Rule, message: str, remedy: str) -> NoReturn:
        self.complain((), spot, rule, message, remedy)
        raise _StopError

    def compose(self, text: str) -> None:
        try:
            self.tree = self.snapshot(self.document(yaml.parse(text, Loader=yaml.BaseLoader)))
        except yaml.reader.ReaderError as error:
            spot = _spot_after(text[: error.position])
            self.stop(
                spot,
                Rule.HIDDEN_CHARACTER,
                f"the character U+{error.character:04X} cannot be seen",
                "remove the character",
            )
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            spot = Spot(mark.line + 1, mark.column + 1, 0, 0, None) if mark else self.here
            said = str(error.problem or error.context)
            self.stop(spot, Rule.YAML_SYNTAX, f"not readable: {said}", _syntax_remedy(said))
        except (ValueError, OverflowError):  # PyYAML lets these escape for `"\UFFFFFFFF"`
            said = "a number in an escape or directive after this place is too large"
            self.stop(self.here, Rule.YAML_SYNTAX, said, "write the character itself")

    def document(self, events: Iterator[yaml.Event]) -> Raw:
        next(events)  # the stream's start
        if isinstance(next(events), yaml.StreamEndEvent):
            self.stop_empty()
        root = self.node(next(events), events, ())
        next(events)  # the document's end
        more = next(events)
        if not isinstance(more, yaml.StreamEndEvent):
            self.complain(
                (),
                _spot(more),
                Rule.SEVERAL_DOCUMENTS,
                "a second document begins here",
                "keep one document in one file; remove the line `---`",
            )
        if root == "":
            self.stop_empty()
        if isinstance(root, (str, list)):
            self.stop(
                self.spots[()],
                Rule.NOT_A_MAPPING,
                "the document does not begin with a key",
                "begin with `key: value` lines",
            )
        return root

    def stop_empty(self) -> NoReturn:
        said = "the document is empty"
        self.stop(NOWHERE, Rule.EMPTY_DOCUMENT, said, "begin with `key: value` lines")

    def node(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path) -> Raw:
        self.here = spot = _spot(event)
        self.spots[path] = spot
        self.keep_limits(path, spot)
        if isinstance(event, yaml.AliasEvent):
            self.complain_of_alias(path, spot, f"`*{event.anchor}` refers to another place")
            return UNREAD
        self.refuse_marks(event, path, spot)
        match event:
            case yaml.ScalarEvent():
                return self.text(event, path, spot)
            case yaml.SequenceStartEvent():
                return self.items(events, path)
            case _:
                return self.pairs(events, path)

    def keep_limits(self, path: Path, spot: Spot) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            said = f"the document has more than {MOST_NODES} keys and values"
            self.stop(spot, Rule.TOO_MANY_NODES, said, "divide it into several agreements")
        if len(path) > MOST_DEPTH:
            said = f"more than {MOST_DEPTH} levels stand inside each other"
            self.stop(spot, Rule.TOO_DEEP, said, "check the brackets and the indentation")

    def complain_of_alias(self, path: Path, spot: Spot, said: str) -> None:
        self.complain(path, spot, Rule.ALIAS, said, "write the value out in each place")

    def refuse_marks(self, event: yaml.Event, path: Path, spot: Spot) -> None:
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if anchor is not None:
            self.complain_of_alias(path, spot, f"`&{anchor}` marks a value for use elsewhere")
        if tag is not None:
            said = f"the tag `{tag}` would change what the value is"
            self.complain(path, spot, Rule.CUSTOM_TAG, said, "remove the tag; values are text")

    def text(self, event: yaml.ScalarEvent, path: Path, spot: Spot) -> Raw:
        text = str(event.value)
        hidden = HIDDEN.search(text)
        if hidden is None:
            return text
        said = f"the text contains the character U+{ord(hidden[0]):04X}, which cannot be seen"
        self.complain(path, spot, Rule.HIDDEN_CHARACTER, said, "remove the character")
        return UNREAD

    def items(self, events: Iterator[yaml.Event], path: Path) -> Raw:
        items: list[Raw] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            at = (*path, len(items))
            self.labels[at] = f"[{len(items)}]"
            items.append(self.node(event, events, at))
        self.labels.update(_labels(items, path))
        return items

    def pairs(self, events: Iterator[yaml.Event], path: Path) -> Raw:
        pairs: dict[str, Raw] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            spot = _spot(event)
            key = self.unrecorded(event, events, path)
            if self.can_stand(key, spot, path, pairs):
                self.keys[*path, key] = spot
                pairs[key] = self.node(next(events), events, (*path, key))
            else:
                self.unrecorded(next(events), events, path)
        return pairs

    def can_stand(self, key: Raw, spot: Spot, path: Path, pairs: dict[str, Raw]) -> TypeGuard[str]:
        if not isinstance(key, str):
            said = "a key is a single text"
            self.complain(path, spot, Rule.KEY_NOT_TEXT, said, "write `key: value`")
            return False
        if key in pairs:
            said = f"`{key}` stands here for a second time"
            remedy = f"keep one; the first is on line {self.keys[*path, key].line}"
            self.complain((*path, key), spot, Rule.DUPLICATE_KEY, said, remedy)
        return key not in pairs

    def unrecorded(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path) -> Raw:
        """Read a key, or what has to go: complain of what is wrong inside, but keep no places."""
        kept = self.spots, self.keys, self.labels
        self.spots, self.keys, self.labels = {}, {}, {}
        node = self.node(event, events, (*path, "?"))
        self.spots, self.keys, self.labels = kept
        return node


def _labels(items: list[Raw], path: Path) -> dict[Path, str]:
    """Names of the items that have one of their own: their `key`, or else their `level`."""
    names = [_label(item) for item in items]
    times = Counter(names)
    return {
        (*path, index): f".{name}" for index, name in enumerate(names) if name and times[name] == 1
    }


def _label(item: Raw) -> str | None:
    name = item.get("key", item.get("level")) if isinstance(item, dict) else None
    return name if isinstance(name, str) and NAME.fullmatch(name) else None
