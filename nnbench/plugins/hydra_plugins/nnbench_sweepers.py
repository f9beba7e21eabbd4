"""Sweepers `grid`, `two_stage` and `tpe`, which Hydra finds in this package; `nnbench.sweep` and `nnbench.tuning` do the work.

All jobs are validated before the first one starts.
"""

# No `from __future__ import annotations` here: it breaks the plugin scanner of Hydra 1.3.
from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore

from nnbench.sweep.base_sweeper import BaseSweeper


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
