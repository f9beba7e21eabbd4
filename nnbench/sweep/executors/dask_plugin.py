"""Plugin of Dask workers that admits those with the same source as the command; it is sent to them by value.

This module is pickled by value, since a worker may have another version of nnbench, or none. So it imports nothing of nnbench
at the top; what is imported in `WorkerSetup.setup` after the check is the same on both sides.
"""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

from distributed import Worker, WorkerPlugin

# Packages that a worker imports, or that determine what it sends back.
PACKAGES = ("config", "core", "datasets", "nn", "optimizers", "records", "schedules", "sweep", "training")


def versions() -> dict[str, str]:
    """Return the digest of nnbench's source files, and the versions that determine the numbers of a run."""
    import platform

    import numpy

    import nnbench

    folder = Path(nnbench.__file__).parent
    source = hashlib.sha256()
    for file in sorted(file for name in PACKAGES for file in folder.glob(f"{name}/**/*.py")):
        source.update(f"{file.relative_to(folder)} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    python = ".".join(platform.python_version_tuple()[:2])
    return {"source of nnbench": source.hexdigest()[:12], "Python": python, "NumPy": numpy.__version__}


class WorkerSetup(WorkerPlugin):  # type: ignore[misc]  # a class without annotations
    """Gives a worker the resource `name`, one a thread, if its versions are those of the command.

    Tasks that need the resource run only on such workers. Others send the reason as an event.

    Args:
        name: of the plugin, the resource, and the topic of events; differs for each sweep.
        expected: `versions` of the command.
        timeout: seconds a job, None for no limit.
    """

    def __init__(self, name: str, expected: dict[str, str], timeout: float | None) -> None:
        self.name, self.expected, self.timeout = name, expected, timeout
        self.trainer: Any = None

    async def setup(self, worker: Worker) -> None:
        """Check the versions, as dask calls it on each worker that is there or joins later."""
        try:
            found = versions()
        except Exception as error:
            reason = f"cannot import nnbench ({type(error).__name__}: {error})"
        else:
            different = {key: value for key, value in self.expected.items() if found[key] != value}
            reason = ", ".join(f"it has {key} {found[key]}, this command {value}" for key, value in different.items())
        if reason:
            worker.log_event(self.name, {"refused": worker.address, "reason": reason})
            return
        from nnbench.sweep.executors.dask_worker import Trainer

        self.trainer = Trainer(worker.state.nthreads, self.timeout, Path(worker.local_directory, self.name))
        await worker.set_resources(**{self.name: worker.state.nthreads})

    async def teardown(self, worker: Worker) -> None:
        """End the processes that train, when the sweep or the worker ends."""
        if self.trainer is not None:
            await asyncio.to_thread(self.trainer.close)
