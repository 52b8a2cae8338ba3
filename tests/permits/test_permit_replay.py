"""A permit answer is given again, whatever was written since and while it was asked."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from conftest import KeyMaker, owner
from gridwarden.rules.normal import normal
from gridwarden.rules.reading import load_built_in

from .conftest import EDGE_M, Ground, X, Y, box, cover


@dataclass
class Asked:
    """Answers of every kind, given before everything changed."""

    ground: Ground
    answers: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)

    def ask(self, name: str, area: object, who: str = "A", **work: Any) -> None:
        self.answers[name] = who, self.ground.ask(area, who, **work)

    def replay(self, number: str, who: str = "A") -> Any:
        headers = self.ground.keys[who]
        address = f"/api/permits/checks/{number}/replay?lang=en"
        return self.ground.http.get(address, headers=headers)


@pytest.fixture(scope="module")
def asked(ground: Ground) -> Iterator[Asked]:
    """Ask; then edit, delete and add mains and surveys, rename companies, publish packs, promise
    otherwise; and let a writer that was in flight while it was asked commit at last."""
    all_asked = Asked(ground)
    y, z = ground.lane(), ground.lane()
    mains = [ground.main("A", y, "MB"), ground.main("B", z, "SHA", survey_date="2020-05-01")]
    mains += [ground.main("A", z + 8, "MA", dn=200.0, material="pe", accuracy_m=None)]
    planned = ground.main("B", y + 2, "MB", status="planned")
    cover(ground, "B", z - 50, z + 5, age=900)
    with owner(ground.settings) as writer, writer.transaction():
        # in flight: nothing of it is seen, though its numbers are below the snapshot's end
        writer.execute("update data.gas_pipelines set depth_top_m = 9 where id = %s", (mains[0],))
        writer.execute(
            "insert into data.gas_pipelines (dataset_id, source_id, operator, pressure_class, geom)"
            " select dataset_id, 'late', operator, 'HA', geom"
            " from data.gas_pipelines where id = %s",
            (mains[0],),
        )
        all_asked.ask("near", box(y + EDGE_M + 1))
        all_asked.ask("crossed", box(z - 2), depth_m=2.5)
        all_asked.ask("of others", box(z - 2), "B", method="piling", buffer_m=3)
        all_asked.ask("bureau's", {"type": "Point", "coordinates": [X + 50, z + 6]}, "bureau")
        all_asked.ask("clear", box(y + 150))
        all_asked.ask("unsurveyed", box(Y + 60_000))
        all_asked.ask("unlocated", box(y + EDGE_M + 1, x=X + 60), "A", method="hand")
    with owner(ground.settings) as c:
        c.execute(
            "update data.gas_pipelines set geom = st_translate(geom, 0, 30), code = 'moved'"
            " where id = any (%s)",
            (mains[:1],),
        )
        c.execute("delete from data.gas_pipelines where id = any (%s)", (mains[1:],))
        c.execute("update data.gas_pipelines set status = 'in_use' where id = %s", (planned,))
        c.execute("update data.coverage set surveyed_on = surveyed_on - 400, operator = 'C'")
        c.execute("update data.organisations set name = name || ' AG', phone = '1'")
        c.execute(
            "update data.dataset set version = version + 1, update_days = 1,"
            " published_at = now(), surveyed_on = '2019-01-01'"
        )
        rows = json.dumps(normal(load_built_in("cn-shanghai")))
        c.execute("select data.write_pack(%s, '{}')", (rows,))
        c.execute("update data.rule_pack set valid_from = '2020-01-01'")
        c.execute("select data.turn_rules()")
    yield all_asked


def test_every_answer_comes_out_the_same(asked: Asked) -> None:
    """Though the same question has another answer now."""
    assert {a["verdict"] for _, a in asked.answers.values()} >= {"clear", "unknown", "prohibited"}
    for name, (who, answer) in asked.answers.items():
        found = asked.replay(answer["number"], who)
        assert found.status_code == 200, found.text
        document = found.json()
        assert document["same"] is True, (name, document["differs"], document["because"])
        assert document["replayed"] == answer
        assert document["say"] == "The answer comes out the same, to the last character."
    _, near = asked.answers["crossed"]
    again = asked.ground.ask(near_area := box(Y - 8_000 + 398), "A", depth_m=2.5)
    assert again["verdict"] != near["verdict"] or again["mains"] != near["mains"], near_area


def test_a_replay_leaves_nothing_but_its_audit_rows(asked: Asked) -> None:
    """That it was replayed, and which of the asker's mains were told again."""
    who, answer = asked.answers["crossed"]
    left = (
        "select (select count(*) from data.permit_answer), (select count(*) from data.history),"
        " (select last_value from data.permit_answer_id_seq),"
        " (select count(*) from pg_class where relnamespace::regnamespace::text like 'pg_temp%'),"
        " (select count(*) from pg_proc where pronamespace::regnamespace::text like 'pg_temp%')"
    )
    with owner(asked.ground.settings) as c:
        before = c.execute(left).fetchone()
        last = c.execute("select max(id) from data.audit").fetchone()
        assert asked.replay(answer["number"], who).json()["same"] is True
        assert c.execute(left).fetchone() == before and last
        rows = c.execute(
            "select id - %s, action, object, role, detail"
            " from data.audit where id > %s order by id",
            (last[0], last[0]),
        ).fetchall()
    number = int(answer["number"].partition("-")[2])
    assert [row[:2] for row in rows] == [(1, "permit.replay"), (2, "saw")]
    assert rows[0][2:4] == (f"permit_answer/{number}", "gridwarden_utility")
    assert rows[0][4] == {"same": True, "because": []}


