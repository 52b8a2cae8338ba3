"""Why the command line does not take what was typed, in the language of the settings."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError
from typer._click import exceptions

from gridwarden.words.command_line import called
from gridwarden.words.refused import why
from gridwarden.words.speech import say

_COMMAND = re.compile(r"No such command ['\"](.*?)['\"][.]", re.DOTALL)
_MORE = re.compile(r"Got unexpected extra argument\(s\) \((.*)\)", re.DOTALL)


def mistyped(error: typer.TyperException, lang: str) -> Iterator[str]:
    """Lines for whoever typed what no command takes; its help, where nothing was typed."""
    if isinstance(error, exceptions.NoArgsIsHelpError):
        yield error.message
        return
    yield _sentence(error, lang)
    if isinstance(error, exceptions.UsageError) and error.ctx is not None:
        yield error.ctx.get_usage()
        yield say("usage.see", lang, command=error.ctx.command_path)


def _sentence(error: typer.TyperException, lang: str) -> str:
    """One sentence; in the words of the library where it is none of the kinds known here."""
    if isinstance(error, exceptions.NoSuchOption):
        return _no_such(error.option_name, error.possibilities or (), lang)
    if isinstance(error, exceptions.BadOptionUsage):
        key = "takes_none" if "not take" in error.message else "no_value"
        return say(f"usage.{key}", lang, name=error.option_name)
    if isinstance(error, exceptions.BadParameter) and error.param is not None:
        name = called(error.param)
        if isinstance(error, exceptions.MissingParameter):
            return say("usage.missing", lang, name=name, words=getattr(error.param, "help", ""))
        return say("usage.bad_value", lang, name=name, why=_wrong(error, error.param, lang))
    if found := _COMMAND.match(error.message):
        commands = getattr(getattr(error, "cmd", None), "commands", ())
        return _no_such(found[1], get_close_matches(found[1], commands), lang)
    if found := _MORE.match(error.message):
        return say("usage.too_many", lang, name=found[1])
    if error.message == "Missing command.":
        return say("usage.which_command", lang)
    return error.format_message()


def _no_such(name: str, near: Sequence[str], lang: str) -> str:
    if near:
        return say("usage.near", lang, name=name, near=", ".join(near))
    return say("usage.no_such", lang, name=name)


def _wrong(error: exceptions.BadParameter, param: Any, lang: str) -> str:
    """Why a value is not taken: by what is wanted, or by pydantic's reason in our words."""
    kind = param.type_descriptor.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return say("usage.one_of", lang, known=", ".join(str(one.value) for one in kind))
    if kind is datetime:
        return say("usage.day", lang)
    if kind is Path:
        return say("usage.no_file", lang)
    if isinstance(error.__cause__, ValidationError):
        return why(error.__cause__.errors()[0], lang)
    return error.message.rstrip(".")
