"""https by a local authority: a real service, and a client that trusts the authority alone."""

import hashlib
import ipaddress
import os
import re
import signal
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright

from commands import run_command
from conftest import CHROMIUM_FLAGS, environment, free_port, served
from gridwarden.access.tls import making
from gridwarden.access.tls.address import printed_url
from gridwarden.access.tls.serving import certificate_options
from gridwarden.database.doctor import answers, examine
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

HOST = "map.office.example"
NSS = Path(__file__).parents[1] / "nss.py"
NAMES = making.names_of([HOST, "127.0.0.1"])


@pytest.fixture(scope="module")
def secured(module_city: Settings) -> Iterator[Settings]:
    """The module's city with a certificate made by the command."""
    done = gridwarden(module_city, "tls", "make", HOST, "127.0.0.1")
    assert done.returncode == 0, done.stderr
    yield module_city
    for file in module_city.tls.iterdir():
        file.unlink()


def gridwarden(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    return run_command(settings, *words)


@contextmanager
def secure_service(settings: Settings) -> Iterator[int]:
    """The service by https; gives its port."""
    options = certificate_options(settings)
    assert options
    with served(settings, **options) as url:
        yield int(url.rpartition(":")[2])


def trusting(settings: Settings) -> ssl.SSLContext:
    """A PC on which the authority, and no other, is installed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(settings.tls / "ca.crt")
    return context


def test_https_is_trusted_by_the_authority_alone(secured: Settings) -> None:
    assert {stat.S_IMODE(f.stat().st_mode) for f in secured.tls.iterdir()} == {0o600}
    assert stat.S_IMODE(secured.tls.stat().st_mode) == 0o700
    with secure_service(secured) as port:
        own = secured.model_copy(update={"port": port})
        assert own.own_url == f"https://127.0.0.1:{port}"
        assert answers(own)
        assert printed_url(own) == f"https://{HOST}:{port}"
        with httpx.Client(base_url=own.own_url, verify=trusting(secured)) as pc:
            page = pc.get("/tls", headers={"Accept-Language": "zh"})
            taken = pc.get("/tls/ca.crt")
            login = pc.get("/login")
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(own.own_url + "/tls")
    assert page.status_code == 200
    for system in ("Windows 7", "Windows 10", "统信UOS", "银河麒麟"):
        assert system in page.text
    assert taken.headers["content-type"] == "application/x-x509-ca-cert"
    said = "".join(re.findall(r"<code>([0-9A-F]{4})</code>", page.text))
    assert said == hashlib.sha256(taken.content).hexdigest().upper()
    spoken = gridwarden(secured, "tls", "show").stdout.replace(" ", "")
    assert said in spoken
    assert all("Secure" in c for c in login.headers.get_list("set-cookie") if "form" in c)
    for secret in ("ca.key", "server.key"):
        body = (secured.tls / secret).read_text().splitlines()[1]
        assert body not in page.text + spoken


def test_a_link_names_what_the_service_speaks_now(secured: Settings) -> None:
    """A certificate is spoken from the next start on; who says a public address is believed."""
    with served(secured) as url:
        own = secured.model_copy(update={"port": int(url.rpartition(":")[2])})
        assert gridwarden(own, "login-link", "planner").stdout.startswith(f"{url}/login?")
    assert printed_url(own) == f"https://{HOST}:{own.port}"
    public = own.model_copy(update={"public_url": "https://city.example/map/"})
    assert printed_url(public) == "https://city.example/map"


def test_a_browser_trusts_it_once_the_authority_is_installed(
    secured: Settings, tmp_path: Path
) -> None:
    """Chromium with the file of `/tls` in its store, and Chromium without."""
    ca = making.ca_of(secured)
    assert ca is not None
    (tmp_path / "ca.crt").write_bytes(ca.public_bytes(serialization.Encoding.DER))
    store = tmp_path / "office" / ".pki" / "nssdb"
    subprocess.run([sys.executable, NSS, store, tmp_path / "ca.crt"], check=True)
    with secure_service(secured) as port, sync_playwright() as playwright:
        for home, opens in (("office", True), ("stranger", False)):
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium",
                args=[*CHROMIUM_FLAGS, f"--host-resolver-rules=MAP {HOST} 127.0.0.1"],
                env=os.environ | {"HOME": str(tmp_path / home)},
            )
            page = browser.new_page(locale="zh-CN")
            if opens:
                page.goto(f"https://{HOST}:{port}/login")
                assert page.evaluate("isSecureContext && !!navigator.clipboard")
                assert page.locator("text=此地址未加密").count() == 0
                cookies = {c["name"]: c["secure"] for c in page.context.cookies()}
                assert cookies["__Host-gridwarden_form"]
            else:
                with pytest.raises(PlaywrightError, match="ERR_CERT_AUTHORITY_INVALID"):
                    page.goto(f"https://{HOST}:{port}/login")
            browser.close()


def signed_by_the_authority(settings: Settings, folder: Path, *names: str) -> Path:
    """What a thief of the authority's key could make: a certificate for other names."""
    key = serialization.load_pem_private_key((settings.tls / "ca.key").read_bytes(), None)
    ca = making.ca_of(settings)
    assert ca is not None
    thief = settings.model_copy(update={"home": folder})
    making._serve_by(thief, key, ca, making.names_of(names))  # type: ignore[arg-type]
    return folder / "tls"


@pytest.mark.parametrize("name", ["bank.example", "10.9.9.9", "example", "::1"])
def test_the_authority_can_vouch_for_no_other_name(
    secured: Settings, tmp_path: Path, name: str
) -> None:
    """Held by the TLS library itself, by a handshake in memory."""
    made = signed_by_the_authority(secured, tmp_path, name)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(made / "server.crt", made / "server.key")
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        shake(trusting(secured), theirs, name)
    theirs.load_cert_chain(secured.tls / "server.crt", secured.tls / "server.key")
    shake(trusting(secured), theirs, HOST)


def shake(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> None:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    pc = client.wrap_bio(to_client, to_server, server_hostname=name)
    service = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (pc, service):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue


@pytest.mark.parametrize(
    "names", [["10.1.2.3"], ["map.office.example"]], ids=["address", "host name"]
)
def test_a_kind_of_name_that_was_not_asked_for_is_closed(names: list[str], tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    making.make(settings, making.names_of(names))
    made = signed_by_the_authority(settings, tmp_path, "bank.example", "10.9.9.9")
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(made / "server.crt", made / "server.key")
    for name in ("bank.example", "10.9.9.9"):
        with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
            shake(trusting(settings), theirs, name)


def test_renewing_asks_nothing_of_the_pcs(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    made = making.make(settings, NAMES)
    with pytest.raises(Problem, match="gridwarden tls renew"):
        making.make(settings, NAMES)
    renewed = making.renew(settings)
    assert renewed.ca == made.ca
    assert renewed.server.serial_number != made.server.serial_number
    assert renewed.names == NAMES
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(settings.tls / "server.crt", settings.tls / "server.key")
    shake(trusting(settings), theirs, HOST)


def test_the_doctor_speaks_before_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gridwarden.cli  # noqa: F401  (what the doctor looks at above the database)

    def said(settings: Settings) -> str:
        return next(f.told for f in examine(settings) if f.what == "https certificate")

    settings = Settings(home=tmp_path / "home", language="en")
    assert said(settings) == ""
    making.make(settings, NAMES)
    assert said(settings) == ""
    for days, told in ((29, "ends in 28 days"), (-1, "has ended")):
        monkeypatch.setattr(making, "DAYS", days)
        making.make(settings, NAMES, again=True)
        assert told in said(settings)
        assert "gridwarden tls renew" in said(settings)
    monkeypatch.undo()
    making.renew(settings)
    assert said(settings) == ""
    (settings.tls / "server.key").chmod(0o644)
    assert "chmod 600" in said(settings)
    (settings.tls / "server.crt").write_text("no certificate")
    assert "no certificates in PEM form" in said(settings)


@pytest.mark.parametrize(
    "name",
    ["", "http://map.example", "map.example:8000", "a b", "-x", "1.2.3", "*", "a..b", "é" * 70],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(Problem) as told:
        making.names_of([name])
    assert told.value.status == 400
    assert told.value.field == "HOST"


def test_names_are_read_as_browsers_write_them() -> None:
    read = making.names_of(
        ["Map.Office.Example.", "[fd00::7]", "10.1.2.3", "10.1.2.3", "地图.中国"]
    )
    assert read.hosts == (HOST, "xn--wcs7d.xn--fiqs8s")
    assert read.addresses == (ipaddress.ip_address("fd00::7"), ipaddress.ip_address("10.1.2.3"))
    assert read.urls(443)[2:] == ["https://[fd00::7]", "https://10.1.2.3"]


def test_a_service_that_was_begun_before_its_certificate_is_known_as_our_own(
    secured: Settings,
) -> None:
    with served(secured) as url:
        settings = secured.model_copy(update={"port": int(url.rpartition(":")[2])})
        done = run_command(settings, "doctor", GRIDWARDEN_LANGUAGE="en")
        assert "still answers without its certificate" in done.stdout, done.stdout
        assert "systemctl restart gridwarden" in done.stdout
        assert "stop what uses it" not in done.stdout
        assert f"{url} answers" in run_command(settings, "status", GRIDWARDEN_LANGUAGE="en").stdout


def test_without_an_authority_the_page_says_how_to_make_one(tmp_path: Path) -> None:
    from fastapi.testclient import TestClient

    from gridwarden.app import create_app

    client = TestClient(create_app(Settings(home=tmp_path)))
    assert "gridwarden tls make" in client.get("/tls").text
    assert client.get("/tls/ca.crt").status_code == 404


def test_serve_speaks_https_and_leads_over(secured: Settings) -> None:
    """The command itself: browsers are led over, keys sent unencrypted are refused."""
    port, plain = free_port(), free_port()
    settings = secured.model_copy(update={"port": port})
    running = subprocess.Popen(
        [sys.executable, "-m", "gridwarden", "serve", "--no-worker", "--redirect-from", str(plain)],
        env=environment(settings),
    )
    try:
        for _ in range(600):
            if answers(settings):
                break
            assert running.poll() is None
            time.sleep(0.1)
        base = f"http://127.0.0.1:{plain}"
        led = httpx.get(base + "/findings?a=1", headers={"Accept": "text/html"})
        assert led.status_code == 307
        assert led.headers["location"] == f"https://127.0.0.1:{port}/findings?a=1"
        for answer in (
            httpx.post(base + "/login", data={"name": "a", "password": "b"}),
            httpx.get(base + "/api/whoami", headers={"Authorization": "Bearer gw_x"}),
        ):
            assert answer.status_code == 400
            assert answer.json()["type"] == "urn:gridwarden:problem:refused"
        assert "certutil" in httpx.get(base + "/tls").text
        assert httpx.get(base + "/static/gridwarden.css").status_code == 200
        with httpx.Client(verify=trusting(secured)) as pc:
            assert pc.get(led.headers["location"]).status_code == 401
    finally:
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) is not None
