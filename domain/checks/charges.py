"""What charges and caps must say: a base that is there, a currency, and room for one credit."""

from collections.abc import Iterator
from decimal import Decimal

from domain.checks.patterns import kpis_named
from domain.money import PLACES, MoneyError, money
from domain.spans import add_months
from domain.terms.kinds import until_a_hole, values_at
from domain.terms.problems import Findings, Found, Path, Rule, Rules
from domain.terms.remedies import Base, Cap, Over, Remedy, Scheme, SchemeKind
from domain.terms.shape import Charges, Kpi, Terms
from domain.terms.wording import plain, unknown_name

NOTHING, WHOLE = Decimal(0), Decimal(100)
ALL = "all"
SERVICE = "service"


# --- charges


def charges_can_be_credited(charges: Charges) -> Findings:
    """A share of nothing, or a cap of nothing, would switch every credit off."""
    amounts = [(path, value) for path, value in _amounts(charges)]
    for path, value in [*amounts, *values_at(charges, "credit_cap")]:
        if value <= NOTHING:
            said = f"with {value} here no credit could ever be owed"
            remedy = "write a value above zero, or leave the key out"
            yield Found(path, Rule.CHARGES_WITHOUT_EFFECT, said, remedy)


def _amounts(charges: Charges) -> Iterator[tuple[Path, Decimal]]:
    yield from values_at(charges, "amount")
    yield from values_at(charges, "lines.*.amount")


def charges_are_money(charges: Charges) -> Findings:
    """The currency is one that we know, and the amounts can be paid in it."""
    if charges.currency not in PLACES:
        said = f"'{charges.currency}' is not a currency that Covenant knows"
        remedy = "write its ISO 4217 code, for example `GBP`"
        yield Found(("currency",), Rule.NOT_A_CURRENCY, said, remedy)
        return
    for path, value in _amounts(charges):
        try:
            money(value, charges.currency)
        except MoneyError as error:
            said, _, remedy = str(error).partition(": ")
            yield Found(path, Rule.NOT_IN_CURRENCY, said, remedy)


def lines_have_names_of_their_own(charges: Charges) -> Findings:
    """`amount` is the line `service`, and `all` is the sum of the lines."""
    taken = {ALL: "is the sum of the lines"}
    if charges.amount is not None:
        taken[SERVICE] = "is the line of `amount`"
    for line in charges.lines or {}:
        if line in taken:
            said = f"`{line}` {taken[line]}"
            yield Found(("lines", line), Rule.REPEATED_KEY, said, "give the line another name")


# --- the largest credit


def largest_credit(terms: Terms, remedy: Remedy) -> Decimal | None:
    """The largest share of the base that one result can credit; None when it has no bound here."""
    scheme, kpis = remedy.scheme, kpis_named(terms, remedy.kpis)
    match scheme.kind:
        case SchemeKind.TIERS:
            shares = [band.credit for kpi in kpis for band in kpi.bands]
        case SchemeKind.POINTS:
            shares = [scheme.percent and scheme.percent * points for points in _points(kpis)]
        case SchemeKind.LADDER:
            shares = [step.credit for step in scheme.steps or ()]
        case SchemeKind.AT_RISK:
            shares = list(_allocated(scheme))
        case SchemeKind.PER_FAILURE:
            shares = [scheme.percent]
        case SchemeKind.RECURRENCE:
            shares = list(scheme.run or ())
        case SchemeKind.PAYMENT_SHARE:
            shares = [scheme.share]
        case SchemeKind.LINEAR:
            return None
    return max((share for share in shares if share), default=None)


def largest_sum(terms: Terms, remedy: Remedy) -> Decimal | None:
    """The largest sum in the currency that one result can credit; None without one, or a bound."""
    scheme, kpis = remedy.scheme, kpis_named(terms, remedy.kpis)
    match scheme.kind:
        case SchemeKind.TIERS:
            sums = [band.amount for kpi in kpis for band in kpi.bands]
        case SchemeKind.POINTS:
            sums = [scheme.amount and scheme.amount * points for points in _points(kpis)]
        case SchemeKind.LADDER:
            sums = [step.amount for step in scheme.steps or ()]
        case SchemeKind.PER_FAILURE:
            sums = [scheme.amount]
        case _:
            return None
    return max((each for each in sums if each), default=None)


