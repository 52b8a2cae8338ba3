"""Reasons and questions in words."""

import json
from collections.abc import Mapping
from typing import Any

from gridwarden.intake.coordinates.question import Option, Question
from gridwarden.words import LANGUAGES, say


def asked(question: Question, import_id: int) -> dict[str, Any]:
    """The question as a held import says it: one paragraph a language, with numbers and the way
    to answer; no place."""
    sentences: dict[str, Any] = {lang: _asked(question, import_id, lang) for lang in LANGUAGES}
    return {"type": "urn:gridwarden:problem:held", "field": _field(question), **sentences}


def _asked(question: Question, import_id: int, language: str) -> str:
    first = question.options[0]
    params = {"inside": first.inside, "of": first.of, **question.params}
    parts = [say(f"coordinates.asked.{question.key}", language, **params)]
    if question.kind == "coordinates":
        told = [option_words(one, language) for one in question.options]
        between = "；" if language == "zh" else "; "
        parts.append(say("coordinates.asked.readings", language, options=between.join(told)))
    flag, body = _how(question.options)
    parts.append(say("coordinates.asked.then", language, id=import_id, flag=flag, body=body))
    return ("" if language == "zh" else " ").join(parts)


def option_words(option: Option | Mapping[str, Any], language: str) -> str:
    """One reading in words."""
    one = option if isinstance(option, Mapping) else vars(option)
    params = {"inside": one["inside"], "of": one["of"], **one["params"]}
    return say(f"coordinates.option.{one['key']}", language, **params)


def because_words(document: Mapping[str, Any], language: str) -> str | None:
    """How an import's rows were read and why, and who answered where it was asked, in one sentence;
    why they are asked about, where that is not decided; None where nothing was looked at."""
    because, crs, person = (document[name] for name in ("because", "crs", "answered_by"))
    if not because:
        return None
    reasons = [because, *because.get("also", [])]
    told = [say(f"coordinates.because.{r['key']}", language, detail=r["detail"]) for r in reasons]
    if person and any(one["key"] in ("answered", "answered_axes") for one in reasons):
        told.append(say("coordinates.answered_by", language, person=person))
    why = ("；" if language == "zh" else "; ").join(told)
    return why if crs is None else say("coordinates.read_as", language, crs=crs, because=why)


def drawable_question(question: Mapping[str, Any] | None) -> bool:
    """Whether a question has readings to draw."""
    return bool(question) and question["kind"] != "remove"  # type: ignore[index]


def question_words(question: Mapping[str, Any] | None, language: str) -> dict[str, Any] | None:
    """What a page shows of a question: its sentence and each option with its words and answer."""
    if not question or "options" not in question:
        return None
    first = question["options"][0]
    params = {"inside": first["inside"], "of": first["of"], **question["params"]}
    return {
        "say": say(f"coordinates.asked.{question['key']}", language, **params),
        "options": [
            {"answer": one["answer"], "say": option_words(one, language)}
            for one in question["options"]
        ],
    }


def _field(question: Question) -> str:
    return "north_first" if question.kind == "axes" else "crs"


def _how(options: Any) -> tuple[str, str]:
    """The flag and the body that answer, with every choice named once."""
    first = options[0].answer
    if "crs" not in first:
        word = "--north-first" if first["north_first"] else "--east-first"
        return word, json.dumps(first)
    choices = "|".join(one.answer["crs"] for one in options)
    turned = first.get("north_first")
    more = "" if turned is None else " --north-first" if turned else " --east-first"
    body = {"crs": choices} | ({} if turned is None else {"north_first": turned})
    return f"--crs {choices}{more}", json.dumps(body)
