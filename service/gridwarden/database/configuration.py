"""The private cluster's settings: quiet, sized by the machine, reachable by its socket alone."""

import re
from pathlib import Path

HBA = """\
# Every login by its password; replication and TCP have no line and so are refused.
local   all   all   scram-sha-256
"""

LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""What a container may have, by control groups of version 2 and 1; without a limit `max`, or a
number beyond all machines.
"""


STATEMENTS = """\
# Which statements are slow. SET and COPY would be kept with their values: they are not counted.
shared_preload_libraries = 'pg_stat_statements'
pg_stat_statements.max = 1000
pg_stat_statements.track_utility = off
"""


def configuration(
    sockets: Path, memory: int | None = None, *, statements: bool = False, shared: bool = False
) -> str:
    """The text of gridwarden.conf for a socket folder and `memory` bytes (default: this machine's).

    `shared`: the service is another account, which reaches the socket by the group.

    `statements`: pg_stat_statements is installed. Without it a server that is to load it does not
    start.

    A quarter of the memory, at most 2 GB, is shared: the service and the screening beside it
    need the rest. JIT costs small queries more than it saves large ones. Dynamic shared memory
    lies in the data folder, not in /dev/shm: when an ordinary user logs out, systemd (RemoveIPC)
    clears what is that user's there, and the server would then refuse every new session.
    """
    total = memory if memory is not None else _memory()
    buffers = min(max(total // 4, 128 * 2**20), 2 * 2**30) // 2**20
    cache = max(total // 2, 256 * 2**20) // 2**20
    quoted = '"' + str(sockets).replace('"', '""') + '"'
    return f"""\
# Written by `gridwarden up` at every start; put your own lines into postgresql.auto.conf
# (ALTER SYSTEM), which is read after this file.
listen_addresses = ''
unix_socket_directories = '{quoted.replace("'", "''")}'
unix_socket_permissions = {"0770" if shared else "0700"}
password_encryption = 'scram-sha-256'
max_connections = 100
shared_buffers = '{buffers}MB'
dynamic_shared_memory_type = mmap
effective_cache_size = '{cache}MB'
work_mem = '32MB'
maintenance_work_mem = '256MB'
max_wal_size = '2GB'
wal_compression = on
checkpoint_timeout = '15min'
random_page_cost = 1.1
jit = off
# Of a million rows not a fifth: what died is cleaned while it is little.
autovacuum_naptime = '15s'
autovacuum_vacuum_scale_factor = 0.05
autovacuum_analyze_scale_factor = 0.05
autovacuum_vacuum_cost_limit = 1000
lc_messages = 'C.UTF-8'
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %u@%d '
# An error's DETAIL and its statement may carry a row, and a row the place of a main.
log_error_verbosity = terse
log_min_error_statement = panic
{STATEMENTS if statements else ""}"""


def _memory() -> int:
    """Bytes of memory of this machine, or as much of it as this container may have."""
    told = [each.read_text().strip() for each in LIMITS if each.exists()]
    had = re.search(r"^MemTotal: +(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    most = int(had[1]) * 1024 if had else 2 * 2**30
    return min([most, *(int(one) for one in told if one.isdecimal())])
