"""Every word is there in both languages, and every key that the product uses exists."""

import ast
import re
import string
import tomllib
from importlib.resources import files
from itertools import groupby
from pathlib import Path

import pytest

from gridwarden.words import UnknownWordsError, known, say
from gridwarden.words.problems import KINDS, Problem
from gridwarden.words.speech import CatalogueError, catalogue, entries, merged

PACKAGE = Path(str(files("gridwarden")))
KEY = re.compile(r"[a-z_]+(\.[a-z0-9_-]+)+")
TEMPLATE_SAY = re.compile(r"""\bsay\(\s*["']([^"']+)["']\s*[,)]""")
TEMPLATE_JOINED = re.compile(r"""\bsay\(\s*["']([^"']+\.)["']\s*~""")


@pytest.mark.parametrize("lacking", ["en", "zh"])
def test_an_entry_without_one_of_the_languages_is_refused(lacking: str) -> None:
    text = {"en": "Main", "zh": "燃气管线"}
    del text[lacking]
    with pytest.raises(CatalogueError, match="main"):
        list(entries({"main": text}))


def test_an_empty_or_foreign_entry_is_refused() -> None:
    for text in ({"en": "", "zh": "燃气管线"}, {"en": "Main", "zh": "燃气管线", "fr": "Conduite"}):
        with pytest.raises(CatalogueError):
            list(entries({"main": text}))


def test_one_key_in_two_files_is_refused() -> None:
    text = {"heat": {"title": {"en": "Heat", "zh": "热力图"}}}
    with pytest.raises(CatalogueError, match=r"heat\.title"):
        merged({"a.toml": text, "b.toml": text})


def test_every_catalogue_file_is_loaded() -> None:
    folder = PACKAGE / "words" / "catalogue"
    for file in folder.glob("*.toml"):
        for key, _ in entries(tomllib.loads(file.read_text("utf-8"))):
            assert known(key), f"{file.name}: {key}"


def test_both_languages_take_the_same_parameters() -> None:
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    different = {
        key: texts for key, texts in catalogue().items() if names(texts["en"]) != names(texts["zh"])
    }
    assert not different


def used_in_python() -> dict[str, set[str]]:
    """Catalogue keys that stand in calls of `say(…)` and `Problem(kind, key)`, by file."""
    found: dict[str, set[str]] = {}
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            place = {"say": 0, "Problem": 1}.get(name)
            if place is None or len(node.args) <= place:
                continue
            key = node.args[place]
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                found.setdefault(str(file.relative_to(PACKAGE)), set()).add(key.value)
    return found


def test_every_key_in_the_code_exists() -> None:
    missing = {
        (file, key)
        for file, keys in used_in_python().items()
        for key in keys
        if KEY.fullmatch(key) and not known(key)
    }
    assert not missing
    assert used_in_python(), "nothing was read"


def test_every_key_in_the_templates_exists() -> None:
    seen = 0
    for file in PACKAGE.rglob("*.html"):
        text = file.read_text("utf-8")
        for key in TEMPLATE_SAY.findall(text):
            seen += 1
            assert known(key), f"{file.name}: {key}"
        for prefix in TEMPLATE_JOINED.findall(text):
            assert any(key.startswith(prefix) for key in catalogue()), f"{file.name}: {prefix}"
    assert seen > 50


def test_every_page_of_the_navigation_has_a_name_and_what_it_is_for() -> None:
    text = (files("gridwarden.words") / "navigation.toml").read_text("utf-8")
    pages = tomllib.loads(text)["page"]
    keys = [page["key"] for page in pages]
    wanted = keys + [f"{page['key']}.about" for page in pages if page["href"] != "/"]
    wanted += [f"nav.group.{page['group']}" for page in pages if "group" in page]
    assert [key for key in wanted if not known(key)] == []
    # a menu is one: its pages stand together
    groups = [name for name, _ in groupby(pages, lambda page: page.get("group"))]
    assert len(groups) == len(set(groups)) and groups[0] is None


def test_every_kind_of_problem_is_raised_by_name_and_has_words() -> None:
    for kind in KINDS:
        for lang in ("en", "zh"):
            assert say(f"problem.{kind}.title", lang)
            assert Problem(kind, seconds=1, field="x").said(lang)
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem":
                raised = node.args[0]
                if isinstance(raised, ast.Constant):
                    assert raised.value in KINDS, f"{file.name}: {raised.value!r}"


GLOSSARY = {
    "certainty.certain": "确定",
    "certainty.possible": "可能",
    "certainty.clear": "不涉及",
    "severity.general": "一般",
    "severity.serious": "较大",
    "severity.major": "重大",
    "role.utility": "权属单位",
    "maps.findings.title": "疑似问题",
    "maps.system.square-500": "统计格",
    "maps.withheld": "不予显示",
    "maps.no_data": "无数据",
    "frame.cut_off": "截至",
}


def test_the_glossarys_words_are_used() -> None:
    for key, word in GLOSSARY.items():
        assert word in say(key, "zh", n=1, when="")


def test_no_text_shouts_flatters_or_promises_safety() -> None:
    for key, texts in catalogue().items():
        assert not re.search(r"[!\uff01]|亲爱的|可以施工", texts["zh"]), key
        assert "!" not in texts["en"], key


def test_say_puts_values_in_as_they_are() -> None:
    key = "start.uncallable.say"
    assert "{n}" in say(key, "en", n="{n}")
    assert say(key, "en", n=1).startswith("1 gas company has")
    assert say(key, "en", n=2).startswith("2 gas companies have")
    with pytest.raises(UnknownWordsError):
        say("maps.no_such_entry", "en")


def test_chinese_is_punctuated_as_chinese() -> None:
    half = re.compile(r"[\u4e00-\u9fff\u201d][,:;?!]|[,;?!][\u4e00-\u9fff]|\([^()]*[\u4e00-\u9fff]")
    wrong = {key: t["zh"] for key, t in catalogue().items() if half.search(t["zh"])}
    assert not wrong
