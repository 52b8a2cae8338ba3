"""One body for every error: what went wrong, what to do, and nothing of what is inside."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import psycopg
import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from psycopg import errors
from pydantic import Field
from starlette.responses import HTMLResponse

from gridwarden.settings import Settings
from gridwarden.words import static
from gridwarden.words.answers import install
from gridwarden.words.page import page
from gridwarden.words.problems import KINDS, Problem

HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app = FastAPI()
    app.state.settings = Settings(home=tmp_path, language="en")
    install(app)
    static.mount(app, tmp_path / "assets")

    @app.get("/kind/{kind}")
    def kind(kind: str) -> None:
        raise Problem(kind, field="area")

    @app.get("/sqlstate/{state}")
    def sqlstate(state: str) -> None:
        raise errors.lookup(state)("select secret from data.gas_pipelines")

    @app.get("/away")
    def away() -> None:
        raise psycopg.OperationalError("connection to 10.1.2.3 refused")

    @app.get("/number")
    def number(n: int) -> int:
        return n

    @app.get("/place")
    def place(district: Annotated[int, Field(ge=0, le=9)] | Literal[""]) -> None:
        return None

    @app.get("/bug")
    def bug() -> None:
        raise RuntimeError("/secret/path/to/file.py")

    @app.get("/surrogate")
    def surrogate() -> None:
        "\ud800".encode()

    @app.get("/page")
    def shown(request: Request) -> HTMLResponse:
        context: dict[str, Any] = {"title": "<b>", "sentence": "<img onerror=x>", "request_id": "1"}
        return page(request, "words/problem.html", **context)

    with TestClient(app, raise_server_exceptions=False) as made:
        yield made


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_answers_in_one_form(client: TestClient, kind: str) -> None:
    answer = client.get(f"/kind/{kind}")
    assert answer.status_code == KINDS[kind]
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == f"urn:gridwarden:problem:{kind}"
    assert body["status"] == KINDS[kind]
    assert body["title"] and body["detail"].endswith(".")
    assert body["field"] == "area"
    assert body["request_id"] == answer.headers["x-request-id"]
    if KINDS[kind] in (429, 503):
        assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("state", "status", "retry"),
    [
        ("22003", 400, False),
        ("23505", 409, False),
        ("23502", 400, False),
        ("40001", 503, True),
        ("40P01", 503, True),
        ("42501", 403, False),
        ("42P01", 500, False),
        ("53100", 503, True),
        ("53300", 503, True),
        ("54000", 413, False),
        ("55P03", 503, True),
        ("57014", 503, True),
        ("57P01", 503, True),
        ("XX000", 500, False),
    ],
)
def test_a_database_error_is_told_by_its_sqlstate_alone(
    client: TestClient, state: str, status: int, retry: bool
) -> None:
    answer = client.get(f"/sqlstate/{state}")
    assert answer.status_code == status
    assert ("retry-after" in answer.headers) is retry
    assert "gas_pipelines" not in answer.text


def test_a_database_that_is_away_says_when_to_come_back(client: TestClient) -> None:
    answer = client.get("/away")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "10.1.2.3" not in answer.text


def test_a_bug_shows_a_request_id_and_nothing_inside(client: TestClient) -> None:
    answer = client.get("/bug")
    assert answer.status_code == 500
    assert "secret" not in answer.text and "Traceback" not in answer.text
    assert answer.json()["request_id"]


def test_a_wrong_parameter_is_named_in_both_languages(client: TestClient) -> None:
    english = client.get("/number?n=x&lang=en").json()
    assert (english["status"], english["field"]) == (400, "n")
    assert "whole number" in english["detail"]
    assert "整数" in client.get("/number?n=x&lang=zh").json()["detail"]
    assert client.get("/number").json()["type"].endswith("missing_value")


def test_no_address_and_no_text_breaks_the_answer(client: TestClient) -> None:
    assert client.get("/nothing/here").json()["status"] == 404
    assert client.post("/page").json()["status"] == 405
    assert client.get("/static/%00").status_code == 404
    assert client.get("/assets/leaflet.js").status_code == 404
    assert client.get("/static/../pyproject.toml").status_code == 404
    assert client.get("/surrogate").json()["status"] == 400


def test_a_browser_gets_a_page_and_is_sent_to_sign_in(client: TestClient) -> None:
    answer = client.get("/kind/not_found?lang=zh", headers=HTML)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "没有找到" in answer.text and '<html lang="zh-CN">' in answer.text
    sent = client.get("/kind/not_signed_in?lang=en", headers=HTML, follow_redirects=False)
    assert sent.status_code == 303
    assert sent.headers["location"] == "/login?next=%2Fkind%2Fnot_signed_in%3Flang%3Den"
    assert client.get("/kind/not_signed_in").headers["www-authenticate"] == "Bearer"


def test_a_page_escapes_what_it_is_given_and_says_its_policy(client: TestClient) -> None:
    answer = client.get("/page", headers=HTML)
    assert "<img" not in answer.text and "&lt;img onerror=x&gt;" in answer.text
    policy = answer.headers["content-security-policy"]
    for part in ("default-src 'none'", "script-src 'nonce-", "frame-ancestors 'none'"):
        assert part in policy
    assert "unsafe" not in policy
    other = client.get("/page", headers=HTML).headers["content-security-policy"]
    assert other != policy, "the nonce is used twice"


def test_the_language_follows_address_cookie_browser_and_setting(client: TestClient) -> None:
    def language(**asked: Any) -> str:
        return str(client.get("/kind/gone", **asked).headers["content-language"])

    assert language() == "en"
    assert language(headers={"accept-language": "fr, zh-CN;q=0.9, en;q=0.5"}) == "zh"
    assert client.get("/page?lang=zh").headers["content-language"] == "zh"
    assert language(headers={"accept-language": "en"}) == "zh", "the choice is remembered"
    assert language(params={"lang": "en"}) == "en"
    assert language(params={"lang": "xx"}) == "zh"


def test_the_body_is_json_whatever_the_field_is_called(client: TestClient) -> None:
    answer = client.get("/number", params={"n": '"\\<script>'})
    assert json.loads(answer.content)["field"] == "n"


def test_a_parameter_of_several_types_is_named_once_and_without_them(client: TestClient) -> None:
    answer = client.get("/place", params={"district": "9" * 21}).json()
    assert answer["field"] == "district"
    assert [one["field"] for one in answer["errors"]] == ["district"]
    assert "constrained" not in json.dumps(answer) and "literal" not in json.dumps(answer)
