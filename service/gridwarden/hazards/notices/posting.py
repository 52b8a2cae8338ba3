"""One letter given to the office's mail server: smtp://, smtps://, or smtp+tls:// (STARTTLS)."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote, urlsplit

ADDRESS: Final = r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,180}[A-Za-z0-9])?$"
"""What is taken for somebody's address."""
PATIENCE_S: Final = 20.0
PORTS: Final = {"smtp": 25, "smtps": 465, "smtp+tls": 587}


@dataclass(frozen=True, slots=True)
class Server:
    """Where letters go; refuses to exist for what is no such address."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = ""

    @classmethod
    def of(cls, url: str) -> "Server":
        """`smtps://user:password@host:465`. Raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError("GRIDWARDEN_SMTP is smtp://host, smtps://host or smtp+tls://host")
        port = parts.port or PORTS[parts.scheme]
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(parts.scheme, parts.hostname, port, user, password)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it: taken, refused for good (`final`), or to be tried again."""

    taken: bool
    final: bool = False
    said: str = ""


def post(server: Server, message: EmailMessage) -> Answer:
    """Send a letter once; blocks for at most some `PATIENCE_S`. Raises nothing."""
    try:
        with _connected(server) as smtp:
            if server.scheme == "smtp+tls":
                smtp.starttls(context=ssl.create_default_context())
            if server.user:
                smtp.login(server.user, server.password)
            smtp.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        return Answer(False, 500 <= code < 600, f"{code} {_plain(said)}")
    except smtplib.SMTPResponseException as error:
        # A wrong password is the office's to mend, not the letter's fault.
        final = 500 <= error.smtp_code < 600 and not isinstance(
            error,
            smtplib.SMTPAuthenticationError | smtplib.SMTPConnectError | smtplib.SMTPHeloError,
        )
        return Answer(False, final, f"{error.smtp_code} {_plain(error.smtp_error)}")
    except (smtplib.SMTPException, OSError, ValueError) as error:
        return Answer(False, False, type(error).__name__)
    return Answer(True)


def _connected(server: Server) -> smtplib.SMTP:
    if server.scheme == "smtps":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, timeout=PATIENCE_S, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=PATIENCE_S)


def _plain(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(text.split())[:200]
