"""Bands: what is owed for them, and how they are called."""

from domain.terms.shape import Band, Kpi


def pays(band: Band) -> bool:
    """Whether anything is owed for a figure in the band, by either side."""
    return any((band.credit, band.reward, band.amount))


def owing_alone(kpi: Kpi) -> Band | None:
    """The only band for which the provider owes something; None where there are several, or none."""
    owing = [band for band in kpi.bands if band.credit or (band.amount and not band.reward)]
    return owing[0] if len(owing) == 1 else None


def named(band: Band) -> str:
    """The band's name, or its edges in words."""
    edges = [
        f"{edge} {value:f}"
        for edge, value in (
            ("at least", band.at_least),
            ("above", band.above),
            ("at most", band.at_most),
            ("below", band.below),
        )
        if value is not None
    ]
    return f"`{band.name}`" if band.name else f"'{' and '.join(edges)}'"
