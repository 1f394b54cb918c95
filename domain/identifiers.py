"""Business ids and effect keys: every id format lives here, once. None holds a run id or a clock."""

from datetime import date


def agreement_workflow(agreement: str) -> str:
    """Id of the workflow that carries an agreement's life."""
    return f"agreement/{agreement}"


def monitoring_workflow(shard: int) -> str:
    """Id of the workflow that wakes for the measurement periods of a shard."""
    return f"monitoring/{shard}"


def case_id(agreement: str, kpi: str, period: str, opening: int) -> str:
    """Id of a non-compliance case and of its workflow; a re-opening takes the next number."""
    first = f"noncompliance/{agreement}/{kpi}/{period}"
    return first if opening == 1 else f"{first}/{opening}"


def review_id(agreement: str, number: int) -> str:
    """Id of the n-th regular review."""
    return f"review/{agreement}/{number}"


def called_review_id(agreement: str, number: int) -> str:
    """Id of the n-th review that a party called out of turn."""
    return f"review/{agreement}/called-{number}"


def change_id(agreement: str, number: int) -> str:
    """Id of the n-th proposed change."""
    return f"change/{agreement}/{number}"


def renewal_id(agreement: str, term: int) -> str:
    """Id of the renewal that follows the n-th term."""
    return f"renewal/{agreement}/{term}"


def milestone_subject(agreement: str, key: str) -> str:
    """What a milestone's tasks and notices are about."""
    return f"milestone/{agreement}/{key}"


def facts_subject(agreement: str, kpi: str, period: str) -> str:
    """What the tasks and notices are about that ask for the facts of a period."""
    return f"facts/{agreement}/{kpi}/{period}"


def right_subject(agreement: str, key: str) -> str:
    """What the notices of a right are about that a trigger gave."""
    return f"right/{agreement}/{key}"


def task_id(subject: str, kind: str, *parts: str | int) -> str:
    """A task's id: its subject, what is to be done, and the round or person if several."""
    return "/".join((subject, kind, *map(str, parts)))


def notice_key(subject: str, template: str, step: str | int, contact: str) -> str:
    """One notice: about what, which, which step of it (rung, round), and to whom."""
    return f"{subject}/{template}/{step}/{contact}"


def effect_key(subject: str, event: str, *parts: str | int | date) -> str:
    """A journal entry's key: the same effect recorded twice is recorded once."""
    return "/".join((subject, event, *map(str, parts)))


def shard_of(agreement: str, shards: int) -> int:
    """The monitoring shard of an agreement: the same on every machine and in every release."""
    total = 0
    for byte in agreement.encode():
        total = (total * 131 + byte) % 2_147_483_647
    return total % shards
