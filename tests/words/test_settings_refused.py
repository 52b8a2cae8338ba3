"""A setting that cannot be is told in the language of the installation, without its value."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from gridwarden.settings import GRADES, Settings
from gridwarden.words.refused import wrong_settings

WRONG = {
    "PORT": "abc",
    "LANGUAGE": "fr",
    "TIME_ZONE": "Mars/Base",
    "HOME": "/etc/passwd/state",
    "SEVERITY_WEIGHTS": '{"general": 1}',
    "UPLOAD_MB": "-5",
    "POSSIBLE_FACTOR": "1.5",
    "WEB_CONNECTIONS": "0",
    "METRICS_TOKEN": "s3cret",
    "TRUSTED_PROXIES": "10.0.0.0/8,proxy",
    "FACTOR_ROLES": "king",
    "PUBLIC_URL": "office",
    "SYSLOG": "log.example",
    "DATABASE_ACCOUNT": "Karl Heinz",
    "OIDC_ISSUER": "login.example",
    "OIDC_ALGORITHMS": "HS256",
    "OIDC_LABEL": "x" * 61,
    "MAIL_RETRY_S": "0",
    "LOG_REQUESTS": "some",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_named_in_both_languages(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"GRIDWARDEN_{name}", WRONG[name])
    with pytest.raises(ValidationError) as refused:
        Settings()
    chinese, english = (wrong_settings(refused.value, lang) for lang in ("zh", "en"))
    assert chinese.startswith(f"以下设置有误，请改正：GRIDWARDEN_{name}：")
    assert re.search("[\u4e00-\u9fff]", chinese.split("：", 2)[2])
    assert english.startswith(f"Change these settings: GRIDWARDEN_{name}: ")
    assert english.isascii()


def test_a_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDWARDEN_METRICS_TOKEN", "s3cret")
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert "s3cret" not in wrong_settings(refused.value, "en")


def test_a_setting_without_a_value_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "DATABASE_URL", "METRICS_TOKEN", "SMTP", "BOARD", "OIDC_ISSUER"):
        monkeypatch.setenv(f"GRIDWARDEN_{name}", "")
    settings = Settings()
    assert settings.home.is_absolute() and settings.home != Path.cwd()
    assert settings.database_url is settings.metrics_token is settings.smtp is None
    assert settings.board is settings.oidc_issuer is None


def test_weights_are_told_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().severity_weights == GRADES
    monkeypatch.setenv("GRIDWARDEN_SEVERITY_WEIGHTS", '{"general": 1, "serious": 2, "major": 4}')
    assert Settings().severity_weights["major"] == 4
