"""The shipped packs as a whole: good, honest about what nobody verified, and read as they stand."""

import re
from pathlib import Path

import pytest

from gridwarden.rules import BadPackError, chosen, load, load_built_in
from gridwarden.rules.format import SEVERITIES, VERDICTS, Row
from gridwarden.rules.reading import built_in_packs
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem


def test_every_shipped_pack_is_good_and_says_what_nobody_verified() -> None:
    assert {path.stem for path in built_in_packs()} >= {"cn-city-gas", "cn-shanghai", "uk", "us"}
    for path in built_in_packs():
        pack = load(path).pack
        assert pack.pack.id == path.stem
        for rule in pack.rule:
            assert not rule.verified, "nobody has held it against print yet"
            assert rule.source
            assert rule.edition or not rule.clause


def test_chinese_texts_are_punctuated_as_chinese() -> None:
    halves = re.compile(r"[\u4e00-\u9fff] ?[,;:!?()]|[,;:!?()] ?[\u4e00-\u9fff]")
    for path in built_in_packs():
        pack = load(path).pack
        texts = [pack.pack.title.zh, *(f.title.zh for f in pack.figure)]
        texts += [p.note.zh for p in pack.profile if p.note]
        for rule in pack.rule:
            texts += [rule.edition, rule.text.zh, *rule.measures.zh]
            texts += [r.text.zh for r in rule.relaxation] + [r.note.zh for r in rule.row if r.note]
            texts += [rule.heuristic.zh] if rule.heuristic else []
        assert [text for text in texts if halves.search(text)] == []


def test_a_higher_pressure_is_never_judged_more_mildly() -> None:
    """In rules whose rows differ by class (and method) alone."""
    seen = 0
    for rule in load_built_in().pack.rule:
        order = [c.id for c in load_built_in().system(rule).class_] if rule.on_mains else []
        by_method: dict[str | None, dict[int, tuple[float, int, int]]] = {}
        for row in rule.row:
            if set(row.named) <= {"class", "method"} and row.limit_m is not None:
                for class_ in row.class_ or ():
                    for method in row.method or (None,):
                        by_method.setdefault(method, {})[order.index(class_)] = weight(row)
        for rows in by_method.values():
            for column in zip(*(rows[rank] for rank in sorted(rows)), strict=True):
                seen += 1
                assert list(column) == sorted(column), rule.id
    assert seen > 30


def weight(row: Row) -> tuple[float, int, int]:
    """How strict a row is: limit, severity, verdict."""
    severity = SEVERITIES.index(row.severity) if row.severity else -1
    verdict = VERDICTS.index(row.verdict) if row.verdict else -1
    return row.limit_m or 0, severity, verdict


def test_a_number_that_circulates_wrongly_is_not_in_the_packs() -> None:
    """A popular page gives 1.5 m beside, 1.8 m above and a code "GB 50028-2016": there is none."""
    for path in built_in_packs():
        assert not [t for t in load(path).documents.values() if "50028-2016" in t]
    limits = {row.limit_m for rule in load_built_in().pack.rule for row in rule.row}
    assert 1.8 not in limits


def test_the_documents_are_the_files_word_by_word() -> None:
    for path in built_in_packs():
        files = path.glob("*.toml") if path.is_dir() else [path]
        assert load(path).documents == {f.name: f.read_text(encoding="utf-8") for f in files}


def test_an_installation_chooses_its_packs_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().rules == ("cn-city-gas",)
    monkeypatch.setenv("GRIDWARDEN_RULES", "cn-datong, cn-shanghai")
    assert Settings().rules == ("cn-datong", "cn-shanghai")
    packs = [one.pack.pack.id for one in chosen(Settings().rules)]
    assert packs == ["cn-city-gas", "cn-datong", "cn-shanghai"], "after what they extend"
    with pytest.raises(Problem) as refused:
        chosen(["cn-nowhere"])
    assert "cn-nowhere" in str(refused.value.params)


def test_a_draft_beside_the_shipped_ones_extends_them(tmp_path: Path) -> None:
    text = (built_in_packs()[0].parent / "cn-datong.toml").read_text(encoding="utf-8")
    draft = tmp_path / "cn-datong.toml"
    draft.write_text(text, encoding="utf-8")
    assert load(draft).extends == (load_built_in().pack,)
    draft.write_text(text.replace('"cn-city-gas"', '"cn-datong"', 1), encoding="utf-8")
    with pytest.raises(BadPackError, match="cannot extend itself"):
        load(draft)
