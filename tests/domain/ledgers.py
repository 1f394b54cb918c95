"""Terms, results and facts for tests of remedies: say only what the test is about."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from domain.charges import ChargeBook
from domain.evaluation import in_band
from domain.facts import ChargeFact, CreditFact, EventFact
from domain.periods import Every, Period, period_key
from domain.remedies.ledger import Ledger, ledger
from domain.results import Dim, Line, LineType, Points, Result, Status
from domain.spans import add_months
from domain.terms.shape import Kpi, Terms
from domain.timeline import Edition, Timeline, term_starts_at
from domain.zones import midnight, zone_named

ZONE = zone_named("Europe/London")


def at(text: str) -> datetime:
    """The local midnight that begins a day."""
    return midnight(date.fromisoformat(text), ZONE)


def month(text: str) -> Period:
    """The month `2027-03`."""
    first = date.fromisoformat(f"{text}-01")
    return Period(text, midnight(first, ZONE), midnight(add_months(first, 1), ZONE))


def day(text: str) -> Period:
    """One local day."""
    first = date.fromisoformat(text)
    end = date.fromordinal(first.toordinal() + 1)
    return Period(period_key(Every.DAY, first), midnight(first, ZONE), midnight(end, ZONE))


def agreed(**sections: Any) -> Terms:
    """An agreement of two years from January 2027, charging 1,000.00 a month for `uptime`."""
    kpis = sections.pop("kpis", {"uptime": {}})
    document = {
        "agreement": "hosting",
        "title": "Hosting",
        "zone": "Europe/London",
        "term": {"starts_on": "2027-01-01", "months": "24"},
        "charges": {"currency": "USD", "amount": "1000.00"},
        "kpis": [
            {
                "key": key,
                "unit": "%",
                "measure": {"kind": "reported"},
                "every": "month",
                "target": {"expected": "at least 99 %"},
            }
            | said
            for key, said in kpis.items()
        ],
    }
    return Terms.model_validate(document | sections)


def timeline(*terms: Terms, starts: Iterable[str] = (), splits: bool = False) -> Timeline:
    """The editions of an agreement, from the days given for all but the first."""
    begins = [term_starts_at(terms[0]), *(at(each) for each in starts)]
    pairs = enumerate(zip(terms, begins, strict=True), start=1)
    return Timeline(
        tuple(
            Edition(number, each, begin, splits=splits and number > 1)
            for number, (each, begin) in pairs
        )
    )


def book(*terms: Terms, facts: Iterable[ChargeFact] = (), **how: Any) -> ChargeBook:
    return ChargeBook(timeline(*terms, **how), facts)


def result(
    kpi: Kpi,
    period: str | Period,
    value: str | int | None = None,
    *,
    status: Status | None = None,
    dim: Dim = (),
    edition: int = 1,
    points: str | None = None,
    times: str = "1",
    default: bool | None = None,
    incident: str | None = None,
) -> Result:
    """A result whose status and band follow from the figure, unless the test says otherwise."""
    figure = None if value is None else Fraction(Decimal(value))
    if status is None:
        status = _status(kpi, figure)
    band = None
    if figure is not None:
        found = [index for index, each in enumerate(kpi.bands) if in_band(each, figure)]
        band = found[0] if found else None
    return Result(
        kpi=kpi,
        dim=dim,
        period=month(period) if isinstance(period, str) else period,
        edition=edition,
        status=status,
        value=figure,
        num=figure or Fraction(0),
        den=Fraction(1),
        sample=1,
        bare_status=status,
        bare_value=figure,
        band=band,
        default=status in {Status.BELOW_EXPECTED, Status.BELOW_MINIMUM}
        if default is None
        else default,
        points=None if points is None else Points(Fraction(points), Fraction(times)),
        incident=incident,
    )


def _status(kpi: Kpi, figure: Fraction | None) -> Status:
    if figure is None:
        return Status.NO_DATA
    if kpi.target is None or kpi.target.expected.holds(figure):
        return Status.MET
    if kpi.target.minimum is not None and not kpi.target.minimum.holds(figure):
        return Status.BELOW_MINIMUM
    return Status.BELOW_EXPECTED


def reckoned(terms: Terms, *results: Result, **given: Any) -> Ledger:
    """The ledger of one edition."""
    facts = given.pop("facts", ())
    return ledger(timeline(terms), results, book(terms, facts=facts), **given)


def amounts(made: Ledger) -> dict[str, int | None]:
    return {line.id: line.amount_minor for line in made.lines}


def percents(made: Ledger) -> dict[str, Fraction | None]:
    return {line.id: line.percent for line in made.lines}


def nets(made: Ledger) -> dict[str, int | None]:
    return {total.period.key: total.net_minor for total in made.totals}


def of_type(made: Ledger, kind: LineType) -> list[Line]:
    return [line for line in made.lines if line.type is kind]


def charged(
    start: str,
    end: str,
    amount: str,
    *,
    line: str = "service",
    currency: str = "USD",
    name: str = "",
) -> ChargeFact:
    return ChargeFact(
        id=name or f"{line}-{start}",
        line=line,
        start=at(start),
        end=at(end),
        amount=Decimal(amount),
        currency=currency,
    )


def claimed(when: str, ref: str = "", kind: str = "claim") -> EventFact:
    return EventFact(id=f"{kind}-{when}", at=at(when), type=kind, ref=ref, due=None, value=None)


def credit_fact(
    start: str,
    end: str,
    *,
    kpi: str | None = None,
    amount: str | None = None,
    percent: str | None = None,
    currency: str | None = "USD",
) -> CreditFact:
    return CreditFact(
        id=f"given-{start}",
        start=at(start),
        end=at(end),
        kpi=kpi,
        amount=None if amount is None else Decimal(amount),
        percent=None if percent is None else Decimal(percent),
        currency=currency,
    )
