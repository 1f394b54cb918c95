import os
import re
import subprocess
import sys
from pathlib import Path

from bench.events import GOAL
from bench.figures import percentile, ratio

ROOT = Path(__file__).parents[2]


def test_a_standard_agreement_year_costs_no_more_events_than_the_goal_allows() -> None:
    taken = subprocess.run(
        [sys.executable, "-m", "bench", "--short"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    told = re.search(r"all workflows +([0-9,]+)  goal: at most 800", taken.stdout)
    assert told is not None, taken.stdout + taken.stderr
    assert 0 < int(told[1].replace(",", "")) <= GOAL


def test_a_percentile_is_a_value_that_was_seen() -> None:
    seen = [float(value) for value in range(1, 101)]

    assert [percentile(seen, percent) for percent in (50, 99, 100)] == [50, 99, 100]
    assert percentile([7.0], 50) == 7


def test_a_ratio_to_nothing_is_none() -> None:
    assert (ratio(3, 2), ratio(1, 0)) == ("1.50 times", "none")
