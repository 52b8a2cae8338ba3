"""Maps in other people's pages: figures that may be told, frozen, behind a signed link.

`told` says what may be told at all, `making` freezes it, `links` signs, `showing` draws what was
frozen as a page or a picture, `routes` and `commands` are the doors. `docs/embeds.md` explains.
"""
