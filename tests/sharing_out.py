"""How `script/test` shares the files out among its processes: the longest first.

Each process has a cluster of its own and takes the next whole file when it has done with one, so
nothing but the order decides how long the last one works alone.
"""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
LONGEST = (
    "acceptance/test_never_5xx.py",
    "oracle/test_screen_equals_oracle.py",
    "access/test_no_leak.py",
    "database/test_demo.py",
    "acceptance/test_toy_layer.py",
    "access/test_audit_seen.py",
    "sample/test_load.py",
    "screening/test_explaining_sample.py",
    "acceptance/test_hostile_pages.py",
    "screening/test_neighbouring_zones.py",
    "screening/test_what_if.py",
    "test_notebooks.py",
    "screening/test_reasons.py",
    "screening/test_screener.py",
    "oracle/test_permits_equal_oracle.py",
    "watching/test_through.py",
    "screening/test_distance_rules.py",
    "screening/test_what_if_sample.py",
    "rules/test_try.py",
    "vectors/test_vectors.py",
    "screening/test_properties.py",
    "access/test_accounts.py",
    "oracle/test_planted_pairs.py",
    "jobs/test_running.py",
    "screening/never_stale/test_never_stale.py",
    "database/test_cluster.py",
    "screening/test_explaining.py",
    "layers/test_export.py",
)
"""What takes longest, as `script/test --durations=0` tells: half the time of all files."""


def longest_first(items: list[pytest.Item]) -> None:
    """The tests of the longest files to the front, each file's own order kept."""
    ranks = {HERE / name: rank for rank, name in enumerate(LONGEST)}
    gone = [file for file in ranks if not file.exists()]
    if gone:
        raise pytest.UsageError(f"tests/sharing_out.py names {gone[0]}, which is not there.")
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))
