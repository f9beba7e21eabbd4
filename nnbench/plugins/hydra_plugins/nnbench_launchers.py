"""Launchers `local` and `dask`: the jobs of a sweep in worker processes, tracked by the parent process."""

# No `from __future__ import annotations` here: Hydra 1.3's scanner of plugins breaks on it.
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

if TYPE_CHECKING:
    from nnbench.sweep.executors.base import Executor


class ExecutorLauncher(Launcher):
    """Launcher with an executor of nnbench, which the sweepers of nnbench use directly.

    Attributes:
        options: the section `hydra.launcher`.
        executor: made of them by `setup`.
    """

    def __init__(self, **options: Any) -> None:
        self.options = options

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        from nnbench.cli import hydra_folders

        self.hydra_context, self.config = hydra_context, config
        hydra_folders.remember_missing(Path(config.hydra.sweep.dir))
        self.executor = self.make_executor()

    @abstractmethod
    def make_executor(self) -> "Executor":
        """Check the options and make the executor, which starts nothing yet.

        Raises:
            UserError: an option is not allowed.
        """

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the jobs of a sweeper that passes overrides only, such as `hydra/sweeper=basic`."""
        from nnbench.cli.sweep import run_sweep
        from nnbench.sweep.grid import compose

        loader, numbered = self.hydra_context.config_loader, enumerate(job_overrides, initial_job_idx)
        jobs = [compose(loader, self.config, list(overrides), number) for number, overrides in numbered]
        if status := run_sweep(jobs, self.executor):
            raise SystemExit(status)
        return [JobReturn(overrides=overrides, status=JobStatus.COMPLETED) for overrides in job_overrides]


class LocalLauncher(ExecutorLauncher):
    """Trains in a pool of worker processes. See `nnbench.sweep.executors.local`."""

    def make_executor(self) -> "Executor":
        from nnbench.config.check import check
        from nnbench.config.sections import LauncherConfig
        from nnbench.sweep.executors.local import LocalPool, cores

        options = check(LauncherConfig, self.options, "hydra.launcher.")
        return LocalPool(workers=options.workers or cores(), timeout=options.timeout)


class DaskLauncher(ExecutorLauncher):
    """Trains on the workers of a Dask cluster. See `nnbench.sweep.executors.dask`."""

    def make_executor(self) -> "Executor":
        from nnbench.config.check import check
        from nnbench.config.sections import DaskLauncherConfig
        from nnbench.core.errors import UserError

        options = check(DaskLauncherConfig, self.options, "hydra.launcher.")
        if options.address is not None and options.workers is not None:
            given = f"hydra.launcher.workers={options.workers}"
            raise UserError(f"{given}: must be null with hydra.launcher.address, whose cluster has its own workers")
        if find_spec("distributed") is None:
            raise UserError("hydra/launcher=dask: needs Dask: pip install 'nnbench[dask]'")
        from nnbench.sweep.executors.dask import DaskExecutor

        return DaskExecutor(options=options)


# The values are checked by the dataclasses in `nnbench.config.sections`, whose messages say what is allowed.
@dataclass
class LocalLauncherConf:
    """`hydra.launcher.workers`: processes at once, null for one per processor; `hydra.launcher.timeout`: seconds per job."""

    _target_: str = "hydra_plugins.nnbench_launchers.LocalLauncher"
    workers: Any = None
    timeout: Any = None


@dataclass
class DaskLauncherConf:
    """Options of `hydra/launcher=dask`, see `nnbench.config.sections.DaskLauncherConfig`."""

    _target_: str = "hydra_plugins.nnbench_launchers.DaskLauncher"
    address: Any = None
    workers: Any = None
    timeout: Any = None
    patience: Any = 30.0


for name, node in (("local", LocalLauncherConf), ("dask", DaskLauncherConf)):
    ConfigStore.instance().store(group="hydra/launcher", name=name, node=node, provider="nnbench")
