"""Money: whole minor units of a currency, and shares of it that are rounded once."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from domain.numbers import RoundingMode, rounded

CODES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BZD
        CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
        GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP
        LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK
        NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS
        SRD SSP STN SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD XCG
        YER ZAR ZMW
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
}
"""The currencies of ISO 4217 that are money, by their decimal places."""

PLACES = {code: places for places, codes in CODES.items() for code in codes.split()}


class MoneyError(ValueError):
    """An amount that cannot be written in its currency, or a currency that we do not know."""


def places_of(currency: str) -> int:
    """Decimal places of a currency; MoneyError for one that we do not know: never guessed."""
    if currency not in PLACES:
        msg = f"'{currency}' is not a currency that Covenant knows; write its ISO 4217 code, EUR"
        raise MoneyError(msg)
    return PLACES[currency]


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole minor units: 1250 in EUR is 12.50 EUR."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        """Refuse a currency that we do not know."""
        places_of(self.currency)

    def __str__(self) -> str:
        """Write the amount with its places, thousands apart, and the currency."""
        places = places_of(self.currency)
        whole, rest = divmod(abs(self.minor), 10**places)
        sign = "-" if self.minor < 0 else ""
        fraction = f".{rest:0{places}}" if places else ""
        return f"{sign}{whole:,}{fraction} {self.currency}"

    def share(self, percent: Decimal) -> "Money":
        """So many percent of the amount, rounded half up to a minor unit, once."""
        exact = Fraction(self.minor) * Fraction(percent) / 100
        return Money(int(rounded(exact, 0, RoundingMode.HALF_UP)), self.currency)


def money(amount: Decimal, currency: str) -> Money:
    """The amount in minor units; MoneyError when it has more places than the currency."""
    minor = Fraction(amount) * 10 ** places_of(currency)
    if minor.denominator != 1:
        msg = (
            f"{amount} {currency} has more places than the currency: "
            f"it has {places_of(currency)}, write no more"
        )
        raise MoneyError(msg)
    return Money(int(minor), currency)


def minor_units(amount: Decimal, currency: str) -> Fraction:
    """The amount in minor units, exactly: it may be a part of one."""
    return Fraction(amount) * Fraction(10) ** places_of(currency)


def whole_units(exact: Fraction | int, mode: RoundingMode = RoundingMode.HALF_UP) -> int:
    """An exact amount in minor units as whole ones."""
    return int(exact) if exact.denominator == 1 else int(rounded(Fraction(exact), 0, mode))


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Whole parts in proportion to the weights, which add up to the total.

    By largest remainder; of equal remainders the earlier part gets the unit. Weights are not
    negative, and at least one is above zero.
    """
    whole = sum(weights)
    parts = [total * weight // whole for weight in weights]
    remainders = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in remainders[: total - sum(parts)]:
        parts[i] += 1
    return parts
