"""Silence means what was agreed."""

import pytest

from domain.renewing import RenewalOutcome, by_silence
from domain.terms.shape import Silence


@pytest.mark.parametrize(
    ("silence", "outcome"),
    [(Silence.RENEW, RenewalOutcome.RENEWED), (Silence.EXPIRE, RenewalOutcome.LAPSED)],
)
def test_silence_means_what_was_agreed(silence: Silence, outcome: RenewalOutcome) -> None:
    assert by_silence(silence) is outcome
