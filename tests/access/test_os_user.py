"""Whoever types a command is who the system says, whatever they call themselves."""

import os
import pwd

import pytest

from gridwarden.access.command import os_user


def test_a_name_in_the_environment_makes_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setenv("LOGNAME", "somebody-else")
    monkeypatch.setenv("USER", "somebody-else")
    assert os_user() == pwd.getpwuid(os.getuid()).pw_name


def test_sudo_does_not_hide_who_called_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "anna")
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert os_user() == "anna"
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    assert os_user() == "54321", "only the superuser was called by sudo"
