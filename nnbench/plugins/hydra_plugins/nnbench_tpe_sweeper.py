"""Sweeper `tpe`: Bayesian search of each optimizer's declared space; a free worker gets the next trial at once."""

# No `from __future__ import annotations` here: Hydra 1.3's scanner of plugins breaks on it.
from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore

from nnbench.sweep.base_sweeper import BaseSweeper


@dataclass
class TPESweeperConf:
    """`hydra.sweeper.params`: the lists of `optimizer` and `seed` by default; the command line wins over them."""

    _target_: str = "hydra_plugins.nnbench_tpe_sweeper.TPESweeper"
    # A separate study: among runs that are compared, those of a search would count as settings with one seed.
    params: dict[str, Any] = field(default_factory=lambda: {"study": "tpe"})


ConfigStore.instance().store(group="hydra/sweeper", name="tpe", node=TPESweeperConf, provider="nnbench")


class TPESweeper(BaseSweeper):
    """See `nnbench.tuning.search`; its options are under `tuning`, the spaces in `conf/space`."""

    name = "tpe"

    def sweep(self, arguments: list[str]) -> None:
        from nnbench.cli.sweep import execute_plan
        from nnbench.tuning.search import tpe_sweep

        plan = tpe_sweep(self.context.config_loader, self.master, arguments, self.launcher)
        if plan is not None and (status := execute_plan(plan)):
            raise SystemExit(status)
