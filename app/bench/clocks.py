"""CPU time: of our own processes, of the database, and of everybody else on the machine."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

_TICKS: float = os.sysconf("SC_CLK_TCK")
_CPU_CLOCK_OF_A_PROCESS = 2


def process_seconds(pid: int) -> float:
    """Return the CPU time that a process has used, all its threads together, in nanosecond steps.

    /proc counts in hundredths of a second; the process's own clock (clock_getcpuclockid) does not.
    """
    return time.clock_gettime((~pid << 3) | _CPU_CLOCK_OF_A_PROCESS)


def children_of(pid: int) -> tuple[int, ...]:
    """Return the processes that a process with one thread has started and that still run."""
    try:
        return tuple(int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    except OSError:
        return ()


def tree_seconds(pid: int) -> float:
    """Return the CPU time of a process and of its children, ended ones included."""
    total = 0.0
    for each in (pid, *children_of(pid)):
        try:
            total += process_seconds(each)
        except OSError:
            continue  # it ended between the two looks; its time is in its parent's account
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ended = (int(fields[13]) + int(fields[14])) / _TICKS
    return total + ended


def machine_seconds() -> float:
    """Return the CPU time that the whole machine has used or was denied (steal) since it started."""
    fields = [int(each) for each in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    user, nice, system, _idle, _waiting, irq, softirq, steal = fields
    return (user + nice + system + irq + softirq + steal) / _TICKS


def is_client_backend(pid: int) -> bool:
    """Say whether a process of the database works for a connection, rather than in the background."""
    try:
        return b"[local]" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@dataclass(slots=True)
class Ours:
    """The processes that are ours; whatever else the machine does is disturbance."""

    postmaster: int = 0
    servers: list[int] = field(default_factory=list)
    _backends: dict[int, float] = field(default_factory=dict)

    def seconds(self) -> float:
        """Return the CPU time of this process, its servers and the database, background work included."""
        total = time.process_time() + sum(process_seconds(each) for each in self.servers)
        return total + (tree_seconds(self.postmaster) if self.postmaster else 0.0)

    def database_seconds(self) -> float:
        """Return the CPU time that the database has spent on connections.

        What it does in the background (checkpoints, vacuum) comes at times of its own and would blur figures.
        """
        for pid in children_of(self.postmaster) if self.postmaster else ():
            if is_client_backend(pid):
                with suppress(OSError):
                    self._backends[pid] = process_seconds(pid)
        return sum(self._backends.values())

    def served(self) -> float:
        """Return the CPU time of the servers and of the database for them: the clock of requests."""
        return sum(process_seconds(each) for each in self.servers) + self.database_seconds()

    def with_database(self) -> float:
        """Return the CPU time of this process and of the database for it: the clock of work in-process."""
        return time.process_time() + self.database_seconds()


@dataclass(slots=True)
class Disturbance:
    """How much of the machine others took while something was measured."""

    share: float = 0.0


@contextmanager
def disturbance(ours: Ours) -> Iterator[Disturbance]:
    """Watch what share of all CPU time of the machine goes to processes that are not ours."""
    found = Disturbance()
    wall, machine, own = time.monotonic(), machine_seconds(), ours.seconds()
    yield found
    capacity = (time.monotonic() - wall) * (os.cpu_count() or 1)
    others = (machine_seconds() - machine) - (ours.seconds() - own)
    found.share = max(0.0, others / capacity) if capacity else 0.0


def repeat(work: Callable[[], object], times: int) -> None:
    """Do a piece of work several times."""
    for _ in range(times):
        work()


def spent(clock: Callable[[], float], work: Callable[[], object]) -> float:
    """Return what a piece of work takes by a clock, in seconds."""
    start = clock()
    work()
    return clock() - start
