"""`gridwarden doctor --through`: proxies that change what they should leave alone are found; what
is said can be pasted into a chat.
"""

import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from commands import run_command_in
from conftest import environment, served
from gridwarden.access.tls import making
from gridwarden.cli import gather
from gridwarden.database.pasteable import pasteable
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings
from gridwarden.watching.through import look_through
from gridwarden.watching.through_routes import HEADER, signed
from proxies import proxied

FINDINGS = (
    *("answer", "path", "whole bodies", "uploads", "Host", "http or https", "cookies", "frames"),
    *("headers of pages", "live events"),
)


@pytest.fixture(scope="module")
def live_settings(module_city: Settings) -> Iterator[Settings]:
    """The service, and the settings that name its port."""
    known = {"trusted_proxies": ("127.0.0.1/32",), "language": "en"}
    trusting = module_city.model_copy(update=known)
    with served(trusting, proxy_headers=False) as url:
        yield trusting.model_copy(update={"port": int(url.rpartition(":")[2])})


def bad(settings: Settings, url: str) -> dict[str, str]:
    return {one.what: one.told for one in look_through(settings, url) if not one.good}


def test_a_proxy_that_leaves_all_alone_is_as_it_should_be(live_settings: Settings) -> None:
    with proxied(live_settings.own_url) as url:
        found = list(look_through(live_settings, url))
    assert [one.what for one in found if one.good] == list(FINDINGS), found


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "frames": ({"add": {"X-Frame-Options": "SAMEORIGIN"}}, "proxy_hide_header X-Frame-Options"),
    "Host": ({"host": "backend:8000"}, "proxy_set_header Host $http_host"),
    "http or https": ({"forwarded": {"X-Forwarded-Proto": "https"}}, "X-Forwarded-Proto"),
    "headers of pages": ({"drop": ("content-security-policy",)}, "content-security-policy"),
    "cookies": ({"drop": ("set-cookie",)}, "leave Set-Cookie alone"),
    "whole bodies": ({"cut": 65_536}, "proxy_max_temp_file_size"),
    "live events": ({"buffer": True}, "proxy_buffering off"),
}


@pytest.mark.parametrize("what", CASES)
def test_a_proxy_that_changes_something_is_found(live_settings: Settings, what: str) -> None:
    how, mend = CASES[what]
    with proxied(live_settings.own_url, **how) as url:
        found = bad(live_settings, url)
    assert mend in found[what], found
    assert set(found) <= {what, "cookies"}


def test_https_that_ends_at_a_proxy(live_settings: Settings, tmp_path: Path) -> None:
    """The browser's https ends at a proxy of the office; the service hears http."""
    proxy = live_settings.model_copy(update={"home": tmp_path})
    making.make(proxy, making.names_of(["127.0.0.1"]))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(proxy.tls / "server.crt", proxy.tls / "server.key")
    https = {"X-Forwarded-Proto": "https"}
    with proxied(live_settings.own_url, tls=tls) as url:
        assert "tls show" in bad(live_settings, url)["certificate"]
    live_settings.tls.mkdir(exist_ok=True)
    authority = live_settings.tls / "ca.crt"
    authority.write_bytes((proxy.tls / "ca.crt").read_bytes())
    try:
        with proxied(live_settings.own_url, tls=tls) as url:
            found = bad(live_settings, url)
            assert "proxy_set_header X-Forwarded-Proto $scheme" in found["http or https"]
            assert "secure" in found["cookies"]
        with proxied(live_settings.own_url, tls=tls, forwarded=https) as url:
            assert bad(live_settings, url) == {}
        distrusting = live_settings.model_copy(update={"trusted_proxies": ()})
        with (
            served(distrusting, proxy_headers=False) as own,
            proxied(own, tls=tls, forwarded=https) as url,
        ):
            beside = distrusting.model_copy(update={"port": int(own.rpartition(":")[2])})
            assert "GRIDWARDEN_TRUSTED_PROXIES" in bad(beside, url)["http or https"]
    finally:
        authority.unlink()


def test_another_service_and_nobody(live_settings: Settings, module_city: Settings) -> None:
    other = live_settings.model_copy(update={"home": live_settings.home / "other"})
    other.secrets.mkdir(parents=True, exist_ok=True)
    found = bad(other.model_copy(update={"port": live_settings.port}), live_settings.own_url)
    assert "another installation" in found["answer"]
    with proxied("http://127.0.0.1:9") as url:
        assert "answer" in bad(live_settings, url)
    assert set(bad(live_settings, "http://127.0.0.1:9")) == {"answer"}
    assert "does not know the host" in bad(live_settings, "http://no.such.host.invalid")["answer"]
    for wrong in (
        "map.example",
        "ftp://x",
        "http://a/b?c",
        "http://u:p@a",
        "http://[",
        "http://a:0x",
    ):
        with pytest.raises(SetUpError, match="--through"):
            list(look_through(live_settings, wrong))


