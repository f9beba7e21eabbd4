"""Sweeper `grid`: the product of the axes, times each chosen option's own grid; every job checked before the first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.core.utils import JobStatus
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class GridSweeperConf:
    """`hydra.sweeper.params`: axes by default, such as those of an experiment; the command line wins over them."""

    _target_: str = "hydra_plugins.nnbench_grid_sweeper.GridSweeper"
    params: dict[str, Any] = field(default_factory=dict)


ConfigStore.instance().store(group="hydra/sweeper", name="grid", node=GridSweeperConf, provider="nnbench")


class GridSweeper(Sweeper):
    """See `nnbench.sweep.axes` for what the words after `-m` mean, `nnbench.sweep.session` for what is done with them."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.context, self.master = hydra_context, config
        self.launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        from nnbench.sweep.axes import expand
        from nnbench.sweep.session import run_sweep

        jobs = expand(self.context.config_loader, self.master, arguments)
        if status := run_sweep(jobs, self._run):
            raise SystemExit(status)

    def _run(self, jobs: Sequence[Any], sweep_id: str) -> Iterator[Any]:
        from nnbench.sweep.job import Ended, Failure
        from nnbench.sweep.pool import Pool

        # By its pool, not by its class: Hydra loads plugins anew, as classes of their own.
        if isinstance(pool := getattr(self.launcher, "pool", None), Pool):
            yield from pool.run(jobs)
            return

        # Somebody else's launcher composes each job again, wherever it runs it, and there the job tracks itself.
        words = [[*job.overrides, f"tracking.sweep_id={sweep_id}"] for job in jobs]
        for job, back in zip(jobs, self.launcher.launch(words, initial_job_idx=0), strict=True):
            failed = back.status is not JobStatus.COMPLETED
            yield Ended(job=job, outcome=Failure(reason=repr(back._return_value), traceback="") if failed else None)
