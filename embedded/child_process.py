"""Children that die with their owner, and are started again when they die before it.

What only Linux can do (`prctl`, `/proc`) is here. Run as a script, this module stands
between fork and exec: it gives up root, ties itself to its owner, becomes the command.
(`preexec_fn` could do the same, but may deadlock in a process that has threads.)
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from io import BufferedWriter
    from types import TracebackType

Ending = tuple[tuple[int, float], ...]
"""Signals to end a process with (0: none), each with the seconds to wait before the next."""

AT_ONCE: Ending = ((signal.SIGKILL, 10.0),)
READY_WITHIN = 120.0
"""Seconds; only a child that lives and yet never answers is given up."""
STEADY_AFTER = 10.0
"""Seconds; a child that dies sooner is started again after a pause."""
LONGEST_PAUSE = 5.0
POLL = 0.02

PR_SET_PDEATHSIG = 1
LOG_LIMIT = 10_000_000
LOG_TAIL = 15

log = logging.getLogger("covenant.engines")


class EngineStartError(Exception):
    """An engine did not come up, and why; where it wrote a log, with the end of it."""


class Identity(NamedTuple):
    """The user and group that a child runs as."""

    uid: int
    gid: int


class Command(NamedTuple):
    """What a child is: its words, its place, its user, and how it ends.

    `ending` is how we stop it, `dies_by` what it gets when its owner is no more.
    """

    words: Sequence[str]
    cwd: Path
    log: Path
    ending: Ending
    dies_by: signal.Signals
    identity: Identity | None = None


def spawn(command: Command, *, keep_fds: Collection[int] = ()) -> subprocess.Popen[bytes]:
    """Start a child that dies with the *thread* that calls this.

    It gets a session of its own, so that Ctrl-C reaches the owner alone, who may still need
    it to finish; and a bare environment, so that neither secrets nor PG* or TEMPORAL_*
    settings of the owner's reach it.
    """
    who = command.identity or Identity(os.geteuid(), os.getegid())
    tied = [os.getpid(), int(command.dies_by), who.uid, who.gid, *command.words]
    with open_log(command.log) as out:
        return subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, "-I", "-S", __file__, *map(str, tied)],
            cwd=command.cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=bare_environment(command.cwd),
            pass_fds=tuple(keep_fds),
            start_new_session=True,
            umask=0o077,
        )


def bare_environment(home: Path) -> dict[str, str]:
    """All that a child is told of where it runs."""
    return {
        "PATH": os.defpath,
        "HOME": str(home),
        "TEMPORAL_VERSION_CHECK_DISABLED": "1",  # nobody is called up from here
    }


def open_log(path: Path) -> BufferedWriter:
    """The log to append to; one that has grown large is set aside first."""
    with suppress(FileNotFoundError):
        if path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")


def end_of_log(path: Path) -> str:
    """The last lines of a log, for a message."""
    with suppress(FileNotFoundError):
        lines = path.read_text(errors="replace").splitlines()[-LOG_TAIL:]
        return f"\n{path} ends:\n" + "\n".join(f"  {line}" for line in lines)
    return ""


class KeptAlive:
    """A child started, and started again when it dies, by a thread that lives as long.

    A thread of its own, because the death signal is tied to the thread that forked: a
    child started by a worker thread would die when that thread returns to its pool.
    """

    def __init__(
        self,
        name: str,
        launch: Callable[[], Command],
        ready: Callable[[int], bool],
        *,
        again: bool = True,
        on_restart: Callable[[int], None] | None = None,
    ) -> None:
        """`launch` clears the way and says what to start; `on_restart` hears the new pid."""
        self._name = name
        self._launch = launch
        self._ready = ready
        self._again = again
        self._on_restart = on_restart
        self._child: subprocess.Popen[bytes] | None = None
        self._ending: Ending = AT_ONCE
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._begun = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._watch, name=f"{name}-watcher", daemon=True)

    @property
    def pid(self) -> int:
        """The process that runs now, or the one that ran last."""
        return self._child.pid if self._child else 0

    def __enter__(self) -> Self:
        """Start, and return when the child answers."""
        self._thread.start()
        try:
            self._begun.wait()
        except BaseException:  # Ctrl-C while it starts
            self._stop()
            raise
        if self._failure:
            raise self._failure
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the child, and the watching."""
        self._stop()

    def _stop(self) -> None:
        self._stopping.set()
        with self._lock:  # not between a fork and our knowing of it
            child = self._child
        if child:
            _end(child, self._ending)
        self._thread.join()

    def _watch(self) -> None:
        try:
            self._begin()
        except BaseException as failure:  # noqa: BLE001 - raised in the caller's thread
            self._failure = failure
            return
        finally:
            self._begun.set()
        pause, began = 0.0, time.monotonic()
        while self._child and not self._stopping.is_set():
            how = self._child.wait()
            steady = time.monotonic() - began > STEADY_AFTER
            pause = 0.0 if steady else min(LONGEST_PAUSE, pause * 2 + 0.1)
            if self._stopping.wait(pause) or not self._again:
                break
            log.warning("%s ended (%d); starting it again", self._name, how)
            began = time.monotonic()
            try:
                self._begin()
                if self._on_restart:
                    self._on_restart(self.pid)
            except Exception:
                log.exception("%s did not start again; trying once more", self._name)

    def _begin(self) -> None:
        """Launch, and wait until the child answers, dies, or is to stop."""
        with self._lock:
            if self._stopping.is_set():
                return
            command = self._launch()
            self._child = child = spawn(command)
            self._ending = command.ending
        try:
            self._await(child, command)
        except BaseException:
            _end(child, command.ending)
            raise

    def _await(self, child: subprocess.Popen[bytes], command: Command) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while not self._stopping.is_set() and not self._ready(child.pid):
            trouble = None
            if child.poll() is not None:
                trouble = f"ended ({child.returncode}) while starting"
            elif time.monotonic() > deadline:
                trouble = f"did not answer within {READY_WITHIN:.0f} s"
            if trouble:
                msg = f"{self._name} {trouble}{end_of_log(command.log)}"
                raise EngineStartError(msg)
            self._stopping.wait(POLL)


