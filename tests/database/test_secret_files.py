"""Settings that a container is handed as files."""

from pathlib import Path

import pytest

from gridwarden import settings
from gridwarden.settings import Settings


def test_a_setting_may_be_a_secret_file_and_a_variable_goes_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets"
    monkeypatch.setattr(settings, "SECRETS", secrets)
    monkeypatch.setenv("GRIDWARDEN_PORT", "8123")
    assert Settings().metrics_token is None, "most machines have no such folder"
    secrets.mkdir()
    (secrets / "gridwarden_database_url").write_text("postgresql://owner:word@db/city\n")
    (secrets / "gridwarden_metrics_token").write_text("sixteen characters")
    (secrets / "gridwarden_port").write_text("8456")
    (secrets / "port").write_text("8789")
    read = Settings()
    assert read.database_url == "postgresql://owner:word@db/city"
    assert read.metrics_token
    assert read.metrics_token.get_secret_value() == "sixteen characters"
    assert read.port == 8123
    monkeypatch.delenv("GRIDWARDEN_PORT")
    assert Settings().port == 8456
