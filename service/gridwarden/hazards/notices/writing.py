"""A letter of one person's notices, in that person's language.

A letter leaves the office's own machines: it says which case, its grade, when it is due and what to
do next, and no place, no description, nothing of a main.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from gridwarden.settings import Settings
from gridwarden.words import known, say
from gridwarden.words.figures import when

Notice = Mapping[str, Any]


def letter(told: Mapping[str, Any], settings: Settings) -> EmailMessage:
    """The letter that `data.next_letter` gave.

    Its Message-ID comes of the notices in it: sent again after a worker died, it is the same one.
    """
    lang, notices = told["language"], told["notices"]
    message = EmailMessage(SMTP)
    message["From"] = settings.mail_from
    name, _, domain = str(told["address"]).rpartition("@")
    message["To"] = Address(display_name=told["name"], username=name, domain=domain)
    message["Subject"] = subject(notices, lang)
    ids = ",".join(str(one["id"]) for one in notices)
    mark = hashlib.sha256(ids.encode()).hexdigest()[:32]
    message["Message-ID"] = (
        f"<{mark}@gridwarden.{settings.mail_from.rpartition('@')[2] or 'local'}>"
    )
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text(told, settings), charset="utf-8", cte="base64")
    message["Content-Language"] = {"zh": "zh-CN", "en": "en"}[lang]
    return message


def subject(notices: Sequence[Notice], lang: str) -> str:
    """What it is about: the one notice, or how many there are."""
    if len(notices) == 1:
        return _line(notices[0], lang, None)
    return say("notices.subject", lang, n=len(notices))


def text(told: Mapping[str, Any], settings: Settings) -> str:
    """The whole letter, a paragraph a notice, and where to see more."""
    lang = told["language"]
    parts = [say("notices.hello", lang, name=told["name"])]
    for one in told["notices"]:
        lines = [_line(one, lang, settings.time_zone)]
        if one["next"] and one["next"] != "none":
            lines.append(say(f"notices.next.{one['next']}", lang))
        if settings.public_url:
            lines.append(f"{settings.public_url.rstrip('/')}/hazards/{one['case']}")
        parts.append("\n".join(lines))
    parts.append(say("notices.goodbye", lang))
    return "\n\n".join(parts) + "\n"


def _line(one: Notice, lang: str, zone: str | None) -> str:
    """`Assigned: 510104202611210001, serious, gas, due 25 Nov 17:00`."""
    facts = [one["hazard_no"] or say("notices.unnumbered", lang, number=one["case"])]
    if one["grade"]:
        facts.append(say(f"severity.{one['grade']}", lang))
    category = f"hazards.category.{one['category']}"
    facts.append(say(category, lang) if known(category) else one["category"])
    if one["due_at"] and zone is not None:
        due = when(datetime.fromisoformat(one["due_at"]), lang, zone=zone)
        listing = str(one["kind"]).startswith("listing_")
        facts.append(say("notices.by" if listing else "notices.due", lang, at=due))
    kind = say(f"notices.kind.{one['kind']}", lang, n=one["level"])
    return say("notices.line", lang, kind=kind, facts=say("notices.comma", lang).join(facts))
