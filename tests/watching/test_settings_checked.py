"""The doctor, `up` and `serve` name what the settings name and nobody finds."""

import json
from pathlib import Path

import pytest

from commands import run_command
from gridwarden.settings import Settings
from gridwarden.watching.settings_checked import mistakes


def told(settings: Settings, language: str, **variables: str) -> str:
    """What the doctor says of the settings, empty where all is well."""
    done = run_command(settings, "doctor", "--json", GRIDWARDEN_LANGUAGE=language, **variables)
    found = {one["check"]: one for one in json.loads(done.stdout)["findings"]}["settings"]
    assert found["good"] == (found["wrong"] is None)
    return f"{found['wrong']} {found['mend']}" if found["wrong"] else ""


def test_settings_that_are_right_are_not_spoken_of(module_city: Settings) -> None:
    assert told(module_city, "en", GRIDWARDEN_BACKUP_FOLDER="/backup") == ""


WRONG = [
    ({"GRIDWARDEN_PROT": "8001"}, "perhaps GRIDWARDEN_PORT is meant", "是否应为 GRIDWARDEN_PORT"),
    ({"GRIDWARDEN_ZZZ_QQ": "1"}, "Nothing reads GRIDWARDEN_ZZZ_QQ", "没有名为 GRIDWARDEN_ZZZ_QQ"),
    ({"GRIDWARDEN_SMTP": "foo"}, "GRIDWARDEN_SMTP is wrong: smtp://", "GRIDWARDEN_SMTP 有误"),
    ({"GRIDWARDEN_BOARD": "/nosuch"}, "GRIDWARDEN_BOARD is wrong", "GRIDWARDEN_BOARD 有误"),
    ({"GRIDWARDEN_RULES": "nosuch"}, "nosuch, but there is no such pack", "nosuch 不存在"),
    (
        {"GRIDWARDEN_BACKUP_PASSPHRASE_FILE": "/nosuch"},
        "GRIDWARDEN_BACKUP_PASSPHRASE_FILE is wrong: there is no file",
        "没有文件",
    ),
]


@pytest.mark.parametrize(("variables", "en", "zh"), WRONG)
def test_the_doctor_names_a_setting_that_nobody_finds(
    module_city: Settings, variables: dict[str, str], en: str, zh: str
) -> None:
    assert en in told(module_city, "en", **variables)
    assert zh in told(module_city, "zh", **variables)


def test_a_board_with_a_mistake_is_told_with_its_place(
    module_city: Settings, tmp_path: Path
) -> None:
    board = tmp_path / "board.toml"
    board.write_text("nothing = 1\n")
    assert "nothing" in told(module_city, "en", GRIDWARDEN_BOARD=str(board))


def test_up_names_them_once_and_goes_on(module_city: Settings) -> None:
    wrong = {"GRIDWARDEN_PROT": "8001", "GRIDWARDEN_SMTP": "smtp.office.example"}
    done = run_command(module_city, "up", GRIDWARDEN_LANGUAGE="zh", **wrong)
    assert done.returncode == 0
    assert done.stderr.count("是否应为 GRIDWARDEN_PORT") == 1
    assert "GRIDWARDEN_SMTP 有误" in done.stderr and "office.example" not in done.stderr


def test_no_value_is_told(module_city: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDWARDEN_BACKUP_PASSPHRAZE", "s3cret-s3cret")
    said = " ".join(map(str, mistakes(module_city)))
    assert "GRIDWARDEN_BACKUP_PASSPHRASE" in said and "s3cret" not in said