def test_nobody_else_is_told_how_a_request_arrived(live_settings: Settings) -> None:
    url = live_settings.own_url + "/healthz/through"
    good = signed(live_settings)
    assert httpx.get(url, headers={HEADER: good}).json()["scheme"] == "http"
    old = signed(live_settings, 1_700_000_000)
    for wrong in (
        "",
        good[:-1] + ("0" if good[-1] != "0" else "1"),
        old,
        "9" * 150,
        "²." + "0" * 9,
    ):
        headers = {HEADER: wrong.encode()} if wrong else {}
        answer = httpx.get(url, headers=headers)
        assert answer.status_code == 404, wrong
        assert httpx.get(url + "/events", headers=headers).status_code == 404


SEEDED = ("张三丰", "zhangsanfeng", "30.512345", "114.412345", "s3cret-Passw0rd", "10.77.66.55")


def test_what_the_doctor_says_can_be_pasted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installation full of secrets, places and names, in every state that it can be in."""
    home = tmp_path / "张三丰 zhangsanfeng" / "at 30.512345 114.412345"
    (home / "secrets").mkdir(parents=True)
    (home / "secrets" / "gridwarden_owner").write_text("token-s3cret-Passw0rd\n")
    (home / "secrets" / "gridwarden_owner").chmod(0o644)
    (home / "tls").mkdir()
    (home / "tls" / "server.crt").write_text("s3cret-Passw0rd")
    (home / "tls" / "server.key").write_text("s3cret-Passw0rd")
    said = ""
    for url in (
        None,
        "postgresql://zhangsanfeng:s3cret-Passw0rd@10.77.66.55:1/zw?connect_timeout=1",
        "postgresql://zhangsanfeng:s3cret-Passw0rd@zhangsanfeng.invalid/zw",
    ):
        env = os.environ | {
            "GRIDWARDEN_HOME": str(home),
            "GRIDWARDEN_SYSLOG": "tcp://10.77.66.55:601",
            "GRIDWARDEN_METRICS_TOKEN": "token-s3cret-Passw0rd",
            "HOME": str(home.parent),
            "GRIDWARDEN_LANGUAGE": "en",
        }
        env.pop("GRIDWARDEN_DATABASE_URL", None)
        if url:
            env["GRIDWARDEN_DATABASE_URL"] = url
        done = run_command_in(env, "doctor")
        assert done.returncode == 1
        assert "BAD" in done.stdout
        said += done.stdout + done.stderr
    assert 'chmod 600 "$GRIDWARDEN_HOME/secrets/gridwarden_owner"' in said
    for one in (*SEEDED, str(tmp_path)):
        assert one not in said, said


def test_the_net_leaves_ordinary_words_alone() -> None:
    settings = Settings(home=Path("/srv/li si"))
    form = "write it as postgresql://OWNER:PASSWORD@HOST:PORT/DATABASE."
    for text in ("Only 599 MB are free.", "such as 127.0.0.1", "PostgreSQL 15.14", "3.5 s", form):
        assert pasteable(settings, text) == text
    assert pasteable(settings, "key gw_abcdefgh12345 of postgresql://a:b@h/x") == (
        "key (secret) of postgresql://(secret)h/x"
    )
    assert pasteable(settings, "at 30.5123 114.4123, 10.1.2.3, fd00::7:8:9") == (
        "at (number) (number), (address), (address)"
    )
    told = Settings(
        home=Path("/srv/li si"),
        smtp=SecretStr("smtp://clerk%40wang:dr%40wn-by-chance@mail.example:25"),
        public_url="https://office.example/gridwarden",
    )
    roles = Settings(database_url="postgresql://map_owner:dr%40wn-by-chance@db.example/city")
    told_of_roles = pasteable(roles, 'on db.example: ALTER ROLE "map_owner" CREATEROLE;')
    assert told_of_roles == 'on (host): ALTER ROLE "(user)" CREATEROLE;'
    refused = "mail.example:25 refused clerk@wang dr@wn-by-chance; https://office.example says a b"
    assert pasteable(told, refused) == "(host):25 refused (user) (secret); https://(host) says a b"


def test_the_command_ends_with_1_for_a_bad_way(live_settings: Settings) -> None:
    env = environment(live_settings) | {"GRIDWARDEN_LANGUAGE": "en"}
    with proxied(live_settings.own_url, add={"X-Frame-Options": "DENY"}) as url:
        done = CliRunner().invoke(gather(), ["doctor", "--through", url], env=env)
    assert done.exit_code == 1
    assert "BAD frames" in done.output and "ok  Host" in done.output
