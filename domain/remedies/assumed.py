"""On what the terms of remedies are silent, and what is assumed then."""

from collections.abc import Iterator

from domain.remedies.entries import IMPLICIT, remedies_of
from domain.results import Default
from domain.terms.remedies import SchemeKind
from domain.terms.shape import Terms


def assumed_of(terms: Terms) -> Iterator[Default]:
    """On what the terms are silent, and what was assumed."""
    remedies = remedies_of(terms)
    if not remedies:
        return
    if terms.charges is None:
        yield Default("charges", "no charge is known from the terms; settled by calendar month")
    if not terms.remedies:
        yield Default(
            "remedies", f"the bands are one remedy, `{IMPLICIT}`, of the settlement period's charge"
        )
    capped_ = terms.caps or (terms.charges and terms.charges.credit_cap is not None)
    if not capped_ and not any(each.caps for each in remedies):
        yield Default("caps", "credits are not capped")
    for remedy in terms.remedies:
        path = f"remedies.{remedy.key}"
        for name, assumed in SILENT.items():
            if name not in remedy.model_fields_set:
                yield Default(f"{path}.{name}", assumed)
        if remedy.scheme.kind is SchemeKind.PER_FAILURE and remedy.scheme.window is None:
            yield Default(f"{path}.scheme.window", "failures count from the start of the term")


SILENT = {
    "base": "percentages are of the charge `service` of the same settlement period",
    "rounding": "each line is rounded once, half up, to a minor unit",
    "earn_back": "nothing is earned back",
    "claim": "payable without a claim",
}
