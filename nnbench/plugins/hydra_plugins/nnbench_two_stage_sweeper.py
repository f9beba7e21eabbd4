"""Sweeper `two_stage`: tune each optimizer in its declared space, then compare default and tuned settings on other seeds."""

# No `from __future__ import annotations` here: Hydra 1.3's scanner of plugins breaks on it.
from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore

from nnbench.sweep.base_sweeper import BaseSweeper


@dataclass
class TwoStageSweeperConf:
    """`hydra.sweeper.params`: the lists of `optimizer` and `seed` by default; the command line wins over them."""

    _target_: str = "hydra_plugins.nnbench_two_stage_sweeper.TwoStageSweeper"
    params: dict[str, Any] = field(default_factory=dict)


ConfigStore.instance().store(group="hydra/sweeper", name="two_stage", node=TwoStageSweeperConf, provider="nnbench")


class TwoStageSweeper(BaseSweeper):
    """See `nnbench.tuning.protocol`; its options are under `tuning`, the spaces in `conf/space`."""

    name = "two_stage"

    def sweep(self, arguments: list[str]) -> None:
        from nnbench.cli.sweep import execute_plan
        from nnbench.tuning.protocol import two_stage_sweep

        plan = two_stage_sweep(self.context.config_loader, self.master, arguments, self.launcher)
        if plan is not None and (status := execute_plan(plan)):
            raise SystemExit(status)