def test_only_who_asked_and_a_bureau_that_looks_sees_an_answer_again(
    asked: Asked, module_sign_in: KeyMaker
) -> None:
    _, answer = asked.answers["near"]
    number = answer["number"]
    assert asked.replay(number, "B").status_code == 404
    assert asked.replay("2026-999999").status_code == 404
    assert asked.replay("x").status_code == 404
    asked.ground.keys["elsewhere"] = module_sign_in("supervisor", district_ids=(12345,))
    assert asked.replay(number, "elsewhere").status_code == 404
    asked.ground.keys["planner"] = module_sign_in("planner")
    assert asked.replay(number, "planner").status_code == 403
    found = asked.replay(number, "bureau")
    assert found.json()["same"] is True
    with owner(asked.ground.settings) as c:
        looks = c.execute(
            "select count(*) from data.audit"
            " where action = 'look' and detail ->> 'purpose' like %s",
            (f"permits/checks/{number}/%",),
        ).fetchone()
    assert looks == (1,)


def test_what_cannot_be_given_again_is_told(asked: Asked) -> None:
    """One of another cluster, one from before, and one that another program gave."""
    _, answer = asked.answers["near"]
    number = int(answer["number"].partition("-")[2])
    kept = "alter table data.permit_answer {} trigger permit_answer_stays"
    for column, value, same, because in (
        ("epoch", "1", None, "epoch"),
        ("program", None, None, "not-kept"),
        ("program", "m0001_foundations", False, "program"),
    ):
        with owner(asked.ground.settings) as c:
            old = c.execute(
                "select program, epoch, answer from data.permit_answer where id = %s", (number,)
            ).fetchone()
            assert old
            c.execute(kept.format("disable").encode())
            c.execute(
                f"update data.permit_answer set {column} = %s, answer = case when %s"
                ' then answer else (answer::jsonb || \'{"verdict": "clear"}\')::json end'
                " where id = %s",
                (value, same is None, number),
            )
            document = asked.replay(answer["number"]).json()
            c.execute(
                "update data.permit_answer set program = %s, epoch = %s, answer = %s::json"
                " where id = %s",
                (old[0], old[1], json.dumps(old[2]), number),
            )
            c.execute(kept.format("enable").encode())
        assert document["same"] is same
        assert [one["code"] for one in document["because"]] == [because]
        assert document["differs"] == (["verdict"] if same is False else [])
        assert (document["replayed"] is None) == (same is None)