def takes_a_share(terms: Terms, remedy: Remedy) -> bool:
    """Whether anything is a share of the base; sums in the currency need no base."""
    scheme = remedy.scheme
    match scheme.kind:
        case SchemeKind.TIERS:
            bands = (band for kpi in kpis_named(terms, remedy.kpis) for band in kpi.bands)
            return any(band.credit or band.reward for band in bands)
        case SchemeKind.LADDER:
            return any(step.credit is not None for step in scheme.steps or ())
        case SchemeKind.POINTS | SchemeKind.PER_FAILURE | SchemeKind.LINEAR:
            return scheme.percent is not None
        case _:
            return True


def _points(kpis: tuple[Kpi, ...]) -> Iterator[Decimal]:
    for kpi in kpis:
        yield from (band.points for band in kpi.bands if band.points is not None)
        yield from kpi.points_by_run or ()


def _allocated(scheme: Scheme) -> Iterator[Decimal]:
    pool = WHOLE if scheme.pool is None else scheme.pool
    for share in [WHOLE] if scheme.allocation is None else scheme.allocation.values():
        yield (scheme.at_risk or NOTHING) * pool * share / (WHOLE * WHOLE)


# --- caps


def caps_limit_something(terms: Terms) -> Findings:
    """A cap says how much, of what there is, and is not below what it caps."""
    for place in ("caps.*", "remedies.*.caps.*"):
        for path, cap in values_at(terms, place):
            for rule in (cap_says_how_much, cap_names_what_there_is, cap_can_hold, cap_leaves_room):
                for found in until_a_hole(rule(terms, cap, path)):
                    yield found._replace(path=path + found.path)


def cap_says_how_much(terms: Terms, cap: Cap, _: Path) -> Findings:
    """A share or an amount, above zero."""
    if cap.most is None and cap.amount is None:
        said = "nothing says how much this cap allows"
        yield Found((), Rule.KEY_NEEDED, said, "add `most`, for example `most: 10 %`, or `amount`")
    for key, value in (("most", cap.most), ("amount", cap.amount)):
        if value is not None and value <= NOTHING:
            said = f"with {value} here no credit could ever be owed"
            remedy = "write a value above zero, or leave the cap out"
            yield Found((key,), Rule.CHARGES_WITHOUT_EFFECT, said, remedy)
    yield from amounts_need_a_currency(terms, cap.amount, ("amount",))


def cap_names_what_there_is(terms: Terms, cap: Cap, _: Path) -> Findings:
    """Its base and its remedies are there."""
    if cap.most is not None or "of" in cap.model_fields_set:
        yield from base_is_charged(terms, cap.of, ("of",))
    if cap.remedies is not None and cap.over != Over.AGREEMENT:
        said = f"a cap over a {cap.over} does not choose among remedies"
        yield Found(("remedies",), Rule.KEY_WITHOUT_USE, said, "remove `remedies`")
    known = {remedy.key for remedy in terms.remedies}
    for index, key in enumerate(cap.remedies or ()):
        if key not in known:
            yield unknown_name(("remedies", index), "remedy", key, known)


def cap_leaves_room(terms: Terms, cap: Cap, path: Path) -> Findings:
    """One credit alone fits under the cap."""
    for remedy in _capped(terms, cap, path):
        sum_ = largest_sum(terms, remedy)
        if cap.amount is not None and sum_ is not None and sum_ > cap.amount:
            yield _too_small(("amount",), f"one credit of `{remedy.key}`", sum_, "")
        if cap.most is None or cap.window is not None:
            continue
        base = (remedy.base.line, remedy.base.period)
        largest = largest_credit(terms, remedy)
        if base == (cap.of.line, cap.of.period) and largest is not None and largest > cap.most:
            yield _too_small(("most",), f"one credit of `{remedy.key}`", largest)


TOGETHER = frozenset({SchemeKind.POINTS, SchemeKind.LADDER})
"""Schemes whose line is of all their KPIs together."""


def cap_can_hold(terms: Terms, cap: Cap, path: Path) -> Findings:
    """A cap over a KPI or a service holds the lines of KPIs; points have one line for all of them."""
    held = {remedy.scheme.kind for remedy in _capped(terms, cap, path)}
    if cap.over in {Over.KPI, Over.SERVICE} and held and held <= TOGETHER:
        said = f"what is credited for points is of no {cap.over} alone"
        remedy = "write `over: remedy` or `over: agreement`"
        yield Found(("over",), Rule.CAP_CANNOT_HOLD, said, remedy)


def _capped(terms: Terms, cap: Cap, path: Path) -> tuple[Remedy, ...]:
    """The remedies whose credits the cap at this path holds."""
    match path:
        case "remedies", int(index), *_:
            return (terms.remedies[index],)
        case _:
            keys = cap.remedies
            return tuple(each for each in terms.remedies if keys is None or each.key in keys)


