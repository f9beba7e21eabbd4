"""What every sweeper of this project is to Hydra. Light, since Hydra loads its plugins for `--help` too."""

from typing import Any

from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class BaseSweeper(Sweeper):
    """Keeps what Hydra hands over; a subclass sweeps.

    Attributes:
        params: the axes that hold by default, such as those of an experiment.
        context: leads to the loader of configs.
        master: the composed config of the sweep itself.
        launcher: as configured.
    """

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.context, self.master = hydra_context, config
        self.launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )
