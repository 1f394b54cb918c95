"""The gateway: whoever asks for something is authorised here, in the transaction that writes it.

Console, command line and rehearsals come through this door. After the commit the command is sent
to its workflow as a signal; a sweep sends again what has no outcome yet.
"""

from gateway.door import Gateway
from gateway.handing_in import Way
from gateway.held import Decision
from gateway.requests import (
    ConflictError,
    Document,
    ForbiddenError,
    GatewayError,
    InvalidError,
    NotFoundError,
    Reply,
)
from store.quarantine import Choice

__all__ = [
    "Choice",
    "ConflictError",
    "Decision",
    "Document",
    "ForbiddenError",
    "Gateway",
    "GatewayError",
    "InvalidError",
    "NotFoundError",
    "Reply",
    "Way",
]
