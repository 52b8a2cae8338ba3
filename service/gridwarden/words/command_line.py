"""What the command line says of itself, in the language of the settings.

The words are `command.…` and `option.…` of the catalogue; no command or option has a sentence of
its own. `help=` in the code is for what the code alone knows (the names of the roles): the
catalogue's `{known}`. It is laid out here, because Typer cuts lines that have no spaces.
"""

from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Final

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text
from typer.core import TyperGroup, TyperOption

from gridwarden.words.speech import UnknownWordsError, known, say

WIDTH: Final = 100
"""A line of help is read, not scanned: no wider on a wide screen."""
VALUES: Final = {int: "number", float: "number", Path: "file"}
"""How a value is called that has no name of its own (`usage.…`); a text otherwise."""


def speak(command: Any, lang: str, path: Sequence[str] = ()) -> None:
    """Give a command, its options and what is below it their words and the layout."""

    class Context(typer.Context):
        def get_help(self) -> str:
            return _laid_out(self, lang)

        def get_usage(self) -> str:
            return usage(self, lang)

    command.context_class = Context
    command.help = say(".".join(("command", *path)), lang)
    for param in command.get_params(Context(command)):
        if not param.hidden:
            param.help = _words(param, lang, path)
    for name, one in getattr(command, "commands", {}).items():
        speak(one, lang, (*path, name))


def listing(lang: str, *heads: str) -> Table:
    """The list that a command prints; what is too long for its column goes on below, uncut."""
    return Table(*(Column(say(f"listing.head.{one}", lang), overflow="fold") for one in heads))


def _words(param: Any, lang: str, path: Sequence[str]) -> str:
    """The words of an option or argument: its command's, a group's above it, or everybody's."""
    name = max(param.opts, key=len).lstrip("-")
    above = [".".join(("command", *path[:depth], name)) for depth in range(len(path), 0, -1)]
    for key in (*above, f"option.{name}"):
        if known(key):
            return say(key, lang, known=param.help or "")
    raise UnknownWordsError(".".join(("command", *path, name)))


def called(param: Any) -> str:
    """An option or argument as it is typed: `--crs`, `FILE`."""
    if isinstance(param, TyperOption):
        return max(param.opts, key=len)
    return str(param.metavar or param.name.upper())


def usage(context: typer.Context, lang: str) -> str:
    """How the command is typed, in a line."""
    pieces = [context.command_path, say("usage.options", lang)]
    for param in context.command.params:
        if not isinstance(param, TyperOption):
            pieces.append(called(param) if param.required else f"[{called(param)}]")
    if isinstance(context.command, TyperGroup):
        pieces.append(say("usage.command", lang))
    return say("usage.usage", lang, typed=" ".join(pieces))


def _laid_out(context: typer.Context, lang: str) -> str:
    """The help of a command: usage, what it does, arguments, options, commands."""
    command = context.command
    console = Console(width=min(Console().width, WIDTH), highlight=False, markup=False)
    params = [one for one in command.get_params(context) if not getattr(one, "hidden", False)]
    tables = {
        "arguments": [_row(one, lang) for one in params if not isinstance(one, TyperOption)],
        "options": [_row(one, lang) for one in params if isinstance(one, TyperOption)],
        "commands": [*_commands(command)],
    }
    with console.capture() as told:
        console.print(usage(context, lang))
        for part in (command.help or "").split("\n\n"):
            console.print()
            console.print(Text(part), overflow="fold")
        for name, rows in tables.items():
            if rows:
                console.print(f"\n{say(f'usage.{name}_title', lang)}")
                console.print(Padding(_table(rows), (0, 0, 0, 2)))
    return "\n".join(line.rstrip() for line in told.get().splitlines())


def _table(rows: Sequence[tuple[str, str]]) -> Table:
    """Names and what they mean; a name keeps its line, and words are broken where they must."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(overflow="fold", max_width=WIDTH // 3)
    table.add_column(overflow="fold")
    for name, words in rows:
        table.add_row(Text(name), Text(words))
    return table


def _commands(command: Any) -> Iterator[tuple[str, str]]:
    """A group's commands, each with the first part of what it does."""
    for name, one in getattr(command, "commands", {}).items():
        if not one.hidden:
            yield name, one.help.split("\n\n")[0]


def _row(param: Any, lang: str) -> tuple[str, str]:
    """An option or argument with its value, what it means, its bounds and what it is unsaid."""
    name = called(param)
    words = [param.help]
    if isinstance(param, TyperOption):
        name = ", ".join(sorted(param.opts, key=len))
        if param.secondary_opts:
            name += f" / {param.secondary_opts[0]}"
        if not param.is_flag:
            name += f" {_value(param, lang)}"
        if isinstance(param.default, int | float | str) and not param.is_flag:
            default = param.default.value if isinstance(param.default, Enum) else param.default
            words += [say("usage.default", lang, value=default)] if default != "" else []
    if param.min is not None or param.max is not None:
        least, most = ("" if one is None else one for one in (param.min, param.max))
        words.append(f"[{least}–{most}]" if most else f"[≥ {least}]")
    if param.required:
        words.append(say("usage.required", lang))
    return name, " ".join(words)


def _value(param: Any, lang: str) -> str:
    """What stands for an option's value."""
    kind = VALUES.get(param.type_descriptor.annotation, "text")
    return str(param.metavar or say(f"usage.{kind}", lang))
