"""Launchers `dask_slurm` and `slurm`: the jobs of a sweep on the nodes of a Slurm cluster, tracked by the parent process."""

# No `from __future__ import annotations` here: Hydra 1.3's scanner of plugins breaks on it.
from dataclasses import dataclass, field
from importlib.util import find_spec
from shutil import which
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra_plugins.nnbench_launchers import ExecutorLauncher

if TYPE_CHECKING:
    from nnbench.sweep.executors.base import Executor


class DaskSlurmLauncher(ExecutorLauncher):
    """Trains on Dask workers that are Slurm jobs. See `nnbench.sweep.executors.dask_slurm`."""

    def make_executor(self) -> "Executor":
        from nnbench.config.check import check
        from nnbench.config.launchers import DaskSlurmConfig

        options = check(DaskSlurmConfig, self.options, "hydra.launcher.")
        _check_programs("dask_slurm", "dask_jobqueue")
        from nnbench.sweep.executors.dask import DaskExecutor

        return DaskExecutor(options=options)


class SlurmLauncher(ExecutorLauncher):
    """Trains in job arrays of Slurm. See `nnbench.sweep.executors.slurm`."""

    def make_executor(self) -> "Executor":
        from nnbench.config.check import check
        from nnbench.config.launchers import SlurmConfig

        options = check(SlurmConfig, self.options, "hydra.launcher.")
        _check_programs("slurm", "submitit")
        from nnbench.sweep.executors.slurm import SlurmExecutor

        return SlurmExecutor(options=options)


def _check_programs(launcher: str, library: str) -> None:
    """Raise `UserError` if the library, or Slurm's commands, are not there."""
    from nnbench.core.errors import UserError

    if find_spec(library) is None:
        raise UserError(f"hydra/launcher={launcher}: needs libraries that are not installed: pip install 'nnbench[slurm]'")
    if which("sbatch") is None:
        raise UserError(f"hydra/launcher={launcher}: there is no sbatch; this must be a machine from which Slurm takes jobs")


# The values are checked by the dataclasses in `nnbench.config.launchers`, which describe them.
@dataclass
class SlurmJobConf:
    """Resources of each Slurm job, see `nnbench.config.launchers.SlurmJobConfig`."""

    _convert_: str = "all"  # lists and dictionaries, not those of OmegaConf
    partition: Any = None
    account: Any = None
    time: Any = 60
    cores: Any = 4
    memory: Any = 4
    setup: Any = field(default_factory=list)
    directives: Any = field(default_factory=dict)
    stagger: Any = 1
    timeout: Any = None


@dataclass
class DaskSlurmLauncherConf(SlurmJobConf):
    """Options of `hydra/launcher=dask_slurm`, see `nnbench.config.launchers.DaskSlurmConfig`."""

    _target_: str = "hydra_plugins.nnbench_slurm.DaskSlurmLauncher"
    workers: Any = 2
    interface: Any = None
    folder: Any = "results/slurm"
    patience: Any = 60.0


@dataclass
class SlurmLauncherConf(SlurmJobConf):
    """Options of `hydra/launcher=slurm`, see `nnbench.config.launchers.SlurmConfig`."""

    _target_: str = "hydra_plugins.nnbench_slurm.SlurmLauncher"
    runs_per_job: Any = 32
    jobs_at_once: Any = 32
    wait: Any = True


for name, node in (("dask_slurm", DaskSlurmLauncherConf), ("slurm", SlurmLauncherConf)):
    ConfigStore.instance().store(group="hydra/launcher", name=name, node=node, provider="nnbench")
