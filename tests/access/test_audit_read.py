"""The auditor reads the trail, and takes a signed part of it out that outsiders can check."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from test_audit import append, seal

from commands import run_command
from conftest import KeyMaker, client_of, owner
from gridwarden.access.audit.exporting import check
from gridwarden.access.audit.heads import folder_of, kept_heads
from gridwarden.access.audit.signing import public_key_file, public_key_in
from gridwarden.database import ADMINISTRATORS, ASKERS
from gridwarden.settings import Settings

WIDE = "from=2020-01-01&to=2099-01-01"


@pytest.fixture(scope="module")
def city(module_city: Settings) -> Settings:
    """A trail of some people; the last rows are not sealed yet."""
    shutil.rmtree(folder_of(module_city), ignore_errors=True)
    append(module_city, 6, "王工")
    seal(module_city)
    append(module_city, 4, "<b>Ann</b>")
    seal(module_city)
    with owner(module_city) as c:
        c.execute(
            "insert into data.audit (role, person, login, action, object, rows, detail, mains)"
            " values ('gridwarden_utility', '李工', 'web', 'saw', 'gas_pipelines', 3,"
            " '{\"route\": \"findings\"}', '{[5,7),[9,10)}')"
        )
        c.execute(
            "insert into data.audit (role, person, login, action, object, detail) values"
            " ('gridwarden_import', null, 'worker', 'key_made', 'access.credential',"
            ' \'{"scopes": ["read", "write"], "all_districts": false,'
            ' "expires_at": "2026-11-22T01:02:03+00:00"}\')'
        )
    return module_city


@pytest.fixture(scope="module")
def client(city: Settings) -> Iterator[TestClient]:
    with client_of(city) as made:
        yield made


@pytest.fixture(scope="module")
def auditor(city: Settings, module_sign_in: KeyMaker) -> dict[str, str]:
    return module_sign_in("auditor")


def test_nobody_but_the_auditor_reads_it(client: TestClient, module_sign_in: KeyMaker) -> None:
    for role in (*ASKERS, *ADMINISTRATORS):
        headers = module_sign_in(role, all_districts=True)
        for path in ("/api/audit", "/audit", "/api/audit/verify", f"/api/audit/export?{WIDE}"):
            status = client.get(path, headers=headers).status_code
            assert status == (200 if role == "auditor" else 403), (role, path)


def test_rows_are_found_and_paged(client: TestClient, auditor: dict[str, str]) -> None:
    def found(query: str) -> list[tuple[str, str]]:
        answer = client.get(f"/api/audit?{query}", headers=auditor)
        assert answer.status_code == 200, answer.text
        return [(row["person"], row["action"]) for row in answer.json()["items"]]

    assert found("person=王工") == [("王工", "test")] * 6
    assert found("action=saw") == [("李工", "saw")]
    assert found("role=planner&object=row&limit=2") == [("<b>Ann</b>", "test")] * 2
    assert found("to=2020-01-01") == found("from=2099-01-01") == []
    assert len(found("from=2020-01-01&to=2099-01-01")) >= 11
    for main, there in ((5, 1), (6, 1), (7, 0), (9, 1), (10, 0)):
        assert len(found(f"main={main}")) == there, main
    first = client.get("/api/audit?object=row&limit=4", headers=auditor).json()
    second = client.get(first["next"], headers=auditor).json()
    ids = [row["id"] for row in (*first["items"], *second["items"])]
    assert len(ids) == 8 and ids == sorted(ids, reverse=True)
    assert [row["sealed"] for row in first["items"]] == [True] * 4


@pytest.mark.parametrize(
    "query",
    ["limit=0", "cursor=x", "role=king", "from=yesterday", "to=2020-13-01", "main=-1", "what=1",
     "person=a&person=b", "from=2020-01-01T00:00:00", "person=%00", "main=" + "9" * 30],
)  # fmt: skip
def test_what_is_asked_wrongly_is_a_400(
    client: TestClient, auditor: dict[str, str], query: str
) -> None:
    answer = client.get(f"/api/audit?{query}", headers=auditor)
    assert answer.status_code == 400 and answer.json()["field"] in query


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_reads_like_sentences(
    client: TestClient, auditor: dict[str, str], language: str
) -> None:
    text = client.get(f"/audit?lang={language}", headers=auditor).text
    assert "<b>Ann" not in text and "&lt;b&gt;Ann" in text
    said = {
        "zh": "李工看到了3条管线的精确位置（findings）。",
        "en": "李工 saw the exact place of 3",
    }
    assert said[language] in text
    assert "5–6, 9" in text
    assert "<td>李工</td>" in text, "who acted has a column"
    for words in {
        "zh": (
            "权限范围：读取、写入",
            "全部辖区：否",
            "导入进程",
            "03秒<",
            "看到了…条管线的精确位置 · saw",
        ),
        "en": ("may do: read, write", "all districts: no", "importing process", ":03<"),
    }[language]:
        assert words in text, words
    wrong = client.get(f"/audit?lang={language}&main=x", headers=auditor)
    assert wrong.status_code == 400 and 'role="alert"' in wrong.text


def test_verifying_over_http_tells_what_the_command_tells(
    client: TestClient, auditor: dict[str, str]
) -> None:
    told = client.get("/api/audit/verify", headers=auditor).json()
    assert told["whole"] is True and told["faults"] == []
    assert told["seals"] >= 2 and told["unsealed"] >= 1 and len(told["head"]) == 64


def test_an_outsider_checks_a_signed_file(
    city: Settings, client: TestClient, auditor: dict[str, str], tmp_path: Path
) -> None:
    answer = client.get(f"/api/audit/export?{WIDE}", headers=auditor)
    assert answer.status_code == 200
    file = tmp_path / "trail.jsonl"
    file.write_bytes(answer.content)
    key = public_key_in(public_key_file(city))
    done = check(file, key, kept_heads(city)[-2:])
    assert done.whole and done.signed and done.found.rows >= 10 and done.found.heads == 2

    def spoilt(old: str, new: str) -> bool:
        text = answer.content.decode()
        assert old in text
        file.write_text(text.replace(old, new, 1), "utf-8")
        return not check(file, key, []).whole

    assert spoilt("王工", "李工")
    assert spoilt('"i": 3', '"i": 4')
    lines = answer.content.decode().splitlines(keepends=True)
    assert spoilt(lines[3], "")
    assert spoilt(lines[3] + lines[4], lines[4] + lines[3])
    other = subprocess.run(
        ["openssl", "genpkey", "-algorithm", "ed25519"], capture_output=True, check=True
    ).stdout
    (tmp_path / "other.pem").write_bytes(
        subprocess.run(["openssl", "pkey", "-pubout"], input=other, capture_output=True,
                       check=True).stdout
    )  # fmt: skip
    file.write_bytes(answer.content)
    assert check(file, public_key_in(tmp_path / "other.pem"), []).signed is False


def test_the_commands_do_the_same_and_say_it(city: Settings, tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return run_command(city, "audit", *words, GRIDWARDEN_LANGUAGE="en")

    verified = run("verify")
    assert verified.returncode == 0 and "is whole" in verified.stdout, verified.stderr
    head = re.findall(r"[0-9a-f]{64}", verified.stdout)[0]
    assert run("verify", "--head", head).returncode == 0
    cut = run("verify", "--head", "0" * 64)
    assert cut.returncode == 1 and "cut off" in cut.stdout
    file = tmp_path / "out.jsonl"
    done = run("export", "2020-01-01", "2099-01-01", "-o", str(file))
    assert done.returncode == 0, done.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    checked = run("check", str(file))
    assert checked.returncode == 0 and "it holds" in checked.stdout, checked.stdout
    file.write_bytes(file.read_bytes()[:-300])
    assert run("check", str(file)).returncode == 1
