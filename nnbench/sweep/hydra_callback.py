"""Hydra callback that has the sweepers of other packages run within this project's `TrackedSweeper`."""

from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, open_dict, read_write

SWEEPERS = "hydra_plugins.nnbench_sweepers."


class TrackSweepers(Callback):
    """Callback of `conf/config.yaml`, called before Hydra instantiates the sweeper."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Replace a sweeper of another package by `TrackedSweeper`, which holds it."""
        sweeper = config.hydra.sweeper
        if sweeper is None or sweeper._target_.startswith(SWEEPERS):
            return
        with read_write(config), open_dict(config):
            config.hydra.sweeper = {"_target_": f"{SWEEPERS}TrackedSweeper", "_recursive_": False, "sweeper": sweeper}