def credit_cap_leaves_room(terms: Terms) -> Findings:
    """One credit of a band alone fits under the cap of the charges."""
    cap = terms.charges.credit_cap if terms.charges is not None else None
    credits_ = (band.credit for kpi in terms.kpis for band in kpi.bands)
    largest = max((credit for credit in credits_ if credit is not None), default=NOTHING)
    if cap is not None and not terms.remedies and largest > cap:
        yield _too_small(("charges", "credit_cap"), "the credit of a band", largest)


def _too_small(at: Path, what: str, largest: Decimal, unit: str = " %") -> Found:
    said = f"{what} alone, {plain(largest)}{unit}, is above this cap"
    remedy = f"write {plain(largest)}{unit} or more, if that is not meant"
    return Found(at, Rule.CAP_BELOW_CREDIT, said, remedy)


# --- bases and currencies


def base_is_charged(terms: Terms, base: Base, at: Path) -> Findings:
    """The line whose charge is the base is among the charges, where they have lines."""
    yield from line_is_charged(terms, base.line, (*at, "line"))


def line_is_charged(terms: Terms, line: str, at: Path) -> Findings:
    """The line is among the charges, where they have lines."""
    charges = terms.charges
    if charges is None or (charges.lines is None and charges.amount is None):
        return  # the facts say what is charged
    known = {ALL, *(charges.lines or {}), *([SERVICE] if charges.amount is not None else [])}
    if line not in known:
        yield unknown_name(at, "line of `charges`", line, known)


def amounts_need_a_currency(terms: Terms, amount: Decimal | None, at: Path) -> Findings:
    """An amount is in the currency of the charges."""
    if amount is not None and terms.charges is None:
        said = "an amount needs a currency"
        yield Found(at, Rule.NO_CURRENCY, said, "add `charges: {currency: …}`")


def remedies_have_a_base_and_a_currency(terms: Terms) -> Findings:
    """The charges are there of which percentages are taken, and the currency of amounts."""
    for path, remedy in values_at(terms, "remedies.*"):
        for found in until_a_hole(_money(terms, remedy)):
            yield found._replace(path=path + found.path)
    for path, base in values_at(terms, "triggers.*.withhold.base"):
        yield from until_a_hole(base_is_charged(terms, base, path))
    for path, amount in values_at(terms, "kpis.*.bands.*.amount"):
        yield from amounts_need_a_currency(terms, amount, path)


def _money(terms: Terms, remedy: Remedy) -> Findings:
    if "base" in remedy.model_fields_set or takes_a_share(terms, remedy):
        yield from base_is_charged(terms, remedy.base, ("base",))
    yield from amounts_need_a_currency(terms, remedy.scheme.amount, ("scheme", "amount"))
    for index, step in enumerate(remedy.scheme.steps or ()):
        yield from amounts_need_a_currency(terms, step.amount, ("scheme", "steps", index, "amount"))
    if remedy.pays_only is None or remedy.pays_only.unit == "%":
        return
    if terms.charges is None:
        yield from amounts_need_a_currency(terms, remedy.pays_only.value, ("pays_only",))
    elif remedy.pays_only.unit != terms.charges.currency:
        said = f"'{remedy.pays_only}' is not in {terms.charges.currency}"
        remedy_ = f"write the amount in {terms.charges.currency}"
        yield Found(("pays_only",), Rule.UNIT_MISMATCH, said, remedy_)


def indexation_is_of_a_line(terms: Terms) -> Findings:
    """The line that follows an index is among the charges."""
    for path, line in values_at(terms, "indexation.*.line"):
        yield from until_a_hole(line_is_charged(terms, line, path))


def indexation_falls_into_the_term(terms: Terms) -> Findings:
    """What is charged from a day after the term is charged only if the term is renewed."""
    ends = add_months(terms.term.starts_on, terms.term.months)
    for path, day in values_at(terms, "indexation.*.on"):
        if day >= ends:
            said = (
                f"{day} is not before the term's end on {ends}: without a renewal nothing follows"
            )
            remedy = "write an earlier day, if a renewal is not what is meant"
            yield Found(path, Rule.INDEXED_AFTER_TERM, said, remedy)


CHARGE_RULES: Rules = (
    ("charges", charges_can_be_credited),
    ("charges", charges_are_money),
    ("charges", lines_have_names_of_their_own),
    ("", caps_limit_something),
    ("", credit_cap_leaves_room),
    ("", remedies_have_a_base_and_a_currency),
    ("", indexation_is_of_a_line),
    ("", indexation_falls_into_the_term),
)
"""The rules, and the parts of an agreement over which they run."""
