"""`status` and `doctor` say when changes wait, and what to do about it, in one sentence."""

import dataclasses
import re

import pytest

from commands import run_command
from conftest import owner
from gridwarden.database.doctor import lines
from gridwarden.database.sentences import age
from gridwarden.settings import Settings
from gridwarden.watching.waiting import Waiting, waiting

WELL = Waiting(oldest_s=0, rows=0, stuck=0, lag_s=None, worker=True, busy=True)


def run(settings: Settings, command: str) -> str:
    done = run_command(settings, command, GRIDWARDEN_LANGUAGE="en")
    return " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("now", "line", "mend"),
    [
        ({}, "no change waits", ""),
        ({"rows": 3, "oldest_s": 2.4}, "changes waiting: 3, the oldest for 2 s", ""),
        ({"rows": 3, "oldest_s": 400}, "changes waiting: 3, the oldest for 7 min", ""),
        ({"rows": 3, "oldest_s": 400, "busy": False}, None, "start it again"),
        ({"rows": 3, "oldest_s": 9000, "worker": False}, None, "run `gridwarden serve`"),
        ({"stuck": 2}, None, "run `gridwarden screen`"),
        ({"lag_s": 12.2}, "no change waits, but one waited 12 s lately", ""),
    ],
)
def test_one_sentence_says_what_to_do(now: dict[str, float], line: str | None, mend: str) -> None:
    seen = dataclasses.replace(WELL, **now)  # type: ignore[arg-type]
    assert bool(seen.wrong) == bool(mend)
    if seen.wrong:
        assert mend in seen.trouble(Settings(language="en")).mend
    if line:
        assert line in seen.line(Settings(language="en"))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (119, "119 s"), (121, "2 min"), (7_300, "2 h"), (200_000, "2 days")],
)
def test_a_time_is_told_in_one_unit(seconds: float, words: str) -> None:
    assert age(Settings(language="en"), seconds) == words


def test_a_queue_that_nobody_takes_is_seen(module_city: Settings) -> None:
    assert waiting(module_city) == dataclasses.replace(WELL, worker=False, busy=False)
    assert waiting(module_city).line(module_city) == "没有待筛查的变更"
    with owner(module_city) as c:
        c.execute(
            "insert into data.change (layer, feature_id, op, at)"
            " select 'estates', 1, 'insert', now() - interval '10 min' from generate_series(1, 4)"
        )
    seen = waiting(module_city)
    assert (seen.rows, seen.stuck, seen.worker, seen.busy) == (4, 0, False, False)
    assert 600 <= seen.oldest_s < 1200
    sentence = r"A change has waited 1\d min to be screened \(waiting: 4\) and no worker lives"
    english = module_city.model_copy(update={"language": "en"})
    assert re.match(sentence, dict(lines)["screening"](english))
    assert re.search(f"BAD changes screened {sentence}", run(module_city, "doctor"))
    with owner(module_city) as c:
        c.execute("update data.change set stuck = true")
        c.execute(
            "insert into data.screen_step (changes, slice, subjects, added, changed, ended,"
            " lag_s, seconds) values (1, false, 1, 0, 0, 0, 7.5, 0.1)"
        )
    seen = waiting(module_city)
    assert (seen.rows, seen.stuck, seen.lag_s, seen.busy) == (0, 4, 7.5, True)
    assert "set aside (4): run `gridwarden screen`" in str(seen.trouble(english))
