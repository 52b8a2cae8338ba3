"""Both languages of the product: every word on a page, in an answer and in a problem.

`say("heat.title", "zh")` gives the words of one catalogue entry; `language_of(request)` decides
which language a caller reads. The catalogues lie in `catalogue/<room>.toml`, one file a room.
"""

from gridwarden.words.language import LANGUAGES, Language, language_of
from gridwarden.words.speech import UnknownWordsError, known, say

__all__ = ["LANGUAGES", "Language", "UnknownWordsError", "known", "language_of", "say"]
