"""Sweeper `tpe`: Bayesian search of the declared space of each optimizer, on the seeds of the command line."""

from collections.abc import Iterable

from hydra.core.config_loader import ConfigLoader
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig

from nnbench.core.errors import UserError
from nnbench.sweep.executors.hydra import executor_of
from nnbench.sweep.repeatability import check_repeatable
from nnbench.sweep.sweep import Plan, Sweep
from nnbench.tuning.repeatability import configs_to_check
from nnbench.tuning.request import Tuning, read
from nnbench.tuning.selection import choose, print_choice
from nnbench.tuning.trials import list_trials, run_trials


def tpe_sweep(loader: ConfigLoader, master: DictConfig, arguments: Iterable[str], launcher: Launcher) -> Plan | None:
    """Plan a sweep of the sweeper `tpe`; returns None where `dry_run` has listed it.

    Raises:
        UserError: an override is not allowed; nothing has been started.
    """
    overrides = list(arguments)
    for override in overrides:
        key, _, value = override.lstrip("+").partition("=")
        if key in ("tuning.seeds", "tuning.searches", "extend") or (key == "tuning.sampler" and value != "tpe"):
            raise UserError(
                f"{override}: not with hydra/sweeper=tpe, which runs TPE on the seeds of seed=...; use experiment=tuned"
            )
    tuning = read(loader, master, ["tuning.sampler=tpe", *overrides], None)
    executor = executor_of(launcher, needs_results=True)
    if tuning.config.dry_run:
        list_trials(tuning)
        return None
    check_repeatable(configs_to_check(tuning))
    return Plan(config=tuning.config, executor=executor, stages=lambda sweep: _run(sweep, tuning))


def _run(sweep: Sweep, tuning: Tuning) -> None:
    trials = run_trials(sweep, tuning, tuning.contenders, "search")
    if sweep.halted:
        return
    runs = sweep.writer.finished_runs()
    for each in tuning.contenders:
        best = choose(each, trials[each.key], runs)
        print_choice(sweep.console, [best], f"best of {each.label}", "its space may be too narrow")
