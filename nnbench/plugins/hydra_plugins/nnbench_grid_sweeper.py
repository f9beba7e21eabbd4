"""Sweeper `grid`: the product of the axes, times the grids of each chosen option; validated before any job starts."""

# No `from __future__ import annotations` here: Hydra 1.3's scanner of plugins breaks on it.
from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore

from nnbench.sweep.base_sweeper import BaseSweeper


@dataclass
class GridSweeperConf:
    """`hydra.sweeper.params`: axes by default, such as those of an experiment; the command line wins over them."""

    _target_: str = "hydra_plugins.nnbench_grid_sweeper.GridSweeper"
    params: dict[str, Any] = field(default_factory=dict)


ConfigStore.instance().store(group="hydra/sweeper", name="grid", node=GridSweeperConf, provider="nnbench")


class GridSweeper(BaseSweeper):
    """See `nnbench.sweep.grid` for the jobs, `nnbench.cli.sweep` for their execution."""

    name = "grid"

    def sweep(self, arguments: list[str]) -> None:
        from nnbench.cli.sweep import run_sweep
        from nnbench.sweep.executors.hydra import executor_of
        from nnbench.sweep.grid import expand

        jobs = expand(self.context.config_loader, self.master, arguments)
        if status := run_sweep(jobs, executor_of(self.launcher)):
            raise SystemExit(status)
