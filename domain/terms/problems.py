"""What is wrong with a document: where, by which rule, and what to do about it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""The keys and indices that lead to a value."""


class Rule(StrEnum):
    """The rules that a document can break; their ids are stable. See `docs/agreement.md`."""

    # The text of the file.
    TOO_LARGE = "too-large"
    NOT_UTF8 = "not-utf8"
    YAML_SYNTAX = "yaml-syntax"
    EMPTY_DOCUMENT = "empty-document"
    NOT_A_MAPPING = "not-a-mapping"
    SEVERAL_DOCUMENTS = "several-documents"
    TOO_DEEP = "too-deep"
    TOO_MANY_NODES = "too-many-nodes"
    DUPLICATE_KEY = "duplicate-key"
    ALIAS = "alias"
    CUSTOM_TAG = "custom-tag"
    KEY_NOT_TEXT = "key-not-text"
    HIDDEN_CHARACTER = "hidden-character"

    # The shape: which keys, and how each value is written.
    MISSING_KEY = "missing-key"
    UNKNOWN_KEY = "unknown-key"
    WRONG_SHAPE = "wrong-shape"
    EMPTY_VALUE = "empty-value"
    TOO_LONG = "too-long"
    UNKNOWN_WORD = "unknown-word"
    OUT_OF_RANGE = "out-of-range"
    NOT_A_KEY = "not-a-key"
    NOT_A_CONTACT = "not-a-contact"
    NOT_AN_EMAIL = "not-an-email"
    NOT_A_CURRENCY = "not-a-currency"
    NOT_A_UNIT = "not-a-unit"
    NOT_A_WHOLE_NUMBER = "not-a-whole-number"
    NOT_A_NUMBER = "not-a-number"
    NOT_A_PERCENTAGE = "not-a-percentage"
    NOT_A_DATE = "not-a-date"
    NOT_TRUE_OR_FALSE = "not-true-or-false"
    NOT_A_LENGTH = "not-a-length"
    NOT_DAYS = "not-days"
    NOT_A_THRESHOLD = "not-a-threshold"
    NOT_A_ZONE = "not-a-zone"
    NOT_A_RHYTHM = "not-a-rhythm"
    NOT_A_STRETCH = "not-a-stretch"
    NOT_HOURS = "not-hours"

    # Names and keys.
    UNKNOWN_NAME = "unknown-name"
    KEY_NEEDED = "key-needed"
    KEY_WITHOUT_USE = "key-without-use"
    EXACTLY_ONE = "exactly-one"
    CIRCULAR = "circular"

    # People.
    UNKNOWN_CONTACT = "unknown-contact"
    WRONG_SIDE = "wrong-side"
    SELF_ACCEPTANCE = "self-acceptance"
    LEVEL_ORDER = "level-order"
    ONE_SIDED = "one-sided"

    # Time.
    REPEATED_KEY = "repeated-key"
    NO_GO_LIVE = "no-go-live"
    GO_LIVE_NOT_LAST = "go-live-not-last"
    GO_LIVE_NOT_A_GATE = "go-live-not-a-gate"
    GO_LIVE_AFTER_TERM = "go-live-after-term"
    MILESTONE_ORDER = "milestone-order"
    ZERO_LENGTH = "zero-length"
    NOTICE_TOO_SHORT = "notice-too-short"
    LONGER_THAN_TERM = "longer-than-term"
    REMINDER_TOO_EARLY = "reminder-too-early"
    CUT_OFF_TOO_LONG = "cut-off-too-long"
    KEPT_TOO_SHORT = "kept-too-short"

    # Measures and targets.
    NO_SINGLE_SOURCE = "no-single-source"
    UNIT_MISMATCH = "unit-mismatch"
    GOOD_MISSING = "good-missing"
    GOOD_WITHOUT_USE = "good-without-use"
    BY_DUE_WITHOUT_TICKETS = "by-due-without-tickets"
    MEAN_OF_FLAG = "mean-of-flag"
    NEVER_MISSED = "never-missed"
    NEVER_MET = "never-met"
    MINIMUM_OTHER_SIDE = "minimum-other-side"
    MINIMUM_NOT_LOOSER = "minimum-not-looser"

    WEIGHT_OF_ZERO = "weight-of-zero"
    WEIGHTS_NOT_WHOLE = "weights-not-whole"

    # Service hours.
    BAD_CALENDAR = "bad-calendar"
    NEVER_REACHED = "never-reached"

    # Bands and charges.
    BAND_EDGES = "band-edges"
    BAND_EMPTY = "band-empty"
    BAND_UNREACHABLE = "band-unreachable"
    BAND_GAP = "band-gap"
    BAND_OVERLAP = "band-overlap"
    BANDS_WITHOUT_CREDIT = "bands-without-credit"
    BAND_CREDITS_A_MET_TARGET = "band-credits-a-met-target"
    BAND_REWARDS_A_MISSED_TARGET = "band-rewards-a-missed-target"
    TARGET_OUTSIDE_BANDS = "target-outside-bands"
    CREDITS_FALL = "credits-fall"
    CHARGES_WITHOUT_EFFECT = "charges-without-effect"
    NO_CURRENCY = "no-currency"
    NOT_IN_CURRENCY = "not-in-currency"

    # Patterns and triggers.
    COUNT_EXCEEDS_WINDOW = "count-exceeds-window"
    PATTERN_NEVER_TRUE = "pattern-never-true"
    POINTS_OUT_OF_REACH = "points-out-of-reach"
    TERMINATION_WITHOUT_RIGHT = "termination-without-right"

    # Remedies.
    NOT_ABOVE_ZERO = "not-above-zero"
    STEP_GAP = "step-gap"
    STEP_OVERLAP = "step-overlap"
    ALLOCATION_OVER_LIMIT = "allocation-over-limit"
    ALLOCATION_ABOVE_WHOLE = "allocation-above-whole"
    NOTHING_GIVES_POINTS = "nothing-gives-points"
    REMEDY_WITHOUT_EFFECT = "remedy-without-effect"
    REWARD_OF_FAILURE = "reward-of-failure"
    CAP_CANNOT_HOLD = "cap-cannot-hold"
    CAP_BELOW_CREDIT = "cap-below-credit"
    EARN_BACK_WITHOUT_CREDITS = "earn-back-without-credits"
    EARN_BACK_ABOVE_WHOLE = "earn-back-above-whole"
    EARN_BACK_FOR_FAILURE = "earn-back-for-failure"

    # Amendments.
    OTHER_AGREEMENT = "other-agreement"
    UNKNOWN_PATH = "unknown-path"
    HOLIDAYS_END_EARLY = "holidays-end-early"
    INDEXED_AFTER_TERM = "indexed-after-term"
    NOT_A_SINGLE_VALUE = "not-a-single-value"
    NOT_A_LIST = "not-a-list"
    CHANGES_NOTHING = "changes-nothing"
    IDENTITY = "identity"


