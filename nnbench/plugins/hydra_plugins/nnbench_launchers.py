"""Launchers `local` and `dask`: the jobs of a sweep in worker processes, tracked by the parent process."""

# No `from __future__ import annotations` here: Hydra 1.3's scanner of plugins breaks on it.
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from weakref import finalize

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from nnbench.core.errors import UserError
from nnbench.sweep.base_sweeper import PluginError

if TYPE_CHECKING:
    from nnbench.sweep.executors.base import Executor


class ExecutorLauncher(Launcher):
    """Launcher with an executor of nnbench, for any Hydra application.

    The sweepers of nnbench use the executor, whose workers return what they have trained. Other applications have their tasks
    run by `launch`.

    Attributes:
        options: the section `hydra.launcher`.
        executor: made of them by `setup`.
    """

    def __init__(self, **options: Any) -> None:
        self.options = options

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config
        try:
            self.executor = self.make_executor()
        except UserError as error:
            raise PluginError(str(error)) from None

    @abstractmethod
    def make_executor(self) -> "Executor":
        """Check the options and make the executor, which starts nothing yet.

        Raises:
            UserError: an option is not allowed.
        """

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the jobs of an application in the workers, which are kept for the next call until the launcher is deleted."""
        from nnbench.sweep.executors.hydra_task import Caller, launch

        if not isinstance(self.executor, Caller):
            chosen = self.config.hydra.runtime.choices["hydra/launcher"]
            raise PluginError(f"hydra/launcher={chosen}: runs the sweeps of nnbench alone, not those of this application")
        finalize(self, self.executor.close)
        return launch(self.executor, self.hydra_context, self.task_function, self.config, job_overrides, initial_job_idx)


class BatchLauncher(Launcher):
    """Launcher of a sweeper within `TrackedSweeper`, to which it passes the batches."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.run = task_function

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        returned: Sequence[JobReturn] = self.run((job_overrides, initial_job_idx))
        return returned


class LocalLauncher(ExecutorLauncher):
    """Trains in a pool of worker processes. See `nnbench.sweep.executors.local`."""

    def make_executor(self) -> "Executor":
        from nnbench.config.check import check
        from nnbench.config.launchers import LauncherConfig
        from nnbench.sweep.executors.local import LocalPool, cores

        options = check(LauncherConfig, self.options, "hydra.launcher.")
        return LocalPool(workers=options.workers or cores(), timeout=options.timeout)


class DaskLauncher(ExecutorLauncher):
    """Trains on the workers of a Dask cluster. See `nnbench.sweep.executors.dask`."""

    def make_executor(self) -> "Executor":
        from nnbench.config.check import check
        from nnbench.config.launchers import DaskLauncherConfig

        options = check(DaskLauncherConfig, self.options, "hydra.launcher.")
        if options.address is not None and options.workers is not None:
            given = f"hydra.launcher.workers={options.workers}"
            raise UserError(f"{given}: must be null with hydra.launcher.address, whose cluster has its own workers")
        if find_spec("distributed") is None:
            raise UserError("hydra/launcher=dask: needs Dask: pip install 'nnbench[dask]'")
        from nnbench.sweep.executors.dask import DaskExecutor

        return DaskExecutor(options=options)


# The values are checked by the dataclasses in `nnbench.config.launchers`, whose messages say what is allowed.
@dataclass
class LocalLauncherConf:
    """`hydra.launcher.workers`: processes at once, null for one per processor; `hydra.launcher.timeout`: seconds per job."""

    _target_: str = "hydra_plugins.nnbench_launchers.LocalLauncher"
    workers: Any = None
    timeout: Any = None


@dataclass
class DaskLauncherConf:
    """Options of `hydra/launcher=dask`, see `nnbench.config.launchers.DaskLauncherConfig`."""

    _target_: str = "hydra_plugins.nnbench_launchers.DaskLauncher"
    address: Any = None
    workers: Any = None
    timeout: Any = None
    patience: Any = 30.0


for name, node in (("local", LocalLauncherConf), ("dask", DaskLauncherConf)):
    ConfigStore.instance().store(group="hydra/launcher", name=name, node=node, provider="nnbench")
