"""The kinds of file that people send, one module a kind; `registry.py` lists them all.

Each is known by its bytes, not by what it is called, and is opened as a `Source`: rows of raw
values, shapes in the file's own numbers, and what the file says of whose coordinates they are.
"""
