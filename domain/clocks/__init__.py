"""What clocks on tickets are made of, in the order in which it comes about.

The terms say which limit fits (`choices`), a ticket's history when work began and ended (`laps`)
and when it rested (`pauses`). Both together make `legs`: stretches under one promise. Each leg is
reckoned into a run (`runs`), with its ledger of `segments`. `domain.clock` puts them together.
"""

from enum import IntEnum


class Turn(IntEnum):
    """The order in which things count that happened to a ticket at the same instant.

    So what stops exactly at its limit is met, a change at the instant of a stop comes too late for
    it, and a ticket that is paused and resumed at once runs.
    """

    STOPPED = 1
    REOPENED = 2
    CHANGED = 3
    PAUSED = 4
    RESUMED = 5
