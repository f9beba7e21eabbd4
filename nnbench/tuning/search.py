"""Bayesian search of declared spaces by Optuna's tree-structured Parzen estimator, one config at a time.

A free worker gets the next config at once, chosen from the results so far; so with several workers the configs depend
on the order in which runs end. Bergstra, Bardenet, Bengio & Kegl (2011), "Algorithms for
hyper-parameter optimization".
"""

import hashlib
import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import optuna
from hydra.core.config_loader import ConfigLoader
from hydra.plugins.launcher import Launcher
from numpy.random import SeedSequence
from omegaconf import DictConfig
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.exceptions import StorageInternalError
from optuna.samplers import TPESampler
from optuna.storages import RDBStorage
from optuna.trial import TrialState
from sqlalchemy.exc import SQLAlchemyError

from nnbench.core import formatting as numbers
from nnbench.core.errors import UserError
from nnbench.core.signals import uninterrupted
from nnbench.records.ranking import Seen, score
from nnbench.sweep.executors.hydra import executor_of
from nnbench.sweep.job import Ended, Job, Stage
from nnbench.sweep.rehearsal import check_repeatable
from nnbench.sweep.sweep import Plan, Sweep
from nnbench.tracking.mlflow.address import sqlite_uri
from nnbench.training.execute import Result
from nnbench.tuning.rehearsed import rehearsed
from nnbench.tuning.selection import Contender, Tuning, choose, read, result_in_history, result_in_store
from nnbench.tuning.space import Choice, Range, Setting

FILE = "optuna.db"


def tpe_sweep(loader: ConfigLoader, master: DictConfig, arguments: Iterable[str], launcher: Launcher) -> Plan | None:
    """Plan a sweep of the sweeper `tpe`: search each optimizer's space, each config on the seeds of the command line.

    Returns:
        The plan; None where `dry_run` has listed it.

    Raises:
        UserError: an override is not allowed; nothing has been started.
    """
    overrides = list(arguments)
    for override in overrides:
        key, _, value = override.lstrip("+").partition("=")
        if key in ("tuning.seeds", "extend") or (key == "tuning.sampler" and value != "tpe"):
            raise UserError(
                f"{override}: not with hydra/sweeper=tpe, which runs TPE on the seeds of seed=...; use experiment=tuned"
            )
    tuning = read(loader, master, overrides)
    executor = executor_of(launcher, needs_results=True)
    if tuning.config.dry_run:
        list_searches(tuning, tuning.seeds)
        return None
    check_repeatable(rehearsed(tuning))
    return Plan(config=tuning.config, executor=executor, stages=lambda sweep: _run(sweep, tuning))


def list_searches(tuning: Tuning, seeds: Sequence[int]) -> None:
    """Print the number of configs of each search, for `dry_run`: their values depend on results."""
    for contender in tuning.contenders:
        seeded = f"each on seed {', '.join(map(str, seeds))}"
        print(f"{numbers.count(tuning.options.configs, 'config')} of {contender.label} that its search chooses, {seeded}")


def _run(sweep: Sweep, tuning: Tuning) -> None:
    found = search(sweep, tuning, tuning.contenders, tuning.seeds)
    if sweep.halted:
        return
    runs = sweep.writer.finished_runs()
    for each in tuning.contenders:
        best = choose(each, found[each.label], tuning.seeds, None, runs)
        best.print(sweep.console, f"best of {each.label}", len(tuning.seeds), "its space may be too narrow")


def search(
    sweep: Sweep, tuning: Tuning, contenders: Sequence[Contender], seeds: Sequence[int], stage: Stage | None = None
) -> dict[str, list[Setting]]:
    """Search the spaces of some optimizers, in turns; returns the settings that were tried, by label.

    Optuna keeps the trials in `FILE`, in the folder of the study's report. A later sweep continues from there, and takes
    the results of runs that have FINISHED from the store.

    Raises:
        UserError: the file cannot be opened.
    """
    config = tuning.config
    with _storage(Path(config.report.folder) / config.study / FILE) as storage:
        searches = [_Search(contender, tuning, seeds, stage, storage) for contender in contenders]
        scheduler = _TrialScheduler(searches, {identity: result_in_store(row) for identity, row in sweep.reusable().items()})
        total, todo = len(contenders) * tuning.options.configs * len(seeds), scheduler.todo()
        sweep.print_counts(total, todo, stage or "search")
        first_jobs = [job for each in searches for job in each.first()]
        sweep.print_changed_sources(
            [job for job in first_jobs if job.config.identity not in scheduler.known], times=tuning.options.configs
        )
        sweep.mark_reused(job.config for each in searches for number in each.trials for job in each.jobs(number))
        if todo:
            labels = ", ".join(contender.label for contender in contenders)
            sweep.open(f"tpe {labels} over {numbers.count(len(seeds), 'seed')}", tuning.params)
            sweep.train(scheduler.jobs(), todo, on_ended=scheduler.record)
        return {each.contender.label: list(each.trials.values()) for each in searches}


