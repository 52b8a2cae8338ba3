"""What the settings name that is not there: a variable that nobody reads, a pack, a file, a server.

`Settings` itself refuses what no value can be. This here is said by `doctor`, and once by `up` and
`serve`, which go on: without the board's file or mail an office still has its map.
"""

import os
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from gridwarden.database.doctor import look
from gridwarden.database.sentences import trouble
from gridwarden.database.trouble import SetUpError
from gridwarden.hazards.board.definitions import definitions_of
from gridwarden.hazards.notices.posting import Server
from gridwarden.rules.publishing import chosen
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.problems import Problem

PREFIX: Final = "GRIDWARDEN_"
OF_SCRIPTS: Final = ("BACKUP_FOLDER", "FROM")
"""Read by the units and the bundle alone."""
FILES: Final = ("backup_passphrase_file", "oidc_secret_file", "oidc_rules", "oidc_ca_file")


@look("settings")
def settings_hold(settings: Settings) -> None:
    """Everything that the settings name is there."""
    found = [*mistakes(settings)]
    if found:
        mend = " ".join(dict.fromkeys(one.mend for one in found))
        wrong = "; ".join(one.wrong for one in found)
        raise SetUpError(" ".join(map(str, found)), wrong, mend)


def mistakes(settings: Settings) -> Iterator[SetUpError]:
    """One sentence each, in the office's language."""
    known = [*(name.upper() for name in Settings.model_fields), *OF_SCRIPTS]
    for variable in sorted(os.environ):
        name = variable.upper().removeprefix(PREFIX)
        if variable.upper().startswith(PREFIX) and name not in known:
            near = get_close_matches(name, known, n=1)
            key = "setting_near" if near else "setting_unknown"
            yield trouble(settings, key, name=variable, near="".join(PREFIX + one for one in near))
    for name in FILES:
        place = getattr(settings, name)
        if place is not None and _is_missing(place):
            why = say("doctor.setting_file", settings.language, file=place)
            yield trouble(settings, "setting", name=PREFIX + name.upper(), why=why)
    yield from _refusals(settings)


def _is_missing(place: Path) -> bool:
    """Nothing stands there; what this account may not look at may well be there for another."""
    try:
        place.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _refusals(settings: Settings) -> Iterator[SetUpError]:
    """What the rooms say that read a setting."""
    try:
        chosen(settings.rules)
    except Problem as refusal:
        yield _refused(settings, "RULES", refusal.said(settings.language))
    try:
        definitions_of(settings)
    except Problem as refusal:
        yield _refused(settings, "BOARD", refusal.said(settings.language))
    if settings.smtp is not None:
        try:
            Server.of(settings.smtp.get_secret_value())
        except ValueError:
            yield _refused(settings, "SMTP", say("doctor.setting_smtp", settings.language))


def _refused(settings: Settings, name: str, why: str) -> SetUpError:
    return trouble(settings, "setting", name=PREFIX + name, why=" ".join(why.split()).rstrip(".。"))
