"""Base class of this project's Hydra sweepers; it imports little, since Hydra loads its plugins for `--help` too."""

from typing import Any, ClassVar

from hydra.core.plugins import Plugins
from hydra.errors import CompactHydraException
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from nnbench.core.errors import UserError


class PluginError(UserError, CompactHydraException):
    """Mistake in a plugin's options, which Hydra prints in one line in applications other than nnbench."""


class BaseSweeper(Sweeper):
    """Hydra sweeper that stores the arguments of `setup`; a subclass implements `sweep`.

    Attributes:
        name: the option `hydra/sweeper=NAME`.
        params: default axes, such as those of an experiment.
        context: Hydra's context, with the config loader.
        master: the composed config of the sweep itself.
        launcher: the configured launcher.
    """

    name: ClassVar[str]

    # `others` are parameters of a sweeper on the command line that an experiment overrides, which `setup` refuses.
    def __init__(self, params: dict[str, Any], **others: object) -> None:
        self.params = params

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        if "grids" not in config or "tracking" not in config:
            raise PluginError(f"hydra/sweeper={self.name}: is for the configuration of nnbench, not for this application's")
        for override in config.hydra.overrides.hydra:
            if override.startswith("hydra/sweeper=") and override != f"hydra/sweeper={self.name}":
                experiment = f"experiment={config.hydra.runtime.choices.experiment}"
                raise UserError(
                    f"{override}: {experiment} needs the sweeper {self.name}; with it, tuning.sampler=tpe is a Bayesian search"
                )
        self.context, self.master = hydra_context, config
        self.launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    @staticmethod
    def exit_with(status: int) -> None:
        """End the command with its exit status, unless that is 0."""
        if status:
            raise SystemExit(status)
