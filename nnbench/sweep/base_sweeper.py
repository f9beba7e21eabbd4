"""What every sweeper of this project is to Hydra. Light, since Hydra loads its plugins for `--help` too."""

from typing import Any, ClassVar

from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from nnbench.core.errors import UserError


class BaseSweeper(Sweeper):
    """Keeps what Hydra hands over; a subclass sweeps.

    Attributes:
        name: what it is called after `hydra/sweeper=`.
        params: the axes that hold by default, such as those of an experiment.
        context: leads to the loader of configs.
        master: the composed config of the sweep itself.
        launcher: as configured.
    """

    name: ClassVar[str]

    # What else there is, is of a sweeper that the command line names and an experiment overrules: `setup` tells of it.
    def __init__(self, params: dict[str, Any], **others: object) -> None:
        self.params = params

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        for word in config.hydra.overrides.hydra:
            if word.startswith("hydra/sweeper=") and word != f"hydra/sweeper={self.name}":
                experiment = f"experiment={config.hydra.runtime.choices.experiment}"
                raise UserError(
                    f"{word}: {experiment} has the sweeper {self.name}; there, tuning.sampler=tpe searches by Bayes"
                )
        self.context, self.master = hydra_context, config
        self.launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )
