"""The command line speaks the language of the settings: its help, and why it refuses."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from commands import run_command, run_command_in
from gridwarden.cli import gather
from gridwarden.settings import Settings
from gridwarden.words.command_line import speak
from gridwarden.words.speech import catalogue

CHINESE = re.compile(r"[\u4e00-\u9fff]")
SENTENCE = re.compile(r"[a-z] [a-z]")
ENGLISH_ALONE = re.compile(r"Usage|Error|Missing|Options|No such|Invalid|Try |valid|should")


def every(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, one in getattr(command, "commands", {}).items():
        yield from every(one, (*path, name))


def shown(command: Any, path: tuple[str, ...]) -> str:
    """The help of a command, as it is printed."""
    context = command.context_class(command, info_name=" ".join(("gridwarden", *path)))
    return str(context.get_help())


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_command_and_option_has_its_words(language: str) -> None:
    command = typer.main.get_command(gather())
    speak(command, language)
    for path, one in every(command):
        params = [param for param in one.params if not param.hidden]
        told = shown(one, path)
        for words in (one.help, *(param.help for param in params)):
            assert words, path
            assert bool(CHINESE.search(words)) == (language == "zh"), (path, words)
            assert re.sub(r"\s", "", words.split("\n")[0]) in re.sub(r"\s", "", told), path
        assert max(map(len, told.splitlines())) <= 100


def test_no_words_of_the_help_are_left_over_or_stand_twice() -> None:
    """Every entry is said somewhere, and no sentence is kept in the code."""
    command = typer.main.get_command(gather())
    said = set()
    for path, one in every(command):
        said.add(".".join(("command", *path)))
        for param in one.params:
            ours = "completion" not in param.name
            assert not (ours and SENTENCE.search(param.help or "")), (path, param.help)
            name = max(param.opts, key=len).lstrip("-")
            above = [".".join(("command", *path[:n], name)) for n in range(len(path), 0, -1)]
            said.add(next((key for key in above if key in catalogue()), f"option.{name}"))
    kept = {key for key in catalogue() if key.split(".")[0] in ("command", "option")}
    assert kept - said == {"option.help"}


def run(language: str | None, *words: str) -> tuple[int, str, str]:
    known = {"PATH": "/usr/bin:/bin", "GRIDWARDEN_HOME": "/nonexistent/home"}
    done = run_command_in(known | ({"GRIDWARDEN_LANGUAGE": language} if language else {}), *words)
    return done.returncode, done.stdout, done.stderr


def test_help_is_in_the_language_of_the_settings() -> None:
    for words in ((), ("backup",), ("rules", "try")):
        code, zh, _ = run(None, *words, "--help")
        assert code == 0 and "用法：gridwarden" in zh and not ENGLISH_ALONE.search(zh)
        code, en, _ = run("en", *words, "--help")
        assert code == 0 and "Usage: gridwarden" in en and not CHINESE.search(en)
    assert "导入" in run(None, "--help")[1]
    code, _, nothing = run(None, "rules")
    assert code == 2 and "规则包" in nothing


MISTYPED = [
    (("backup", "--nosuch"), "没有 --nosuch", "There is no --nosuch"),
    (("bakcup",), "没有 bakcup，是否要用 backup", "There is no bakcup; perhaps backup is meant"),
    (("rules", "frobnicate"), "没有 frobnicate", "There is no frobnicate"),
    (("import",), "缺少 FILE", "FILE is missing"),
    (("import", "a.csv", "--layer", "roads"), "缺少 --dataset", "--dataset is missing"),
    (("backup", "--keep"), "--keep 后面缺少值", "A value is missing after --keep"),
    (("backup", "--drill=3"), "--drill 后面不写值", "--drill takes no value"),
    (("revoke", "seven"), "KEY 的值不对：应为整数", "a whole number is meant"),
    (("serve", "--redirect-from", "70000"), "应不大于65535", "65535 or less"),
    (("sample", "--size", "xl", "load"), "应为其中之一：s, m, l", "one of s, m, l"),
    (("sample", "--date", "someday", "load"), "应为日期", "a day is meant"),
    (("down", "now"), "多写了参数：now", "More was written than the command takes: now"),
    (("accounts", "import", "/nonexistent"), "没有这个文件", "there is no such file"),
]


@pytest.mark.parametrize(("words", "zh", "en"), MISTYPED)
def test_what_was_mistyped_is_said_in_the_language_of_the_settings(
    words: tuple[str, ...], zh: str, en: str
) -> None:
    code, _, told = run(None, *words)
    assert code == 2 and zh in told, told
    assert not ENGLISH_ALONE.search(told), told
    code, _, told = run("en", *words)
    assert code == 2 and en in told and not CHINESE.search(told), told


def test_a_refusal_of_a_room_is_in_the_language_of_the_settings(tmp_path: Path) -> None:
    wanted = ("import", str(tmp_path / "none.csv"), "--layer", "roads", "--dataset", "x")
    code, _, told = run(None, *wanted)
    assert code == 1 and CHINESE.search(told)
    code, _, told = run("en", *wanted)
    assert code == 1 and told and not CHINESE.search(told)


LISTS = [
    ("keys",),
    ("layers",),
    ("rules", "list"),
    ("accounts", "list"),
    ("accounts", "dormant", "--days", "0"),
    ("export-requests", "list"),
    ("main-grants", "list"),
    ("tickets", "list"),
    ("embed", "list"),
]


def test_lists_have_their_heads_in_the_language_of_the_settings(module_city: Settings) -> None:
    """In a city with a key: what the key is for is said, and who has it."""
    made = run_command(module_city, "token", "planner", "--label", "图", GRIDWARDEN_LANGUAGE="zh")
    assert made.returncode == 0 and "密钥只显示这一次" in made.stderr
    english = run_command(module_city, "token", "planner", GRIDWARDEN_LANGUAGE="en")
    assert "It is said this once" in english.stderr and not CHINESE.search(english.stderr)
    for words in LISTS:
        told = {
            lang: run_command(module_city, *words, GRIDWARDEN_LANGUAGE=lang)
            for lang in ("zh", "en")
        }
        assert [done.returncode for done in told.values()] == [0, 0], told["en"].stderr
        heads = {lang: done.stdout.splitlines()[1] for lang, done in told.items()}
        assert CHINESE.search(heads["zh"]) and not re.search("[a-z]{4}", heads["zh"]), words
        assert not CHINESE.search(heads["en"]) and re.search("[A-Za-z]{4}", heads["en"]), words


UNREADABLE = [
    (("accounts", "import", "{folder}"), "是文件夹"),
    (("deadlines", "check", "{folder}/none"), "没有文件或文件夹"),
    (("deadlines", "check", "{file}"), "第1行第5列"),
    (("batches", "load", "{folder}/none"), "没有文件或文件夹"),
    (("permit", "check", "{folder}/none.geojson", "--method", "hand"), "没有文件或文件夹"),
    (("main-grants", "cells", "{file}/below"), "不是文件夹"),
    (("import", "{file}", "--layer", "roads", "--dataset", "x", "--as", "nosuch"), "没有角色"),
]


@pytest.mark.parametrize(("words", "zh"), UNREADABLE)
def test_a_file_that_cannot_be_read_or_written_is_one_sentence(
    module_city: Settings, tmp_path: Path, words: tuple[str, ...], zh: str
) -> None:
    file = tmp_path / "text.csv"
    file.write_text("root:x\n")
    typed = [word.format(folder=tmp_path, file=file) for word in words]
    done = run_command(module_city, *typed, GRIDWARDEN_LANGUAGE="zh")
    assert done.returncode == 1 and zh in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and "No such" not in done.stderr
    english = run_command(module_city, *typed, GRIDWARDEN_LANGUAGE="en")
    assert english.returncode == 1 and not CHINESE.search(english.stderr), english.stderr


def test_a_pack_is_checked_in_the_language_of_the_settings() -> None:
    assert "条规则" in run(None, "rules", "check", "cn-city-gas")[1]
    assert "rules," in run("en", "rules", "check", "cn-city-gas")[1]
