"""The workers of a Dask cluster as an engine; needs `smtp-conformance[cluster]`."""

import asyncio
import logging
import time
from collections.abc import Mapping

import dask
from distributed import Client, Reschedule, Security, get_worker
from distributed.comm import connect
from distributed.core import Status

from reports.engines import Capacity, Elsewhere, Lost, suite_version, trouble
from reports.escape import sentence, typed
from reports.lodging import MOST_BYTES
from reports.results import ResultsError

PATIENCE = 15.0
"""Seconds that the scheduler has to answer, and that a first worker has to be there."""
GOES_ON = (Status.running, Status.paused, Status.closing_gracefully)


class Cluster(Elsewhere):
    """Tests servers on all workers of a scheduler.

    Args:
        address: the scheduler's.
        minutes: how long there may be no worker.
        confined: whether servers have to be kept from the rest of a worker's machine.

    Raises:
        ResultsError: there is no scheduler, no worker, or one that cannot test; one line says so.
    """

    def __init__(self, address: str, minutes: float, confined: bool) -> None:
        for name in ("distributed", "distributed.client"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what counts is told in one line
        dask.config.set({"distributed.admin.large-graph-warning-threshold": MOST_BYTES})
        self._address, self._minutes = address, minutes
        try:
            asyncio.run(_greet(address))  # a client that cannot connect takes half a minute to end
            self._client = Client(address, timeout=PATIENCE, set_as_default=False)
        except Exception as error:  # of many kinds: no address, nobody there, no certificate
            raise ResultsError(
                f"no scheduler answers at {typed(address)}: {sentence(str(error)) or type(error).__name__}"
            ) from None
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE)
            found: Mapping[str, object] = self._client.run(trouble, suite_version(), confined, on_error="return")
        except Exception:
            self._client.close()
            raise ResultsError(f"the scheduler at {typed(address)} has no worker") from None
        for worker, why in found.items():
            if why:
                self._client.close()
                raise ResultsError(f"the worker {typed(worker)} cannot test servers: {sentence(str(why))}")
        self._seen = time.monotonic()
        executor = self._client.get_executor(pure=False)
        super().__init__(executor, self._capacity, _look, suite_version(), unconfined=not confined)

    def close(self) -> None:
        """Let the workers stop what they do, which they see by themselves."""
        super().close()
        self._client.close()

    def _capacity(self) -> Capacity:
        try:
            threads = self._client.nthreads()
        except Exception:
            raise Lost(f"the scheduler at {typed(self._address)} is gone") from None
        if threads:
            self._seen = time.monotonic()
        elif time.monotonic() > self._seen + 60 * self._minutes:
            raise Lost(f"the scheduler at {typed(self._address)} has had no worker for {self._minutes:g} minutes")
        return Capacity(sum(threads.values()), len(threads))


async def _greet(address: str) -> None:
    comm = await connect(address, timeout=PATIENCE, **Security().get_connection_args("client"))
    await comm.close()


def _look() -> None:
    """End a test that nobody waits for any more, or whose worker ends."""
    worker = get_worker()
    task = worker.state.tasks.get(worker.get_current_task())
    if task is None or task.state != "executing" or worker.status not in GOES_ON:
        raise Reschedule
