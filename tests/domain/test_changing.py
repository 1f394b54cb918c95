"""Across the table there is always the other party."""

import pytest

from domain.changing import other_party, party_of


@pytest.mark.parametrize(
    ("actor", "party"),
    [("client.governance", "client"), ("provider.director", "provider"), ("client", "client")],
)
def test_a_contact_stands_on_the_side_that_its_name_begins_with(actor: str, party: str) -> None:
    assert party_of(actor) == party


@pytest.mark.parametrize(("party", "other"), [("client", "provider"), ("provider", "client")])
def test_nobody_approves_their_own_proposal(party: str, other: str) -> None:
    assert other_party(party) == other
