"""Sweepers `grid`, `two_stage` and `tpe`, which Hydra finds in this package; `nnbench.sweep` and `nnbench.tuning` do the work.

All jobs are validated before the first one starts.
"""

# No `from __future__ import annotations` here: it breaks the plugin scanner of Hydra 1.3.
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict, read_write

from nnbench.sweep.base_sweeper import BaseSweeper

if TYPE_CHECKING:
    from nnbench.sweep.job import Job


BASIC = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"  # of Hydra


class GridSweeper(BaseSweeper):
    """Product of the axes, times the grids of each chosen option; see `nnbench.sweep.grid`."""

    name = "grid"

    def sweep(self, arguments: list[str]) -> None:
        from nnbench.cli.sweep import run_sweep
        from nnbench.sweep.executors.hydra import executor_of
        from nnbench.sweep.grid import expand

        self.exit_with(run_sweep(expand(self.context.config_loader, self.master, arguments), executor_of(self.launcher)))


class TwoStageSweeper(BaseSweeper):
    """Tuning of each optimizer in its space, then a comparison on other seeds; see `nnbench.tuning.protocol`."""

    name = "two_stage"

    def sweep(self, arguments: list[str]) -> None:
        from nnbench.cli.sweep import execute_plan
        from nnbench.tuning.protocol import two_stage_sweep

        if (plan := two_stage_sweep(self.context.config_loader, self.master, arguments, self.launcher)) is not None:
            self.exit_with(execute_plan(plan))


class TPESweeper(BaseSweeper):
    """Bayesian search of each optimizer's space; a free worker gets the next trial. See `nnbench.tuning.search`."""

    name = "tpe"

    def sweep(self, arguments: list[str]) -> None:
        from nnbench.cli.sweep import execute_plan
        from nnbench.tuning.search import tpe_sweep

        if (plan := tpe_sweep(self.context.config_loader, self.master, arguments, self.launcher)) is not None:
            self.exit_with(execute_plan(plan))


class TrackedSweeper(Sweeper):
    """Runs a sweeper of another package, so that its runs are one sweep of the store, with a report.

    `nnbench.sweep.hydra_callback` puts it in the place of that sweeper. The value of a job, which a search minimizes, is its
    final validation loss.

    Args:
        sweeper: config of the other sweeper.
    """

    def __init__(self, sweeper: DictConfig) -> None:
        self.options = sweeper

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        from nnbench.cli import hydra_folders

        hydra_folders.remember_missing(Path(config.hydra.sweep.dir))
        self.context, self.master, plugins = hydra_context, config, Plugins.instance()
        self.launcher: Launcher = plugins.instantiate_launcher(hydra_context, task_function, config)
        inner = config.copy()
        with read_write(inner), open_dict(inner):
            inner.hydra.sweeper = self.options
            inner.hydra.launcher = {"_target_": "hydra_plugins.nnbench_launchers.BatchLauncher"}
        self.inner = plugins.instantiate_sweeper(hydra_context=hydra_context, task_function=self, config=inner)

    def sweep(self, arguments: list[str]) -> None:
        from nnbench.cli.sweep import execute_batches
        from nnbench.sweep.executors.hydra import executor_of

        def produce(run: Callable[[Sequence["Job"]], list[float]]) -> None:
            self.run = run
            self.inner.sweep(arguments)

        BaseSweeper.exit_with(execute_batches(executor_of(self.launcher), produce))

    def __call__(self, batch: tuple[Sequence[Sequence[str]], int]) -> list[JobReturn]:
        """Run a batch of `BatchLauncher`: the overrides of each job, and the number of the first one."""
        from nnbench.config.effects import refuse_without_effect
        from nnbench.sweep.grid import compose

        overrides, first = batch
        loader = self.context.config_loader
        jobs = [compose(loader, self.master, list(one), number) for number, one in enumerate(overrides, first)]
        # Elsewhere, a value without effect in this batch may have one in a later batch.
        if self.options._target_ == BASIC and not self.options.get("max_batch_size"):
            refuse_without_effect((job.config, job.overrides) for job in jobs)
        losses = self.run(jobs) if jobs else []
        return [
            JobReturn(overrides=one, status=JobStatus.COMPLETED, _return_value=loss)
            for one, loss in zip(overrides, losses, strict=True)
        ]


@dataclass
class SweeperConf:
    """Config of a sweeper.

    Attributes:
        _target_: its class.
        params: default axes, such as those of an experiment; the command line overrides them.
    """

    _target_: str
    params: dict[str, Any] = field(default_factory=dict)


for sweeper in (GridSweeper, TwoStageSweeper, TPESweeper):
    conf = SweeperConf(_target_=f"hydra_plugins.nnbench_sweepers.{sweeper.__name__}")
    if sweeper is TPESweeper:  # a separate study: among compared runs, those of a search would be settings with one seed
        conf.params["study"] = "tpe"
    ConfigStore.instance().store(group="hydra/sweeper", name=sweeper.name, node=conf, provider="nnbench")
