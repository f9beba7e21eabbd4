"""Launcher `local`: the jobs of a sweep in worker processes on this machine, tracked by the parent process."""

# No `from __future__ import annotations` here: Hydra 1.3's scanner of plugins breaks on it.
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class LocalLauncherConf:
    """`hydra.launcher.workers`: processes at once, null for one per processor; `hydra.launcher.timeout`: seconds per job."""

    _target_: str = "hydra_plugins.nnbench_local_launcher.LocalLauncher"
    workers: Any = None  # checked by `LauncherConfig`, whose message says what is allowed
    timeout: Any = None


ConfigStore.instance().store(group="hydra/launcher", name="local", node=LocalLauncherConf, provider="nnbench")


class LocalLauncher(Launcher):
    """Trains in a pool of worker processes. See `nnbench.sweep.executors.local`."""

    def __init__(self, workers: Any, timeout: Any) -> None:
        self.options = {"workers": workers, "timeout": timeout}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        from nnbench.cli import hydra_folders
        from nnbench.config.check import check
        from nnbench.config.sections import LauncherConfig
        from nnbench.sweep.executors.local import LocalPool, cores

        self.hydra_context, self.config = hydra_context, config
        hydra_folders.remember_missing(Path(config.hydra.sweep.dir))
        options = check(LauncherConfig, self.options, "hydra.launcher.")
        self.pool = LocalPool(workers=options.workers or cores(), timeout=options.timeout)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the jobs of a sweeper that passes overrides only, such as `hydra/sweeper=basic`."""
        from nnbench.cli.sweep import run_sweep
        from nnbench.sweep.grid import compose

        loader, numbered = self.hydra_context.config_loader, enumerate(job_overrides, initial_job_idx)
        jobs = [compose(loader, self.config, list(overrides), number) for number, overrides in numbered]
        if status := run_sweep(jobs, self.pool):
            raise SystemExit(status)
        return [JobReturn(overrides=overrides, status=JobStatus.COMPLETED) for overrides in job_overrides]
