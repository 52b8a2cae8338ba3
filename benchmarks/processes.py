"""CPU seconds of this process and of a whole PostgreSQL cluster, and the machine in words."""

import importlib.metadata
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may hold spaces."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def postmaster_of(connection: psycopg.Connection[Any]) -> int:
    """The process that all of the cluster's processes are children of (same machine)."""
    return int(_stat(connection.info.backend_pid)[1])


def tree_cpu_s(process: int) -> float:
    """User and system time so far of a process, such as a cluster's first, and of its children,
    those that ended included."""
    ticks = sum(int(value) for value in _stat(process)[11:15])
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                fields = _stat(int(folder.name))
            except (FileNotFoundError, ProcessLookupError):  # it has just ended
                continue
            if int(fields[1]) == process:
                ticks += int(fields[11]) + int(fields[12])
    return ticks * TICK_S


def peak_mb() -> float:
    """The most memory that this process had. Unlike `ru_maxrss` it begins with this program, not
    with the one that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@dataclass
class Stopwatch:
    """Wall and CPU seconds since it was made; CPU is of this process and of the cluster."""

    postmaster: int
    rest_s: float = 0.05
    """How long to wait for a session that has just been left: it is still ending."""

    def __post_init__(self) -> None:
        self._server = tree_cpu_s(self.postmaster)
        self._client = time.process_time()
        self._wall = time.perf_counter()

    def read(self) -> dict[str, float]:
        """`wall`, `client`, `server` and `cpu` (client + server), seconds."""
        wall = time.perf_counter() - self._wall
        client = time.process_time() - self._client
        time.sleep(self.rest_s)
        server = tree_cpu_s(self.postmaster) - self._server
        return {"wall": wall, "client": client, "server": server, "cpu": client + server}


def described(connection: psycopg.Connection[Any]) -> str:
    """Cores, memory and versions; nothing that names the machine."""
    row = connection.execute(
        "select current_setting('server_version'), postgis_lib_version(), postgis_geos_version()"
    ).fetchone()
    assert row is not None
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("geopandas", "shapely", "psycopg")
    )
    return (
        f"{len(os.sched_getaffinity(0))} cores ({platform.machine()}), {memory:.0f} GB; PostgreSQL"
        f" {row[0].split()[0]}, PostGIS {row[1]} (GEOS {row[2].split('-')[0]}), Python"
        f" {platform.python_version()}, {versions}"
    )
