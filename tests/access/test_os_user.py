"""Whoever types a command is who the kernel says, whatever they call themselves."""

import os
import pwd
from pathlib import Path

import pytest

from gridwarden.access import command
from gridwarden.access.command import os_user


@pytest.fixture
def login_uid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The kernel's file, in a place where a test may write it: nobody has logged in yet."""
    place = tmp_path / "loginuid"
    place.write_text(str(2**32 - 1))
    monkeypatch.setattr(command, "LOGIN_UID", place)
    return place


@pytest.mark.usefixtures("login_uid")
@pytest.mark.parametrize("uid", [0, 54321])
def test_a_name_in_the_environment_makes_nobody_else(
    monkeypatch: pytest.MonkeyPatch, uid: int
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: uid)
    for name in ("LOGNAME", "USER", "USERNAME", "SUDO_USER", "SUDO_UID"):
        monkeypatch.setenv(name, "bob")
    assert os_user() == (pwd.getpwuid(0).pw_name if uid == 0 else "54321")


def test_su_and_sudo_do_not_hide_who_logged_in(
    login_uid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    login_uid.write_text("54321\n")
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setenv("SUDO_USER", "bob")
    assert os_user() == "54321"


@pytest.mark.parametrize("said", [None, "", "x", str(2**32 - 1)])
def test_where_the_kernel_does_not_know_it_is_the_account(
    login_uid: Path, monkeypatch: pytest.MonkeyPatch, said: str | None
) -> None:
    if said is None:
        login_uid.unlink()
    else:
        login_uid.write_text(said)
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    assert os_user() == "54321"
