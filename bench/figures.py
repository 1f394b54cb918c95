"""How a figure is told: what was measured, beside its goal or its peer."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """One measured number, with what it is held against."""

    what: str
    measured: str
    against: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: its title and its rows."""

    title: str
    rows: tuple[Row, ...]

    def __str__(self) -> str:
        """As it is printed."""
        wide = max(len(row.what) for row in self.rows)
        right = max(len(row.measured) for row in self.rows)
        lines = (
            f"  {row.what:<{wide}}  {row.measured:>{right}}  {row.against}".rstrip()
            for row in self.rows
        )
        return "\n".join([self.title, *lines])


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of the values do not exceed."""
    return sorted(values)[max(0, ceil(len(values) * percent / 100) - 1)]


def spread(values: Sequence[float], unit: str, scale: float = 1.0) -> str:
    """Median, 99th percentile and maximum."""
    p50, p99, most = (percentile(values, percent) * scale for percent in (50, 99, 100))
    return f"p50 {p50:,.1f}, p99 {p99:,.1f}, max {most:,.1f} {unit}"


def ratio(one: float, other: float) -> str:
    """How many times the other the one is."""
    return f"{one / other:.2f} times" if other else "none"


def machine() -> str:
    """What ran this: cores, memory, Python, and how busy it was before."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{len(os.sched_getaffinity(0))} cores, {memory:.0f} GB, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}, "
        f"load {os.getloadavg()[0]:.2f} before"
    )


def resident(pid: int) -> int:
    """Bytes that a process holds in memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    msg = f"process {pid} tells no VmRSS"
    raise RuntimeError(msg)
