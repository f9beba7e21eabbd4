"""Connection of a sweep to a Dask cluster: tasks go to the workers with the command's source, events come back in a queue."""

import logging
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import cloudpickle
from distributed import Client, Future, LocalCluster

from nnbench.config.launchers import DaskLauncherConfig, DaskSlurmConfig
from nnbench.core.errors import UserError
from nnbench.core.user_code import describe_error
from nnbench.sweep.executors import dask_plugin
from nnbench.sweep.executors.dask_worker import call_in_pool, train_pack
from nnbench.sweep.executors.local import cores

if TYPE_CHECKING:
    from nnbench.sweep.executors.dask_slurm import SlurmWorkers

LOGGERS = "distributed", "distributed.client", "distributed.core", "tornado", "tornado.application"
POLL = 0.5  # seconds between looks at the connection
REFRESH = 2.0  # seconds between requests for the number of workers
CLOSING = 10.0  # seconds for the workers to end their processes

# What a worker sends by the plugin's name: {"started": number of the job}, or {"refused": its address, "reason": text}.
Message = dict[str, Any]


class Cluster:
    """Connection to a scheduler, and to its workers that have the command's source.

    Attributes:
        address: of the scheduler.
        threads: of these workers, together; updated every `REFRESH` seconds.
        tasks: number of tasks that were sent.

    Raises:
        UserError: no scheduler answers, or none of its workers can be used.
    """

    def __init__(self, options: DaskLauncherConfig | DaskSlurmConfig) -> None:
        for name in LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL)  # a lost connection is told once, by `next_event`
        self._name = f"nnbench-{uuid4().hex[:12]}"
        self._events: SimpleQueue[Future | Message] = SimpleQueue()
        self.tasks = 0
        self._local: LocalCluster | None = None
        self._slurm: SlurmWorkers | None = None
        self.threads, self._refreshed = 0, monotonic()
        self._usable: frozenset[str] = frozenset()
        self._joined = False
        # `WorkerSetup` compares the versions that matter.
        with warnings.catch_warnings(action="ignore"):
            self._client, self.address = self._connected(options)
        try:
            self._set_up_workers(options.timeout)
        except BaseException:
            self.close()
            raise

    def submit(self, jobs: Sequence[tuple[int, bytes]], files: Mapping[str, str]) -> Future:
        """Send jobs as one task, see `train_pack`; its future comes from `next_event` when it is done."""
        return self._submit(train_pack, jobs, dict(files))

    def call(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Future:
        """Send a call of a function in a worker's process as a task, see `call_in_pool`; its future comes as with `submit`."""
        return self._submit(call_in_pool, function, arguments)

    def _submit(self, task: Callable[..., Any], *arguments: Any) -> Future:
        key, self.tasks = f"{self._name}-{self.tasks}", self.tasks + 1
        future = self._client.submit(task, self._name, *arguments, key=key, resources={self._name: 1}, pure=False)
        future.add_done_callback(self._events.put)
        return future

    def stranded(self, futures: Iterable[Future]) -> list[Future]:
        """Return the tasks that wait for a worker although one that can be used has joined since the last call.

        Dask assigns waiting tasks when a worker joins, which is before `WorkerSetup` has given it the resource.
        """
        joined, self._joined = self._joined, False
        if not joined:
            return []
        with suppress(OSError, TimeoutError):  # the connection is lost, which `next_event` says
            assigned = {key for keys in self._client.processing().values() for key in keys}
            return [future for future in futures if future.key not in assigned and not future.done()]
        return []

    def next_event(self) -> Future | Message | None:
        """Wait for a task that is done, or a message from a worker; None after `POLL` seconds.

        Raises:
            UserError: the connection to the scheduler is lost.
        """
        if self._client.status != "running":
            raise self.lost()
        if monotonic() - self._refreshed > REFRESH:
            with suppress(OSError, TimeoutError):  # the connection is lost, which the next call says
                self._refresh()
        try:
            return self._events.get(timeout=POLL)
        except Empty:
            return None

    def lost(self) -> UserError:
        """Return the error that the connection is lost."""
        hint = "finished runs are kept, and the same command continues"
        return UserError(f"the connection to the Dask scheduler {self.address} is lost; {hint}")

    def describe_waiting(self) -> str:
        """Return a message that there is no worker that can be used."""
        jobs = f": {self._slurm.describe_jobs()}" if self._slurm else ""
        return f"waiting: the Dask scheduler {self.address} has no worker that can be used{jobs}"

    def close(self) -> None:
        """End the training of this sweep on all workers, and the connection."""
        client, name = self._client, self._name
        with suppress(Exception):
            if client.status == "running":
                client.sync(client.scheduler.unregister_worker_plugin, name=name, callback_timeout=CLOSING)
        for each in (client, self._local, self._slurm):
            with suppress(Exception):
                if each is not None:
                    each.close(timeout=CLOSING)

    def _connected(self, options: DaskLauncherConfig | DaskSlurmConfig) -> tuple[Client, str]:
        """Connect to a scheduler, or start one; returns also its name for messages."""
        if isinstance(options, DaskSlurmConfig):
            from nnbench.sweep.executors.dask_slurm import SlurmWorkers  # not at the top: dask-jobqueue is in another extra

            self._slurm = SlurmWorkers(options)
            return Client(self._slurm.cluster, set_as_default=False), "of this command"
        if options.address is None:
            self._local = LocalCluster(
                n_workers=1, threads_per_worker=options.workers or cores(), processes=False, dashboard_address=None
            )
            return Client(self._local, set_as_default=False), "on this machine"
        try:
            return Client(options.address, timeout=options.patience, set_as_default=False), options.address
        except Exception as error:
            given = f"hydra.launcher.address={options.address}"
            raise UserError(f"{given}: no Dask scheduler answers ({describe_error(error)})") from error

    def _set_up_workers(self, timeout: float | None) -> None:
        """Have every worker set up by the plugin, now or when it joins.

        Raises:
            UserError: there are workers, but none that can be used.
        """
        self._client.subscribe_topic(self._name, lambda event: self._events.put(event[1]))
        cloudpickle.register_pickle_by_value(dask_plugin)
        try:
            setup = dask_plugin.WorkerSetup(self._name, dask_plugin.versions(), timeout)
            self._client.register_plugin(setup, name=self._name)
        finally:
            cloudpickle.unregister_pickle_by_value(dask_plugin)
        if self._refresh() and not self.threads and isinstance(message := self.next_event(), dict):
            raise UserError(f"{refusal(message)}; no other worker of {self.address} can be used")

    def _refresh(self) -> int:
        """Count the threads of the workers that can be used; returns the number of all workers."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        usable = {address: each["nthreads"] for address, each in workers.items() if each["resources"].get(self._name)}
        self._joined |= not usable.keys() <= self._usable
        self._usable = frozenset(usable)
        self.threads, self._refreshed = sum(usable.values()), monotonic()
        if self._slurm:
            self._slurm.adjust({str(each["name"]) for each in workers.values()})
        return len(workers)


def refusal(message: Message) -> str:
    """Return the text of a worker's message that it cannot be used."""
    return f"worker {message['refused']} is not used: {message['reason']}"
