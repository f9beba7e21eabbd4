"""Launcher `local`: a sweep's jobs on the processors of this machine, tracked by the parent alone."""

# No `from __future__ import annotations` here: Hydra 1.3's scanner of plugins breaks on it.
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class LocalLauncherConf:
    """`hydra.launcher.workers`: processes at once, null for one a processor; `hydra.launcher.timeout`: seconds a job."""

    _target_: str = "hydra_plugins.nnbench_local_launcher.LocalLauncher"
    workers: Optional[int] = None
    timeout: Optional[float] = None


ConfigStore.instance().store(group="hydra/launcher", name="local", node=LocalLauncherConf, provider="nnbench")


class LocalLauncher(Launcher):
    """Trains on a pool of processes that stay alive. See `nnbench.sweep.pool`."""

    def __init__(self, workers: Optional[int], timeout: Optional[float]) -> None:
        from nnbench.sweep.pool import make_pool

        self.pool = make_pool(workers, timeout)

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.hydra_context = hydra_context
        self.config = config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """For a sweeper that knows only Hydra's words, such as `hydra/sweeper=basic`."""
        from nnbench.sweep.axes import compose
        from nnbench.sweep.session import run_sweep

        jobs = [compose(self.hydra_context.config_loader, self.config, list(words)) for words in job_overrides]
        if status := run_sweep(jobs, lambda todo, sweep_id: self.pool.run(todo)):
            raise SystemExit(status)
        return []
