"""Layers and findings to files, as their caller may see them, whole or not at all.

`content.Content` says what is written and by which statement, `target.Target` in which coordinates,
`kinds.KINDS` as which kind of file; `pouring.pour` reads the rows by a cursor on the server and
hands them to the writer in chunks, so that a city takes no more memory than a village.

What is written here comes back through intake as it was: machine names head the columns, and
`source_id`, `dataset`, `version`, `repair` and `extra` are known again. A text without letters
comes back as none.
"""
