"""The gateway: whoever asks for something is authorised here, in the transaction that writes it.

Console, command line and rehearsals come through this door. After the commit the command is sent
to its workflow as a signal; a sweep sends again what has no outcome yet.
"""

from gateway.door import Gateway
from gateway.requests import (
    ConflictError,
    Document,
    ForbiddenError,
    GatewayError,
    InvalidError,
    NotFoundError,
    Reply,
)

__all__ = [
    "ConflictError",
    "Document",
    "ForbiddenError",
    "Gateway",
    "GatewayError",
    "InvalidError",
    "NotFoundError",
    "Reply",
]
