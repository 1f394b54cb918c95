"""Mutants that change nothing that can be seen: the function, what of the changed line, and why.

Both are regular expressions; the line is `before -> after`. Used by `tests/mutation.py`.
"""

ANY = ".*"

EQUIVALENT = (
    (
        ANY,
        r"sum\((.+), (?:Fraction\(0\)|NOTHING)\).* -> .*sum\(\1, \)",
        "a sum begins with 0 anyway, which equals `Fraction(0)`",
    ),
    (
        "domain/remedies/lines.py:lessen_percent",
        r"percent or Fraction\((None|1)\)",
        "for the type checker: what is lessened in percent has a percentage above 0",
    ),
    (
        "domain/remedies/by_count.py:_points",
        r"result\.points",
        "for the type checker: only results with points get here",
    ),
    (
        "domain/remedies/caps.py:_cut_percent",
        r"each\.percent or Fraction\(None\)|in now\), Fraction\(1\)",
        "every percentage is known there, and no more can be above a cap without a window than is owed",
    ),
    (
        "domain/remedies/caps.py:_cut.*",
        r"adjusting\(settlement, None,",
        "`_named` gives the line its name",
    ),
    (
        "domain/remedies/lines.py:stated",
        r"\(percent or 1\) < 0",
        "neither 0 nor 1 is below 0",
    ),
    (
        "domain/remedies/by_count.py:_within",
        r"_first_in\(window, None, index\)",
        "of a number of periods only the index matters",
    ),
    (
        "domain/remedies/by_count.py:ladder",
        r"-> (clean = 1|since = None)$",
        "before the first points there is nothing to reset, and a slice from None is one from 0",
    ),
    (
        "domain/remedies/earn_back.py:_line",
        r"\(remedy\.earn_back\) or True",
        "for the type checker: only what can be earned back gets here",
    ),
    (
        "domain/money.py:whole_units",
        r"denominator == 1\) and False",
        "a short cut: a whole number is the same rounded",
    ),
    ("domain/numbers.py:rounded", r"context\.prec = 61", "no figure has so many digits"),
    (
        "domain/numbers.py:rounded",
        r"Decimal\(2 if|scaleb\(-4\)|quantize\(Decimal\(2\)|scaled <= 0",
        "any mark below the guard digits will do, only the exponent is taken, and -0 is 0",
    ),
    (
        r"domain/charges.py:ChargeBook\.basis",
        r"microseconds=2",
        "any instant inside the next period finds it",
    ),
    (
        r"domain/charges.py:ChargeBook\._walk_to",
        r"<= instant",
        "one settlement period more than asked for is worked out ahead",
    ),
    (r"domain/charges.py:ChargeBook\.parts", r"Period\(None,", "a piece's name is never read"),
    (r"domain/charges.py:ChargeBook\._of_piece", r"known = None", "None is as false as False"),
    ("domain/patterns/__init__.py:_completed", r"armed = None", "None is as false as False"),
    (
        "domain/remedies/lines.py:lessen",
        r"strict=(None|False)|one\.minor or 1|\]\), \)",
        "there are as many parts as lines, and each line has money left",
    ),
    (
        "domain/remedies/lines.py:line_of",
        r"fixed <= 0\)",
        "what gives nothing is no line",
    ),
    (
        "domain/remedies/owed.py:said",
        r"nothing|NOTHING",
        "what gives nothing is no line",
    ),
    (
        "domain/remedies/caps.py:_group",
        r"\(line\.kpi is None\) and False",
        "no KPI has the name None",
    ),
    (
        "domain/remedies/caps.py:_counts",
        r"each\.left <= 0",
        "what has nothing left adds nothing",
    ),
    (
        "domain/remedies/caps.py:_limits",
        r"most is not None or charge",
        "a charge is looked up exactly where there is a share of it",
    ),
    (
        "domain/remedies/caps.py:_cut_money",
        r"each\.minor or 1 for each in now|cut = 1 if lowest is None",
        "what is owed is above 0, and without a limit the next line returns",
    ),
    (
        "domain/remedies/caps.py:caps_of",
        r"AT_RISK or |Cap\(most=remedy\.scheme\.at_risk",
        "a cap without a limit cuts nothing; it holds one remedy either way",
    ),
    (
        "domain/remedies/minimum.py:minimum",
        r"percent or Fraction\((None|1)\)",
        "for the type checker: what is lessened in percent has a percentage above 0",
    ),
    (
        "domain/remedies/ledger.py:ledger",
        r"sorted\(events",
        "nothing that is asked of events depends on their order",
    ),
    (
        r"domain/remedies/ledger.py:_Account\.settle",
        r"opened\(each, None, None\) for each in at_once",
        "caps in percent have no window, so no later one looks at it",
    ),
    (
        "domain/remedies/totals.py:total_of",
        r"payable = None|each\.minor or 1",
        "without a net nothing is payable, and what is not payable owes something",
    ),
    (
        "domain/remedies/totals.py:_told",
        r"gross is None and net is None",
        "where one is not known, neither is the other",
    ),
    (
        "domain/remedies/entries.py:_lines",
        r"each\.incident or \"XXXX\"",
        "no incident has an empty name",
    ),
    (
        r"domain/patterns/__init__.py:(_Window|_Chain)\.__init__",
        r"self\.begins",
        "`reach` sets it before anything is asked",
    ),
    (
        r"domain/patterns/__init__.py:_Window\._enter",
        r"self\.inside\[index\]",
        "the dictionary is an ordered set; its values are never read",
    ),
    (
        r"domain/patterns/__init__.py:_Window\._add",
        r"self\.adds or",
        "a sum that nobody asks for is never read",
    ),
)