WARNINGS = frozenset(
    {
        Rule.WEIGHTS_NOT_WHOLE,
        Rule.POINTS_OUT_OF_REACH,
        Rule.CREDITS_FALL,
        Rule.TERMINATION_WITHOUT_RIGHT,
        Rule.ALLOCATION_ABOVE_WHOLE,
        Rule.REMEDY_WITHOUT_EFFECT,
        Rule.CAP_BELOW_CREDIT,
        Rule.HOLIDAYS_END_EARLY,
        Rule.INDEXED_AFTER_TERM,
    }
)
"""What may be meant, and is only pointed out. Every other rule refuses the document."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend, or to look at, at its place. Lines and columns count from 1."""

    file: str
    line: int
    column: int
    path: str
    rule: Rule
    message: str
    remedy: str

    @property
    def refuses(self) -> bool:
        """Whether the document cannot be used before this is mended."""
        return self.rule not in WARNINGS

    def __str__(self) -> str:
        """Write the problem on one line, as compilers do."""
        said = f"{self.message} ({self.rule}) → {self.remedy}"
        level = "" if self.refuses else "warning: "
        return f"{self.file}:{self.line}:{self.column}: {level}{' '.join(said.split())}"


class Found(NamedTuple):
    """Something that a rule found wrong, at a path below the part that the rule was given."""

    path: Path
    rule: Rule
    message: str
    remedy: str


Findings: TypeAlias = Iterator[Found]

Rules: TypeAlias = tuple[tuple[str, Callable[[Any], Findings]], ...]
"""Rules, and the parts of an agreement over which each runs (`domain.terms.kinds.values_at`)."""


def clipped(text: str, most: int = 160) -> str:
    """The text, or its two ends when it is too long to read."""
    half = most // 2
    return text if len(text) <= most else f"{text[:half]} … {text[-half:]}"
