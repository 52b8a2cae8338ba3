"""A message goes to the address that was checked; what a stranger's server does stays a word."""

import asyncio
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gridwarden.jobs.webhooks import posting
from gridwarden.jobs.webhooks.addresses import Target, target_of, url_of
from gridwarden.jobs.webhooks.posting import Answer, post

from .hearing import LOCAL, receiving


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server on 127.0.0.1 that does with each connection what `answer` does; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def answer_of(url: str, address: str = "127.0.0.1") -> Answer:
    return asyncio.run(post(Target(url_of(url), address), "{}", {}))


def says(text: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(text)

    return answer


def drips(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-More: 1\r\n")
        threading.Event().wait(0.02)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1000, Answer(200)),
        (b"HTTP/1.1 204 No Content\r\n\r\n", Answer(204)),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", Answer(302)),
        (b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\n\r\n", Answer(401)),
        (b"220 mail.example ESMTP\r\n", Answer(None, "protocol")),
        (b"\x00\xff" * 50, Answer(None, "protocol")),
        (b"HTTP/1.1 999999 x\r\n\r\n", Answer(None, "protocol")),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000 + b"\r\n", Answer(None, "protocol")),
        (b"", Answer(None, "protocol")),
    ],
)
def test_what_is_answered_becomes_a_status_or_a_word(text: bytes, found: Answer) -> None:
    with server(says(text)) as port:
        answer = answer_of(f"http://127.0.0.1:{port}/")
    assert (answer.status, answer.error) in (
        (found.status, found.error),
        (None, "unreachable" if found.error else None),  # closed before it was read
    )
    assert answer.taken == (found.status in (200, 204))


def test_who_says_nothing_or_never_ends_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "STEP_S", 0.3)
    monkeypatch.setattr(posting, "WHOLE_S", 0.6)
    with server(lambda connection: threading.Event().wait(1)) as port:
        assert answer_of(f"http://127.0.0.1:{port}/") == Answer(None, "timeout")
    with server(drips) as port:
        assert answer_of(f"http://127.0.0.1:{port}/") == Answer(None, "timeout")


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost"
    made += f" -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {certificate}"
    subprocess.run(made.split(), check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def shake(connection: socket.socket) -> None:
        context.wrap_socket(connection, server_side=True).close()

    with server(shake) as port:
        assert answer_of(f"https://127.0.0.1:{port}/") == Answer(None, "tls")
    with server(says(b"HTTP/1.1 200 OK\r\n\r\n")) as port:
        assert answer_of(f"https://127.0.0.1:{port}/").error in ("tls", "unreachable")


def test_the_checked_address_is_called_and_told_the_name() -> None:
    with receiving() as receiver:
        port = receiver.url.rsplit(":", 1)[1]
        url = f"http://localhost:{port}/here?x=1"
        target = asyncio.run(target_of(url, LOCAL))
        assert asyncio.run(post(target, "{}", {"webhook-id": "a"})) == Answer(204)
        # a name that leads elsewhere by now, or nowhere, is not looked up again
        assert answer_of(f"http://gridwarden.invalid:{port}/", "127.0.0.1") == Answer(204)
    heard = receiver.heard
    assert [one.headers["host"] for one in heard] == [
        f"localhost:{port}",
        f"gridwarden.invalid:{port}",
    ]
    assert heard[0].path == "/here?x=1"
    assert answer_of("http://127.0.0.1:1/").error == "unreachable"
