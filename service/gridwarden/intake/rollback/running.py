"""The job of a rollback: a version's rows staged from history, then published as any file's."""

from dataclasses import replace

from gridwarden.database import Caller, as_caller, queries
from gridwarden.intake.ask import Ask
from gridwarden.intake.outcome import Outcome, Target
from gridwarden.intake.publishing import Publication
from gridwarden.intake.publishing import Q as PUBLISH
from gridwarden.jobs import Job
from gridwarden.layers.catalogue import Layer

Q = queries(__package__ or "gridwarden.intake.rollback", "rollback.sql")
NO_TIMEOUT = 0


class RollingBack(Publication):
    """A publication whose rows are those that the dataset had, exactly."""

    async def run_back(self, version: int) -> Outcome:
        """Stage the version, compare, and publish or (dry run) only tell.

        The dataset's lock is taken first: what comes back is compared with what is there.
        """
        await self._begin()
        await self.c.execute(Q["as_correction"])
        dataset_id, _, now_at = await self._dataset()
        values = {"layer": self.target.layer.id, "dataset_id": dataset_id, "version": version}
        values |= {"columns": list(self.stored)}
        row = await (await self.c.execute(Q["stage"], values)).fetchone()
        assert row is not None
        reading = await (await self.c.execute(Q["reading"], values)).fetchone()
        self.target = replace(self.target, crs=reading[0] if reading else None)
        self.outcome.rows_in = self.outcome.rows_good = int(row[0])
        await self._publish(dataset_id, now_at)
        return self.outcome


async def rolled_back(
    job: Job, worker: Caller, layer: Layer, ask: Ask, person: str | None
) -> Outcome | None:
    """Bring a version back; None when the import has ended meanwhile. Raises Problem."""
    assert ask.rollback_to is not None
    target = Target(
        import_id=job.subject_id or 0,
        layer=layer,
        dataset=ask.dataset,
        org_id=None,
        person=person,
        source=f"@{ask.rollback_to}",
        crs=None,
        id_field=None,
        dry_run=ask.dry_run,
        remove=ask.remove,
        expects=ask.expects,
        rollback_to=ask.rollback_to,
    )
    async with as_caller(job.pool, worker, timeout_ms=NO_TIMEOUT) as c:
        await c.execute(PUBLISH["take"], {"id": target.import_id})
        row = await (await c.execute(PUBLISH["still_open"], {"id": target.import_id})).fetchone()
        if not row or not row[0]:
            return None
        outcome = await RollingBack(c, target).run_back(ask.rollback_to)
        await c.execute(PUBLISH["ended"], {"id": target.import_id, **outcome.values()})
        return outcome
