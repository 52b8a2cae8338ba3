"""Two people publish: what the database holds, whoever calls it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from conftest import owner
from gridwarden.database import Caller, as_caller, open_pool
from gridwarden.rules import load_built_in, sharing
from gridwarden.rules.owning import as_owner
from gridwarden.rules.reading import LoadedPack, parse
from gridwarden.rules.sharing import Connection
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

from .examples import BASE, RULES, SMALL

TINY = BASE + RULES


def pack(text: str = SMALL, **changes: str) -> LoadedPack:
    """A pack of the tests, with texts replaced."""
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return parse({"pack.toml": text})


def of_version(version: str, **changes: str) -> LoadedPack:
    """The little overlay as another version."""
    return pack(**{'version = "1"': f'version = "{version}"', **changes})


def act(
    settings: Settings, person: str, work: Callable[[Connection], Awaitable[Any]], role: str = ""
) -> Any:
    """What somebody does, in a transaction of his own."""

    async def run() -> Any:
        pool = await open_pool(settings, "web")
        try:
            async with as_caller(pool, Caller(role or "administrator", person)) as connection:
                return await work(connection)
        finally:
            await pool.close()

    return asyncio.run(run())


def propose(settings: Settings, loaded: LoadedPack, person: str = "anna", **how: Any) -> int:
    """A proposal of hers."""
    return int(
        act(settings, person, lambda c: sharing.propose(c, loaded, settings=settings, **how))
    )


def approve(settings: Settings, proposal: int, person: str = "bo") -> int | None:
    """His approval."""
    job: int | None = act(settings, person, lambda c: sharing.approve(c, proposal, settings))
    return job


def publish(settings: Settings, loaded: LoadedPack, **how: Any) -> int | None:
    """Both."""
    return approve(settings, propose(settings, loaded, **how))


def told(settings: Settings, proposal: int) -> dict[str, Any]:
    """A proposal as everybody reads it."""
    found: dict[str, Any] = act(settings, "bo", lambda c: sharing.proposal(c, proposal))
    return found


def in_force(settings: Settings) -> dict[str, str]:
    """The packs in force."""
    with owner(settings) as c:
        return dict(c.execute("select id, version from data.rule_pack where in_force").fetchall())


def begin(settings: Settings, loaded: LoadedPack) -> bool:
    """The first pack, as `gridwarden up` brings it."""

    async def run() -> bool:
        async with as_owner(settings, "gridwarden up") as connection:
            return await sharing.begin_with(connection, [loaded], settings)

    return asyncio.run(run())


def refusal(work: Callable[[], Any]) -> str:
    """The key of the sentence with which something is refused."""
    with pytest.raises(Problem) as refused:
        work()
    assert refused.value.said("zh") != refused.value.said("en")
    return refused.value.detail.removeprefix("rules.sharing.")


def test_another_person_puts_a_proposal_in_force_and_a_screening_follows(city: Settings) -> None:
    proposal = propose(city, pack(), why="the city's own")
    assert "try-out" not in in_force(city)
    job = approve(city, proposal)
    assert in_force(city)["try-out"] == "1"
    with owner(city) as c:
        queued = c.execute("select kind, state, person, subject_id from data.job").fetchall()
        audit = c.execute(
            "select action, person, detail ->> 'pack' from data.audit"
            " where object = 'rules' order by id desc limit 3"
        ).fetchall()
    assert queued == [("screen", "queued", "bo", proposal)]
    assert audit == [
        ("approve", "bo", "try-out"),
        ("publish", "bo", "try-out"),
        ("propose", "anna", "try-out"),
    ]
    one = told(city, proposal)
    assert (one["state"], one["proposed_by"], one["decided_by"], one["job"]) == (
        "approved",
        "anna",
        "bo",
        job,
    )
    assert one["judged_again"] == [{"family": "own_family", "layer": "buildings"}]


def test_a_pack_of_figures_alone_is_judged_by_too(city: Settings) -> None:
    head = SMALL[: SMALL.index("[[rule]]")]
    with owner(city) as c:
        figure, families = c.execute(
            "select f.id, array_agg(distinct r.family) from data.rule_figure f"
            " join data.rule r on data.unset_figures(r.id) = array[f.id] and r.in_force"
            " where f.value is null and r.kind <> 'activity' group by f.id order by f.id limit 1"
        ).fetchall()[0]
    proposal = propose(city, pack(head + f"\n[figures]\n{figure} = 7.5\n"))
    assert approve(city, proposal) is not None
    assert set(families) <= {one["family"] for one in told(city, proposal)["judged_again"]}


@pytest.mark.parametrize(
    "herself", ["anna", " Anna", "cli:anna", "anna key 7", "ANNA link 12", "an\u200bna", "ａｎｎａ"]
)
def test_nobody_approves_her_own(city: Settings, herself: str) -> None:
    proposal = propose(city, pack())
    assert refusal(lambda: approve(city, proposal, herself)) == "same_person"
    assert told(city, proposal)["state"] == "waiting"
    assert refusal(lambda: act(city, "bo", lambda c: sharing.take_back(c, proposal))) == "not_yours"
    act(city, herself, lambda c: sharing.take_back(c, proposal, "not yet"))
    assert told(city, proposal)["state"] == "withdrawn"
    assert refusal(lambda: approve(city, proposal)) == "decided"


@pytest.mark.parametrize(
    "statement",
    [
        "select api.publish_rules('{}', '{}')",
        "select data.turn_rules()",
        "select data.withdraw_pack('cn-city-gas')",
        "select api.first_rules('[]')",
        "select api.approve_rules_alone(1, '', 'there is nobody else')",
        "update data.rule_proposal set state = 'approved'",
        "select data.try_rules('{}', '{}')",
    ],
)
def test_no_role_publishes_alone(city: Settings, statement: str) -> None:
    for login, role in (("web", "administrator"), ("worker", "screen"), ("worker", "import")):

        async def run(login: Any = login, role: str = role) -> None:
            pool = await open_pool(city, login)
            try:
                async with as_caller(pool, Caller(role, "mallory")) as connection:
                    await connection.execute(statement)  # type: ignore[arg-type]
            finally:
                await pool.close()

        if (login, role) == ("worker", "screen") and "try_rules" in statement:
            continue
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            asyncio.run(run())
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        act(city, "eve", lambda c: sharing.propose(c, pack()), "supervisor")


def test_first_packs_come_in_force_by_one_person_and_only_once(city: Settings) -> None:
    built_in = load_built_in()
    assert begin(city, pack(TINY)) is False
    with owner(city) as c:
        c.execute("update data.rule_pack set withdrawn_at = now()")
        c.execute("select data.turn_rules()")
    assert in_force(city) == {}
    assert begin(city, built_in) is False
    assert in_force(city) == {}


def test_the_same_again_is_nothing_to_publish(city: Settings) -> None:
    assert refusal(lambda: propose(city, load_built_in())) == "nothing"
    publish(city, pack())
    assert refusal(lambda: propose(city, pack())) == "nothing"
    stricter = {"limit_m = 1.0": "limit_m = 1.2"}
    assert refusal(lambda: propose(city, pack(**stricter))) == "raise_version"
    second = propose(city, of_version("2", **stricter))
    assert refusal(lambda: propose(city, of_version("2", **stricter), "bo")) == "waiting"
    assert told(city, second)["built_on"]["try-out"] == "1"


def test_an_approval_waits_for_a_trial_or_an_import_but_not_for_long(
    city: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "PATIENCE", "300ms")
    proposal = propose(city, pack())
    with owner(city) as c, c.transaction():
        c.execute("select pg_advisory_xact_lock_shared(hashtext('gridwarden rules'))")
        with pytest.raises(Problem) as refused:
            approve(city, proposal)
    assert refused.value.kind == "busy"
    approve(city, proposal)
    assert in_force(city)["try-out"] == "1"


def test_a_proposal_tells_what_changes(city: Settings) -> None:
    publish(city, pack())
    changed = of_version(
        "2",
        **{
            "limit_m = 1.0": "limit_m = 1.2",
            'clause = ""\nedition = ""': 'clause = "1"\nedition = "E"',
        },
    )
    [one] = told(city, propose(city, changed))["changes"]
    assert (one["what"], one["id"], one["change"]) == ("rule", "own-clearance", "changed")
    assert one["fields"] == {"clause": ["", "1"], "edition": ["", "E"]}
    assert [(r["pressure_class"], r["limit_m"]) for r in one["old_rows"]] == [("MB", 1.0)]
    assert [(r["pressure_class"], r["limit_m"]) for r in one["new_rows"]] == [("MB", 1.2)]
    other = of_version("3", **{'id = "own-clearance"': 'id = "other-clearance"'})
    changes = told(city, propose(city, other))["changes"]
    assert [(c["id"], c["change"], len(c["old_rows"]), len(c["new_rows"])) for c in changes] == [
        ("other-clearance", "added", 0, 2),
        ("own-clearance", "removed", 2, 0),
    ]


def test_a_proposal_whose_ground_has_changed_is_proposed_again(city: Settings) -> None:
    publish(city, pack())
    second = propose(city, of_version("2", **{"limit_m = 1.0": "limit_m = 1.2"}))
    third = propose(city, of_version("3", **{"limit_m = 1.0": "limit_m = 1.3"}), "bo")
    approve(city, second)
    assert refusal(lambda: approve(city, third, "anna")) == "stale"
    assert told(city, third)["state"] == "waiting"
    act(city, "anna", lambda c: sharing.reject(c, third, "built on the old one"))
    assert in_force(city)["try-out"] == "2"
    again = propose(city, of_version("3", **{"limit_m = 1.0": "limit_m = 1.3"}), "bo")
    approve(city, again, "anna")
    assert in_force(city)["try-out"] == "3"


def test_whoever_rejects_says_why(city: Settings) -> None:
    proposal = propose(city, pack())
    assert (
        refusal(lambda: act(city, "bo", lambda c: sharing.reject(c, proposal, "  "))) == "say_why"
    )
    act(city, "bo", lambda c: sharing.reject(c, proposal, "no clause"))
    assert told(city, proposal)["decided_why"] == "no clause"
    assert refusal(lambda: approve(city, proposal)) == "decided"
    assert refusal(lambda: approve(city, 999)) == "no_proposal"


def test_a_pack_goes_by_two_people(city: Settings) -> None:
    publish(city, pack())

    def withdrawal(pack_id: str) -> Any:
        return act(city, "anna", lambda c: sharing.propose_withdrawal(c, pack_id, "expired"))

    assert refusal(lambda: withdrawal("cn-city-gas")) == "extended"
    assert refusal(lambda: withdrawal("nothing")) == "not_in_force"
    proposal = withdrawal("try-out")
    assert refusal(lambda: withdrawal("try-out")) == "waiting"
    assert {c["change"] for c in told(city, proposal)["changes"]} == {"removed"}
    assert refusal(lambda: approve(city, proposal, "cli:anna")) == "same_person"
    assert approve(city, proposal) is not None
    assert "try-out" not in in_force(city)
    with owner(city) as c:
        rows = c.execute("select count(*) from data.rule where pack = 'try-out'").fetchone()
    assert rows == (1,)
    publish(city, pack())
    assert in_force(city)["try-out"] == "1"


def test_another_base_pack_takes_the_place_of_the_first(city: Settings) -> None:
    assert refusal(lambda: propose(city, pack(TINY))) == "other_base"
    publish(city, pack())
    assert refusal(lambda: propose(city, pack(TINY), instead_of_base=True)) == "extended"
    approve(city, act(city, "anna", lambda c: sharing.propose_withdrawal(c, "try-out")))
    proposal = propose(city, pack(TINY), instead_of_base=True)
    assert told(city, proposal)["instead_of"] == "cn-city-gas"
    approve(city, proposal)
    assert in_force(city) == {"tiny": "1"}
    assert refusal(lambda: propose(city, of_version("2"))) == "not_extended"


def test_another_base_pack_takes_its_place_on_its_first_day_or_later(city: Settings) -> None:
    """Else nothing would be in force from its approval to that day."""
    office = datetime.now(UTC).astimezone(ZoneInfo(city.time_zone)).date()
    assert "valid_from = 2026-01-01" in TINY
    later, now = (
        pack(TINY, **{"valid_from = 2026-01-01": f"valid_from = {day}"})
        for day in (office + timedelta(days=1), office)
    )
    how: dict[str, Any] = {"instead_of_base": True}
    assert refusal(lambda: propose(city, later, **how)) == "later_base"
    proposal = propose(city, now, **how)
    with owner(city) as c:
        c.execute(
            "update data.rule_proposal set normal = jsonb_set(normal, '{pack,valid_from}',"
            " to_jsonb((%s::date + 1)::text))",
            (office,),
        )
    assert refusal(lambda: approve(city, proposal)) == "later_base"
    assert "cn-city-gas" in in_force(city)
    with owner(city) as c:
        c.execute(
            "update data.rule_proposal set normal = jsonb_set(normal, '{pack,valid_from}',"
            " to_jsonb(%s::date::text))",
            (office,),
        )
    approve(city, proposal)
    assert in_force(city) == {"tiny": "1"}


def test_a_version_comes_in_force_on_its_day(city: Settings) -> None:
    publish(city, pack())
    office = ZoneInfo(city.time_zone)
    tomorrow = (datetime.now(UTC).astimezone(office) + timedelta(days=1)).date()
    later = of_version(
        "2",
        **{"valid_from = 2026-01-01": f"valid_from = {tomorrow}", "limit_m = 1.0": "limit_m = 1.2"},
    )
    assert publish(city, later) is None
    assert in_force(city)["try-out"] == "1"
    turn(city)
    assert in_force(city)["try-out"] == "1"
    with owner(city) as c:
        c.execute("update data.rule_pack set valid_from = valid_from - 1 where version = '2'")
        waiting = c.execute("select count(*) from data.job where role = 'gridwarden_screen'")
        assert waiting.fetchone() == (0,)
    turn(city)
    assert in_force(city)["try-out"] == "1", "once a day is enough"
    with owner(city) as c:
        c.execute("update data.rules_day set day = day - 1")
    turn(city)
    turn(city)
    assert in_force(city)["try-out"] == "2"
    with owner(city) as c:
        jobs = c.execute("select kind from data.job where role = 'gridwarden_screen'").fetchall()
    assert jobs == [("screen",)]


def test_a_rule_ends_after_its_last_day(city: Settings) -> None:
    publish(city, pack())
    rule = "select in_force from data.rule where pack = 'try-out'"
    with owner(city) as c:
        c.execute("update data.rule set valid_to = current_date - 1 where pack = 'try-out'")
        assert c.execute(rule).fetchone() == (True,)
    turn(city)
    with owner(city) as c:
        assert c.execute(rule).fetchone() == (False,)
        assert (
            c.execute("select family from data.statements()").fetchall().count(("own_family",)) == 0
        )


def turn(settings: Settings) -> None:
    """What the worker does every minute."""

    async def run() -> None:
        pool = await open_pool(settings, "worker")
        try:
            await sharing.turn(pool, settings)
        finally:
            await pool.close()

    asyncio.run(run())
