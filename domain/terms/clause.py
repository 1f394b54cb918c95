"""What every part of an agreement has in common."""

from pydantic import BaseModel, ConfigDict, Field

from domain.terms.fields import Text


class Clause(BaseModel):
    """A term that may cite its clause in the signed document."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clause: Text | None = Field(None, description="Where the signed document says this.")
