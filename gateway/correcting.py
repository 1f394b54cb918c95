"""What becomes of corrections (`corrects`): revisions of the facts that they name."""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.facts.chains import Chains, Known, Name, Telling, chained
from store.aliases import known_among, revisions_of


async def resolved(
    connection: AsyncConnection,
    agreement: str,
    tellings: Sequence[Telling],
    aliases: Mapping[Name, str],
) -> Chains:
    """What becomes of tellings, by what the record knows of the facts that they name."""
    named = {each.name for each in tellings}
    named |= {(each.kind, each.fact.corrects) for each in tellings if each.fact.corrects}
    facts = {(name[0], aliases[name]) for name in named if name in aliases}
    known = await known_among(connection, agreement, named | facts)
    of_facts = {name: fact for name, fact in aliases.items() if (name[0], fact) in known}
    corrected = {(kind, fact) for (kind, _), fact in of_facts.items()}
    revisions = await revisions_of(connection, agreement, corrected)
    return chained(tellings, Known(known, of_facts, revisions))
