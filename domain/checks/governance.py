"""What people govern by: nobody unknown, both sides heard, milestones in order, time to answer.

These rules run over agreements that are to be launched. Each is a short function that yields what
it finds in one part of an agreement; the table at the end says which part.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise

from domain.checks.references import keys_are_unique
from domain.spans import add_months, fewest_days, most_days, shift
from domain.terms.kinds import values_at
from domain.terms.problems import Findings, Found, Path, Rule, Rules
from domain.terms.shape import Agreement, Level, Milestone, Reviews
from domain.terms.wording import did_you_mean, listed

GO_LIVE = "go_live"


# --- people


CONTACTS = {
    "renewal.decided_by": "",
    "renewal.confirmed_by": "",
    "milestones.*.delivered_by": "",
    "milestones.*.accepted_by": "",
    "kpis.*.owners.client": "client",
    "kpis.*.owners.provider": "provider",
    "escalation.severe.*.to.*": "",
    "escalation.minor.*.to.*": "",
    "reviews.reviewers.*": "",
    "reviews.escalate_to.*": "",
    "changes.client": "client",
    "changes.provider": "provider",
}
"""Where contacts are named, and of which side they must be."""


def contacts_exist(agreement: Agreement) -> Findings:
    """Every contact that is named anywhere can be reached."""
    known = {
        f"{side}.{role}"
        for side in ("client", "provider")
        for _, contacts in values_at(agreement, f"parties.{side}.contacts")
        for role in contacts
    }
    for where in CONTACTS:
        for path, ref in values_at(agreement, where):
            if ref not in known and _side(ref) in {_side(each) for each in known}:
                near = did_you_mean(ref, sorted(known))
                possible = [each for each in sorted(known) if _side(each) == _side(ref)]
                add = f"name one of {listed(possible)}, or add the contact to its party"
                remedy = f"did you mean `{near}`?" if near else add
                yield Found(path, Rule.UNKNOWN_CONTACT, f"`{ref}` is not a contact", remedy)


def contacts_are_of_their_side(agreement: Agreement) -> Findings:
    """The client's place names a contact of the client, the provider's one of the provider."""
    for where, side in CONTACTS.items():
        for path, ref in values_at(agreement, where):
            if side and _side(ref) != side:
                said = f"`{ref}` does not belong to the {side}"
                yield Found(path, Rule.WRONG_SIDE, said, f"name a contact that begins `{side}.`")


def nobody_accepts_their_own_work(milestone: Milestone) -> Findings:
    """What one party delivers the other accepts."""
    side = _side(milestone.delivered_by)
    if side == _side(milestone.accepted_by):
        said = f"the {side} both delivers and accepts this milestone"
        remedy = "let a contact of the other party accept it"
        yield Found(("accepted_by",), Rule.SELF_ACCEPTANCE, said, remedy)


def levels_are_in_order(ladder: Iterable[Level]) -> Findings:
    """Levels are numbered 1, 2, 3 … as they stand."""
    for index, level in enumerate(ladder):
        if level.level != index + 1:
            said = f"level {level.level} stands where level {index + 1} belongs"
            remedy = "number the levels 1, 2, 3 … in the order in which they follow each other"
            yield Found((index, "level"), Rule.LEVEL_ORDER, said, remedy)


def both_sides_hear(people: Iterable[str]) -> Findings:
    """Escalations and reviews concern both parties."""
    missing = {"client", "provider"} - {_side(ref) for ref in people}
    if missing:
        side = missing.pop()
        said = f"nobody of the {side} is named here"
        yield Found((), Rule.ONE_SIDED, said, f"add a contact that begins `{side}.`")


def _side(ref: str) -> str:
    return ref.split(".", 1)[0]


# --- milestones


def milestones_are_in_order(milestones: Iterable[Milestone]) -> Findings:
    """Milestones stand in the order of their dates."""
    for index, (earlier, later) in enumerate(pairwise(milestones)):
        if later.on < earlier.on:
            said = f"{later.on} is before {earlier.on}, the date of the milestone above"
            remedy = "write the milestones in the order of their dates"
            yield Found((index + 1, "on"), Rule.MILESTONE_ORDER, said, remedy)


def go_live_exists(milestones: tuple[Milestone, ...]) -> Findings:
    """Service begins with a milestone of its own."""
    if all(milestone.key != GO_LIVE for milestone in milestones):
        remedy = f"add a last milestone with `key: {GO_LIVE}` and `gate: true`"
        yield Found((), Rule.NO_GO_LIVE, f"no milestone has the key `{GO_LIVE}`", remedy)


def go_live_is_the_last_gate(milestones: tuple[Milestone, ...]) -> Findings:
    """Go-live waits for everything else, and nothing comes after it."""
    last = len(milestones) - 1
    for index, milestone in enumerate(milestones):
        if milestone.key != GO_LIVE:
            continue
        if index != last:
            said, remedy = "milestones follow after go-live", "move go-live to the end of the list"
            yield Found((index,), Rule.GO_LIVE_NOT_LAST, said, remedy)
        if not milestone.gate:
            said = "go-live would not wait for the milestones before it"
            yield Found((index,), Rule.GO_LIVE_NOT_A_GATE, said, "add `gate: true`")


def go_live_is_before_the_end(agreement: Agreement) -> Findings:
    """There is a term left to serve."""
    end = add_months(agreement.term.starts_on, agreement.term.months)
    for path, day in _go_live(agreement):
        if day >= end:
            said = f"go-live on {day} is not before the term ends, on {end}"
            remedy = "bring go-live forward, or lengthen `term.months`"
            yield Found(path, Rule.GO_LIVE_AFTER_TERM, said, remedy)


def _go_live(agreement: Agreement) -> Iterator[tuple[Path, date]]:
    for path, key in values_at(agreement, "milestones.*.key"):
        if key == GO_LIVE:
            on = (*path[:-1], "on")
            yield on, agreement.milestones[int(path[1])].on


# --- lengths of time


LENGTHS = (
    "milestones.*.accept_within",
    "escalation.severe.*.answer_within",
    "escalation.minor.*.answer_within",
    "corrective_action.plan_within",
    "corrective_action.judge_within",
    "reviews.every",
    "reviews.answer_within",
    "reviews.close_after",
    "changes.answer_within",
)
"""Where somebody is given time, which so cannot be none."""


def there_is_time_to_answer(agreement: Agreement) -> Findings:
    """Whoever must act has time to do so."""
    for where in LENGTHS:
        for path, length in values_at(agreement, where):
            if length.amount == 0:
                said = f"{length} leaves no time at all"
                yield Found(path, Rule.ZERO_LENGTH, said, "write a length above zero")


def a_review_fits_into_the_term(agreement: Agreement) -> Findings:
    """The first review opens before the term ends."""
    end, every, anchor = (
        add_months(agreement.term.starts_on, agreement.term.months),
        agreement.reviews.every,
        _anchor(agreement),
    )
    if anchor is not None and shift(anchor, every) >= end:
        said = f"the first review, {every} after {anchor}, is not before the term's end, {end}"
        remedy = "review more often, or sooner"
        yield Found(("reviews", "every"), Rule.LONGER_THAN_TERM, said, remedy)


def _anchor(agreement: Agreement) -> date | None:
    first_after = agreement.reviews.first_after
    if isinstance(first_after, date):
        return first_after
    days = (day for _, day in _go_live(agreement))
    return next(days, None) if first_after == GO_LIVE else None


def reminders_come_in_time(reviews: Reviews) -> Findings:
    """A reminder comes after the question and before the deadline."""
    remind, answer = reviews.remind_before, reviews.answer_within
    if most_days(remind) >= fewest_days(answer):
        said = f"a reminder {remind} before the deadline is due before reviewers are asked"
        remedy = f"write a length that is always shorter than {answer}"
        yield Found(("remind_before",), Rule.REMINDER_TOO_EARLY, said, remedy)


GOVERNANCE_RULES: Rules = (
    ("", contacts_exist),
    ("", contacts_are_of_their_side),
    ("milestones.*", nobody_accepts_their_own_work),
    ("escalation.severe", levels_are_in_order),
    ("escalation.minor", levels_are_in_order),
    ("escalation.severe.*.to", both_sides_hear),
    ("escalation.minor.*.to", both_sides_hear),
    ("reviews.reviewers", both_sides_hear),
    ("milestones", keys_are_unique),
    ("milestones", milestones_are_in_order),
    ("milestones", go_live_exists),
    ("milestones", go_live_is_the_last_gate),
    ("", go_live_is_before_the_end),
    ("", there_is_time_to_answer),
    ("", a_review_fits_into_the_term),
    ("reviews", reminders_come_in_time),
)
"""The rules, and the parts of an agreement over which they run."""
