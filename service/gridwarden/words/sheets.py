"""Text in a CSV that a spreadsheet shows and does not run.

What begins like a formula gets an apostrophe before it, as people type it themselves. So does
what begins with apostrophes and then like a formula: only then can exactly one be taken away
again when the file comes back, and every text is what it was.
"""

import re
from typing import Any, Final

# The full-width signs are formulas, too, where the spreadsheet is set to Chinese or Japanese.
_GUARDED: Final = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def safe(value: Any) -> str:
    """A value as it is written; nothing for None."""
    text = "" if value is None else str(value)
    return f"'{text}" if _GUARDED.match(text) else text


def guarded(text: str) -> bool:
    """Whether a spreadsheet may take the text for a formula."""
    return _GUARDED.match(text) is not None


def unguarded(text: str) -> str:
    """A text as it was before `safe`."""
    return text[1:] if text.startswith("'") and _GUARDED.match(text) else text