class _Search:
    """The search of one optimizer's space.

    Attributes:
        trials: the setting of each trial by its number, those of earlier sweeps first; at most `configs` of them.
    """

    def __init__(
        self, contender: Contender, tuning: Tuning, seeds: Sequence[int], stage: Stage | None, storage: RDBStorage
    ) -> None:
        self.contender, self.seeds, self.stage = contender, seeds, stage
        self.configs, self.sampler_seed = tuning.options.configs, tuning.options.sampler_seed
        self.distributions = {key: _distribution(axis) for key, axis in contender.space.items()}
        name = f"{contender.label} {self._digest()}"
        if not tuning.config.resume and name in optuna.get_all_study_names(storage):
            optuna.delete_study(study_name=name, storage=storage)
        self.study = optuna.create_study(storage=storage, study_name=name, direction="maximize", load_if_exists=True)
        self.trials: dict[int, Setting] = {}
        for trial in self.study.get_trials(states=(TrialState.COMPLETE, TrialState.RUNNING)):
            if trial.params.keys() != contender.space.keys():  # its process died during `ask`
                self.study.tell(trial.number, state=TrialState.FAIL)
            elif len(self.trials) < self.configs:
                self.trials[trial.number] = self._setting(trial.params)

    def jobs(self, number: int) -> list[Job]:
        """The runs of a trial, one for each seed."""
        return [self.contender.job(number, self.trials[number], seed, self.stage) for seed in self.seeds]

    def first(self) -> list[Job]:
        """The runs of the first trial, which is created where there is none."""
        return self.jobs(next(iter(self.trials)) if self.trials else self.ask())

    def ask(self) -> int:
        """Create a trial; returns its number."""
        # A seed for each trial: the draw depends on the results so far, and not on how often the search was interrupted.
        seed = SeedSequence([self.sampler_seed, len(self.study.get_trials(deepcopy=False))]).generate_state(1)
        self.study.sampler = TPESampler(seed=int(seed[0]), constant_liar=True)
        with uninterrupted():
            trial = self.study.ask(self.distributions)
        self.trials[trial.number] = self._setting(trial.params)
        return trial.number

    def tell(self, number: int, results: Sequence[Seen]) -> None:
        """Report the results of a trial to Optuna, unless that has been done."""
        self.study.tell(number, score(results).value, skip_if_finished=True)

    def _setting(self, params: Setting) -> Setting:
        return {key: axis.rounded(params[key]) for key, axis in self.contender.space.items()}

    def _digest(self) -> str:
        """Digest of all that the values of trials depend on, so that only comparable trials share an Optuna study."""
        numbers_of = self.contender.job(0, {}, 0, self.stage).config.numbers()
        for key in self.contender.space:
            del numbers_of["optimizer"][key]
        text = json.dumps([numbers_of, repr(self.contender.space), list(self.seeds), self.sampler_seed], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


class _TrialScheduler:
    """Jobs of several searches in turns, so that none is more than one trial ahead; it reports results to the searches.

    Args:
        searches: those of different optimizers.
        known: results of runs that are reused, by identity.
    """

    def __init__(self, searches: Sequence[_Search], known: dict[str, Seen]) -> None:
        self.searches = searches
        self.known = known
        self._waiting: dict[str, list[tuple[_Search, int]]] = {}

    def todo(self) -> int:
        """Number of runs to do; fewer where a search suggests a setting for the second time."""
        old = {job.config.identity for search in self.searches for number in search.trials for job in search.jobs(number)}
        new = sum((search.configs - len(search.trials)) * len(search.seeds) for search in self.searches)
        return len(old - self.known.keys()) + new

    def jobs(self) -> Iterator[Job]:
        """Yield the runs of all trials; a new trial is created only when its first run is needed."""
        turns = deque((search, iter(list(search.trials))) for search in self.searches)
        while turns:
            search, old = turns.popleft()
            number = next(old, None)
            if number is None:
                if len(search.trials) >= search.configs:
                    continue
                number = search.ask()
            turns.append((search, old))
            for job in search.jobs(number):
                identity = job.config.identity
                if identity in self.known:
                    continue
                is_running = identity in self._waiting
                self._waiting.setdefault(identity, []).append((search, number))
                if not is_running:
                    yield job
            self._report(search, number)

    def record(self, event: Ended) -> None:
        """Keep the result of a run. A failed one is not reported to Optuna: the next sweep tries it again."""
        identity = event.job.config.identity
        waiting = self._waiting.pop(identity, [])
        if isinstance(event.outcome, Result):
            self.known[identity] = result_in_history(event.outcome.history)
        for search, number in waiting:
            self._report(search, number)

    def _report(self, search: _Search, number: int) -> None:
        """Report a trial to its search once the results of all of its runs are known."""
        identities = [job.config.identity for job in search.jobs(number)]
        if self.known.keys() >= set(identities):
            search.tell(number, [self.known[identity] for identity in identities])


def _distribution(axis: Range | Choice) -> BaseDistribution:
    if isinstance(axis, Choice):
        return CategoricalDistribution(axis.values)
    return FloatDistribution(axis.low, axis.high, log=axis.log)


@contextmanager
def _storage(path: Path) -> Iterator[RDBStorage]:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        storage = RDBStorage(sqlite_uri(path))
    except (SQLAlchemyError, StorageInternalError, RuntimeError) as error:
        first = str(error).splitlines()[0]
        raise UserError(f"{path}: Optuna cannot use this file ({first}); move it away, and the search begins anew") from error
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()
