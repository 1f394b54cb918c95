"""A renewal: the client decides, the provider confirms, and silence means what was agreed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.terms.shape import Silence


class RenewalOutcome(StrEnum):
    """How the renewal window ended."""

    RENEWED = "renewed"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class RenewalPlan:
    """When silence counts."""

    decide_by: datetime


@dataclass(frozen=True, slots=True)
class RenewalStart:
    """What a renewal is started with, once the client is asked."""

    subject: str
    agreement: str
    plan: RenewalPlan
    offset_s: float = 0.0


@dataclass(frozen=True, slots=True)
class RenewalStep:
    """What an answer came to: settled, or waiting for the other side."""

    outcome: RenewalOutcome | None


def by_silence(silence: Silence) -> RenewalOutcome:
    """What an unanswered window means; a client's yes that nobody confirmed is still unanswered."""
    return RenewalOutcome.RENEWED if silence is Silence.RENEW else RenewalOutcome.LAPSED


@dataclass(frozen=True, slots=True)
class RenewalSettled:
    """What the agreement hears."""

    renewal: str
    outcome: RenewalOutcome
