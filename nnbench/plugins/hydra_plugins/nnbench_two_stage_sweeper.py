"""Sweeper `two_stage`: tune each optimizer in its declared space, then judge default and winner on fresh seeds."""

# No `from __future__ import annotations` here: Hydra 1.3's scanner of plugins breaks on it.
from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore

from nnbench.sweep.sweeper import BaseSweeper


@dataclass
class TwoStageSweeperConf:
    """`hydra.sweeper.params`: the lists of `optimizer` and `seed` by default; the command line wins over them."""

    _target_: str = "hydra_plugins.nnbench_two_stage_sweeper.TwoStageSweeper"
    params: dict[str, Any] = field(default_factory=dict)


ConfigStore.instance().store(group="hydra/sweeper", name="two_stage", node=TwoStageSweeperConf, provider="nnbench")


class TwoStageSweeper(BaseSweeper):
    """See `nnbench.sweep.two_stage`; its settings are under `tuning`, the spaces in `conf/space`."""

    name = "two_stage"

    def sweep(self, arguments: list[str]) -> None:
        from nnbench.sweep.two_stage import two_stage_sweep

        if status := two_stage_sweep(self.context.config_loader, self.master, arguments, self.launcher):
            raise SystemExit(status)
