"""A proposed change: whose turn it is, and how it can end. Nobody approves his own proposal."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ChangeOutcome(StrEnum):
    """How a change ended."""

    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


def party_of(actor: str) -> str:
    """The side that a contact stands on."""
    return actor.split(".", 1)[0]


def other_party(party: str) -> str:
    """The side across the table."""
    return "provider" if party == "client" else "client"


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer lies on the table until it expires."""

    round: int
    offered_by: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ChangeStart:
    """What a change is started with, once its first offer lies before the other party."""

    subject: str
    agreement: str
    offer: Offer
    offset_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ChangeClosed:
    """What the agreement hears: how it ended and, if approved, which edition takes effect when."""

    change: str
    outcome: ChangeOutcome
    edition: int | None = None
    effective_at: datetime | None = None
