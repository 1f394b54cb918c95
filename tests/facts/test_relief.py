"""Relief is claimed by one party and decided by the other, whoever hands in the file."""

import pytest

from gateway import Choice, ConflictError
from tests.facts.handing import DESK, RECEIVED, Desk

CLIENT = "client.governance"

HEAD = "id,start,end,ground,claimed_by,decision,decided_at\n"


def claim(decision: str = "pending", claimed_by: str = "provider") -> str:
    return f"{HEAD}L1,2027-02-01,2027-02-02,flood,{claimed_by},{decision},\n"


async def test_the_provider_claims_and_the_client_grants(desk: Desk) -> None:
    claimed = await desk.hand_in("facts-relief-1.csv", claim())
    granted = await desk.hand_in("facts-relief-2.csv", claim("approved"), actor=CLIENT)

    assert (claimed.accepted, granted.accepted) == (1, 1)


async def test_nobody_grants_a_claim_of_his_own(desk: Desk) -> None:
    await desk.hand_in("facts-relief-1.csv", claim())

    assert await desk.refused("facts-relief-2.csv", claim("approved")) == ["2:6 other-party"]
    # Nor one that is made out to be the other's.
    told = await desk.refused("facts-relief-3.csv", claim("approved", "client"))
    assert told == ["2:6 other-party"]
    told = await desk.refused("facts-relief-4.csv", claim("pending", "client"))
    assert told == ["2:5 other-party"]


async def test_a_row_set_aside_is_released_by_the_party_that_may_say_it(desk: Desk) -> None:
    await desk.hand_in("facts-relief.csv", claim("approved"), quarantine=True)
    numbers = await desk.numbers()

    with pytest.raises(ConflictError, match="only the client decides on it"):
        await desk.decide(Choice.RELEASED, numbers, actor=DESK)
    with pytest.raises(ConflictError, match="only the client decides on it"):
        await desk.decide(Choice.CORRECTED, numbers, {"decision": "rejected"}, actor=DESK)

    assert await desk.decide(Choice.RELEASED, numbers, actor=CLIENT) == [1]


async def test_the_provider_decides_on_what_the_client_claimed(desk: Desk) -> None:
    await desk.hand_in("facts-relief-1.csv", claim("pending", "client"), actor=CLIENT)

    granted = await desk.hand_in(
        "facts-relief-2.csv", claim("approved", "client"), now=RECEIVED, actor=DESK
    )

    assert granted.accepted == 1