def _end(child: subprocess.Popen[bytes], ending: Ending) -> None:
    for how, patience in ending:
        child.send_signal(how)
        with suppress(subprocess.TimeoutExpired):
            child.wait(patience)
            return


def started_at(pid: int) -> int | None:
    """When a process began (in ticks since boot), or None if it is dead: tells reused pids."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in "ZX" else int(fields[18])


def found_in(directory: Path, program: str, mark: str) -> list[int]:
    """Processes that run `program` in this directory, with this mark in their command.

    The mark alone must tell the directory. That a process also works in it is asked only where
    we may look: root in a container may not, for another user's process.
    """
    here = directory.stat()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):  # it has gone meanwhile
            command = (entry / "cmdline").read_text(errors="replace")
            runs_it = (entry / "comm").read_text().rstrip() == program
            if runs_it and mark in command and _works_in(entry, here):
                found.append(int(entry.name))
    return found


def _works_in(entry: Path, here: os.stat_result) -> bool:
    try:
        return os.path.samestat((entry / "cwd").stat(), here)
    except PermissionError:
        return True


def end_leftovers(directory: Path, program: str, mark: str, ending: Ending) -> None:
    """End what an owner who is gone has left running for this directory, and nothing else."""
    for how, patience in ending:
        for pid in found_in(directory, program, mark):
            with suppress(ProcessLookupError):
                os.kill(pid, how)
        deadline = time.monotonic() + patience
        while left := found_in(directory, program, mark):
            if time.monotonic() > deadline:
                break
            time.sleep(POLL)
        else:
            return
    msg = f"processes {left} still run in {directory} and cannot be ended"
    raise EngineStartError(msg)


def become(owner: int, dies_by: int, uid: int, gid: int, command: list[str]) -> None:
    """Turn this process into `command`, tied to `owner`."""
    if uid != os.geteuid():
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After setuid, which clears it.
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, dies_by)
    if os.getppid() != owner:  # died before we were tied to it
        sys.exit(1)
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python, and exec would keep it so
        signal.signal(ignored, signal.SIG_DFL)
    os.execv(command[0], command)  # noqa: S606 - our own words


if __name__ == "__main__":
    owner, dies_by, uid, gid = map(int, sys.argv[1:5])
    become(owner, dies_by, uid, gid, sys.argv[5:])
