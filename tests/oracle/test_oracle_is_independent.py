"""The oracle may share nothing with what it judges."""

import ast
import sys
from pathlib import Path

ALLOWED = {"shapely", *sys.stdlib_module_names}
JUDGE = (
    "ground.py", "judging.py", "mains.py", "oracle.py", "others.py", "packs.py", "reading.py",
    "records.py", "windows.py",
)  # fmt: skip


def imported(path: Path) -> set[str]:
    """Top-level names of everything that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level if node.level else str(node.module).partition(".")[0])
    return found


def test_the_oracle_reads_files_and_packs_by_itself() -> None:
    """shapely and the standard library only; relative imports stay inside this folder."""
    for name in JUDGE:
        others = imported(Path(__file__).with_name(name)) - ALLOWED
        assert others <= {"."}, name
        assert "importlib" not in imported(Path(__file__).with_name(name))
