"""What the schedules need of Kubeflow Pipelines, and no more."""

import contextlib
import io
from collections.abc import Iterable
from datetime import UTC, datetime

from pipeline.cluster.client import NotThere, calling
from pipeline.cluster.progress import ENDED
from pipeline.schedule import marker
from pipeline.schedule.described import Described
from pipeline.schedule.marker import Marker
from pipeline.schedule.plan import Found
from pipeline.schedule.trigger import Trigger

_PAGE = 100


class Cluster:
    """The recurring runs of a namespace.

    Args:
        client: a connected `kfp.Client`.
    """

    def __init__(self, client) -> None:
        self.namespace = client.get_user_namespace()  # "" where Kubeflow has one user
        self._client = client

    def found(self, owner: str | None = None) -> list[Found]:
        """Every recurring run that bears our mark; an owner's alone, if one is given."""
        pages = self._pages(
            self._client.list_recurring_runs, "recurring_runs", namespace=self.namespace or None
        )
        marked = ((one, marker.read(one.description)) for one in pages)
        return [
            _found(one, mark)
            for one, mark in marked
            if mark is not None and owner in (None, mark.owner)
        ]

    def create(self, described: Described, mark: Marker, *, enabled: bool) -> str:
        """Makes a recurring run, and the experiment where there is none; gives its id."""
        trigger = described.trigger
        with calling():
            # kfp prints a link to the experiment, which would spoil --json.
            with contextlib.redirect_stdout(io.StringIO()):
                experiment = self._client.create_experiment(described.experiment)
            made = self._client.create_recurring_run(
                experiment.experiment_id,
                described.name,
                description=str(mark),
                start_time=trigger.start and trigger.start.isoformat(),
                end_time=trigger.end and trigger.end.isoformat(),
                # The API has 64-bit integers as text, and kfp sends what it is given.
                interval_second=str(trigger.every) if trigger.every else None,
                cron_expression=trigger.cron or None,
                max_concurrency=str(described.concurrency),
                no_catchup=not described.catchup,
                params=dict(described.arguments),
                pipeline_package_path=str(described.package),
                enabled=enabled,
                service_account=described.service_account or None,
            )
        return made.recurring_run_id

    def enable(self, id: str) -> None:
        """Lets a recurring run fire."""
        with calling():
            self._client.enable_recurring_run(id)

    def disable(self, id: str) -> None:
        """Lets a recurring run fire no more; its runs go on. One that is gone fires no more."""
        with contextlib.suppress(NotThere), calling():
            self._client.disable_recurring_run(id)

    def delete(self, id: str) -> None:
        """Removes a recurring run and lets go of its runs.

        A Kubeflow too old for that kills those in flight; whoever deletes looks for them first. One
        that has just been triggered is in no list yet.
        """
        with contextlib.suppress(NotThere), calling():  # the client's own call can't say ORPHAN
            self._client._recurring_run_api.recurring_run_service_delete_recurring_run(
                id, propagation_policy="ORPHAN"
            )

    def in_flight(self, found: Found) -> int:
        """How many runs of a recurring run have not ended.

        They are sorted out here: a filter by `recurring_run_id` names a column that the server's
        table does not have.
        """
        runs = self._pages(self._client.list_runs, "runs", experiment_id=found.experiment)
        return sum(run.recurring_run_id == found.id and run.state not in ENDED for run in runs)

    def _pages(self, listing, key: str, **options) -> Iterable:
        """Every item of a listing, over its pages."""
        token = ""
        while True:
            with calling():
                page = listing(page_token=token, page_size=_PAGE, **options)
            yield from getattr(page, key) or ()
            token = page.next_page_token
            if not token:
                return


def _found(one, mark: Marker) -> Found:
    return Found(
        id=one.recurring_run_id,
        experiment=one.experiment_id,
        marker=mark,
        # What says neither is taken for enabled, so that it is disabled where it should be.
        enabled=one.mode != "DISABLE" and one.status != "DISABLED",
        created=one.created_at or datetime.fromtimestamp(0, UTC),
        trigger=_trigger(one.trigger),
    )


def _trigger(trigger) -> Trigger:
    cron, periodic = trigger.cron_schedule, trigger.periodic_schedule
    if cron is not None:
        return Trigger(cron=cron.cron, start=cron.start_time, end=cron.end_time)
    return Trigger(
        every=int(periodic.interval_second), start=periodic.start_time, end=periodic.end_time
    )
