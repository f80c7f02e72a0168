"""Several people who write at once: threads that each hold one connection."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from app.bench.browser import Connection
from app.bench.world import School
from app.bench.writing import Writer


@dataclass(frozen=True, slots=True)
class Rush:
    """What a crowd achieved: the seconds of each save, how many failed, and how long it took."""

    latencies: tuple[float, ...]
    failed: int
    seconds: float

    @property
    def saves_a_second(self) -> float:
        """How many saves got through in a second."""
        return len(self.latencies) / self.seconds


class Crowd:
    """People who save, each on a return of their own, as fast as replies come."""

    def __init__(self, port: int, schools: Sequence[School]) -> None:
        self._people = [
            (Connection(port, school.token), Writer(school.return_id).saves()) for school in schools
        ]

    def close(self) -> None:
        """Hang up, everybody."""
        for connection, _ in self._people:
            connection.close()

    def rush(self, saves_each: int) -> Rush:
        """Let everybody save a number of times."""
        together = threading.Barrier(len(self._people) + 1)
        results: list[tuple[list[float], int]] = []
        threads = [
            threading.Thread(target=self._write, args=(number, saves_each, together, results))
            for number in range(len(self._people))
        ]
        for thread in threads:
            thread.start()
        together.wait()
        start = time.perf_counter()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - start
        latencies = tuple(each for found, _ in results for each in found)
        return Rush(latencies, sum(failed for _, failed in results), seconds)

    def _write(
        self, number: int, saves: int, together: threading.Barrier, results: list[tuple[list[float], int]]
    ) -> None:
        connection, writing = self._people[number]
        latencies, failed = [], 0
        together.wait()
        for _ in range(saves):
            save = next(writing)
            start = time.perf_counter()
            try:
                failed += connection.post(save.path, save.body).status != 200
            except OSError:
                failed += 1
            latencies.append(time.perf_counter() - start)
        results.append((latencies, failed))
