"""No URL that anybody makes up reaches what only this machine may reach, nor breaks us."""

import asyncio
from ipaddress import IPv6Address, ip_network

import httpx
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from conftest import KeyMaker
from gridwarden.jobs.webhooks.addresses import Address, may_be_called, target_of, url_of
from gridwarden.words.problems import Problem

HOSTILE = [
    "http://127.0.0.1/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://１２７.０.０.１/",
    "https://127。0。0。1/",
    "https://localhost/",
    "https://0/",
    "https://0.0.0.0/",
    "https://[::]/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fd00:ec2::254]/",
    "https://[fc00::1]/",
    "http://169.254.169.254/latest/meta-data/",
    "https://169.254.169.254/",
    "https://100.100.100.200/",
    "https://10.0.0.1/",
    "https://192.168.1.1/",
    "https://172.16.0.1/",
    "https://100.64.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "http://1.1.1.1/",
    "https://user:pass@1.1.1.1/",
    "https://1.1.1.1@127.0.0.1/",
    "https://1.1.1.1#@127.0.0.1/",
    "https://1.1.1.1:0/",
    "https://1.1.1.1:99999/",
    "ftp://1.1.1.1/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_x",
    "unix:/run/x",
    "//1.1.1.1/",
    "https://",
    "https:///x",
    "https://\x00/",
    "https://a\r\nX: y/",
    "https://[/",
    "https://ends.with.dot.invalid./",
    "https://" + "a" * 70 + ".invalid/",
    "https://1.1.1.1/" + "x" * 3000,
    "",
]


@pytest.mark.parametrize("url", HOSTILE, ids=[url[:30] or "nothing" for url in HOSTILE])
def test_an_address_that_is_not_for_us_is_refused(url: str) -> None:
    with pytest.raises(Problem) as refused:
        asyncio.run(target_of(url, ()))
    assert (refused.value.status, refused.value.field) == (400, "url")
    assert refused.value.said("zh") and refused.value.said("en")


def test_public_addresses_by_https_and_listed_ones_by_both() -> None:
    for url, networks in (
        ("https://1.1.1.1/hook?x=1", ()),
        ("https://[2606:4700:4700::1111]:8443/", ()),
        ("http://10.1.2.3:8080/hook", ("10.0.0.0/8",)),
        ("https://[fc00::1]/", ("fc00::/7",)),
        ("http://localhost:9/", ("127.0.0.0/8", "::1/128")),
    ):
        target = asyncio.run(target_of(url, networks))
        assert target.url == httpx.URL(url)
    for url in ("http://169.254.169.254/", "https://[fe80::1]/", "http://0.0.0.0/"):
        with pytest.raises(Problem):  # not even when they are listed
            asyncio.run(target_of(url, ("0.0.0.0/0", "::/0")))
    with pytest.raises(Problem):
        asyncio.run(target_of("http://11.1.2.3/", ("10.0.0.0/8",)))


@settings(max_examples=300, deadline=None)
@given(st.ip_addresses())
def test_no_address_outside_the_public_ones_is_called(address: Address) -> None:
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    allowed = may_be_called(str(address), [], secure=True)
    assert not allowed or address.is_global
    assert not may_be_called(str(address), [], secure=False)
    mapped = may_be_called(f"::ffff:{address}", [], secure=True) if "." in str(address) else allowed
    assert mapped == allowed
    listed = may_be_called(str(address), [ip_network(f"{address}")], secure=False)
    assert listed or not allowed


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(
        st.text(max_size=60),
        st.builds("{}://{}{}".format, st.sampled_from(["http", "https"]), st.text(), st.text()),
        st.builds("https://{}:{}/{}".format, st.ip_addresses(), st.integers(-1, 70000), st.text()),
    )
)
@example("https://\ud800/")
@example("https://xn--\u200d/")
def test_any_text_is_a_url_to_post_to_or_a_refusal(text: str) -> None:
    try:
        url = url_of(text)
    except Problem as refused:
        assert refused.field == "url"
        return
    assert url.scheme in ("http", "https") and url.host and not url.userinfo
    assert str(url).isascii() and not set(str(url)) & set("\r\n\t \x00")
    assert url.copy_with(host="192.0.2.1").host == "192.0.2.1"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.one_of(
        st.dictionaries(
            st.sampled_from(["url", "topic", "family", "layer", "district", "secret"]),
            st.one_of(st.none(), st.text(), st.integers(), st.lists(st.text(), max_size=1)),
        ),
        st.builds(dict, url=st.sampled_from(HOSTILE), layer=st.text(max_size=5)),
    )
)
def test_no_request_for_a_webhook_breaks_the_service(
    module_client: TestClient, module_sign_in: KeyMaker, body: object
) -> None:
    headers = KEYS.setdefault("planner", module_sign_in("planner"))
    answer = module_client.post("/api/webhooks", headers=headers, json=body)
    assert answer.status_code == 400, (body, answer.text)
    assert answer.headers["content-type"] == "application/problem+json"


KEYS: dict[str, dict[str, str]] = {}
