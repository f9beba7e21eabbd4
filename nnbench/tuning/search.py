"""Bayesian search within a declared space: Optuna's tree-structured Parzen estimator, asked for a config at a time.

A worker that becomes free gets the next config at once, chosen by all that is known by then; so with several workers
the configs depend on which run comes back first. Bergstra, Bardenet, Bengio & Kegl (2011), "Algorithms for
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
from nnbench.sweep.job import Ended, Job
from nnbench.sweep.rehearsal import refuse_unrepeatable
from nnbench.sweep.sweep import Plan, Sweep
from nnbench.tracking.mlflow.address import sqlite_uri
from nnbench.training.execute import Result
from nnbench.tuning.selection import Contender, Stage, Tuning, choose, read, seen_in_history, seen_in_store
from nnbench.tuning.space import Choice, Range, Setting

FILE = "optuna.db"


def tpe_sweep(loader: ConfigLoader, master: DictConfig, arguments: Iterable[str], launcher: Launcher) -> Plan | None:
    """Sweeper `tpe`: search each optimizer's space, every config on the seeds of the command line.

    Returns:
        The plan; None where `dry_run` has listed it.

    Raises:
        UserError: something is not as it must be; nothing has been started.
    """
    words = list(arguments)
    for word in words:
        key, _, value = word.lstrip("+").partition("=")
        if key in ("tuning.seeds", "extend") or (key == "tuning.sampler" and value != "tpe"):
            raise UserError(
                f"{word}: hydra/sweeper=tpe searches one way, on the seeds of seed=...; experiment=tuned has a choice"
            )
    tuning = read(loader, master, words)
    executor = executor_of(launcher, needs_results=True)
    if tuning.config.dry_run:
        list_searches(tuning, tuning.seeds)
        return None
    refuse_unrepeatable(each.default for each in tuning.contenders)
    return Plan(config=tuning.config, executor=executor, stages=lambda sweep: _run(sweep, tuning))


def list_searches(tuning: Tuning, seeds: Sequence[int]) -> None:
    """For `dry_run`: the jobs are not known before there are results."""
    for contender in tuning.contenders:
        seeded = f"each on seed {', '.join(map(str, seeds))}"
        print(f"{numbers.count(tuning.settings.configs, 'config')} of {contender.label} as its search will have it, {seeded}")


def _run(sweep: Sweep, tuning: Tuning) -> None:
    found = search(sweep, tuning, tuning.contenders, tuning.seeds)
    if sweep.halted:
        return
    runs = sweep.writer.finished_runs()
    for each in tuning.contenders:
        best = choose(each, found[each.label], tuning.seeds, None, runs)
        best.tell(sweep.console, f"best of {each.label}", len(tuning.seeds), "its space may be too narrow")


def search(
    sweep: Sweep, tuning: Tuning, contenders: Sequence[Contender], seeds: Sequence[int], stage: Stage | None = None
) -> dict[str, list[Setting]]:
    """Search the spaces of some optimizers, turn and turn about; returns the settings that were tried, by label.

    What was asked and told is kept in `FILE`, in the folder of the study's report. A later sweep goes on from there, and
    takes from the store what has FINISHED in the meantime.

    Raises:
        UserError: the file cannot be opened.
    """
    config = tuning.config
    with _storage(Path(config.report.folder) / config.study / FILE) as storage:
        searches = [_Search(contender, tuning, seeds, stage, storage) for contender in contenders]
        hunt = _Hunt(searches, {identity: seen_in_store(row) for identity, row in sweep.reusable().items()})
        total, todo = len(contenders) * tuning.settings.configs * len(seeds), hunt.todo()
        sweep.announce(total, todo, stage or "search")
        firsts = [job for each in searches for job in each.first()]
        sweep.explain([job for job in firsts if job.config.identity not in hunt.known], times=tuning.settings.configs)
        sweep.reuse(job.config for each in searches for number in each.trials for job in each.jobs(number))
        if todo:
            labels = ", ".join(contender.label for contender in contenders)
            sweep.open(f"tpe {labels} over {numbers.count(len(seeds), 'seed')}", tuning.params)
            sweep.train(hunt.jobs(), todo, hunt.heed)
        return {each.contender.label: list(each.trials.values()) for each in searches}


class _Search:
    """The search of one optimizer's space.

    Attributes:
        trials: the setting of each trial by its number, those of earlier sweeps first; `configs` of them in the end.
    """

    def __init__(
        self, contender: Contender, tuning: Tuning, seeds: Sequence[int], stage: Stage | None, storage: RDBStorage
    ) -> None:
        self.contender, self.seeds, self.stage = contender, seeds, stage
        self.configs, self.sampler_seed = tuning.settings.configs, tuning.settings.sampler_seed
        self.distributions = {key: _distribution(axis) for key, axis in contender.space.items()}
        name = f"{contender.label} {self._digest()}"
        if not tuning.config.resume and name in optuna.get_all_study_names(storage):
            optuna.delete_study(study_name=name, storage=storage)
        self.study = optuna.create_study(storage=storage, study_name=name, direction="maximize", load_if_exists=True)
        self.trials: dict[int, Setting] = {}
        for trial in self.study.get_trials(states=(TrialState.COMPLETE, TrialState.RUNNING)):
            if trial.params.keys() != contender.space.keys():  # its process died while it asked
                self.study.tell(trial.number, state=TrialState.FAIL)
            elif len(self.trials) < self.configs:
                self.trials[trial.number] = self._setting(trial.params)

    def jobs(self, number: int) -> list[Job]:
        """The runs of a trial, one a seed."""
        return [self.contender.job(number, self.trials[number], seed, self.stage) for seed in self.seeds]

    def first(self) -> list[Job]:
        """The runs of the first trial, which is asked for where there is none: of the same source, the store knows them."""
        return self.jobs(next(iter(self.trials)) if self.trials else self.ask())

    def ask(self) -> int:
        """A new trial; returns its number."""
        # A seed for each: the draw then depends on what is known, and not on how often the search was interrupted.
        seed = SeedSequence([self.sampler_seed, len(self.study.get_trials(deepcopy=False))]).generate_state(1)
        self.study.sampler = TPESampler(seed=int(seed[0]), constant_liar=True)
        with uninterrupted():
            trial = self.study.ask(self.distributions)
        self.trials[trial.number] = self._setting(trial.params)
        return trial.number

    def tell(self, number: int, seen: Sequence[Seen]) -> None:
        """What came of a trial, unless that has been told."""
        self.study.tell(number, score(seen).value, skip_if_finished=True)

    def _setting(self, params: Setting) -> Setting:
        return {key: axis.rounded(params[key]) for key, axis in self.contender.space.items()}

    def _digest(self) -> str:
        """Of all that the values of trials depend on, so that none are mixed that cannot be compared."""
        around = self.contender.job(0, {}, 0, self.stage).config.numbers()
        for key in self.contender.space:
            del around["optimizer"][key]
        text = json.dumps([around, repr(self.contender.space), list(self.seeds), self.sampler_seed], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


class _Hunt:
    """Several searches at once, each with at most a trial more than the others: a search learns while others wait.

    Args:
        searches: of different optimizers.
        known: what is seen of the runs that need not be made again, by identity.
    """

    def __init__(self, searches: Sequence[_Search], known: dict[str, Seen]) -> None:
        self.searches = searches
        self.known = known
        self._waiting: dict[str, list[tuple[_Search, int]]] = {}

    def todo(self) -> int:
        """How many runs are to be made, unless a search comes upon a setting that it has tried."""
        old = {job.config.identity for search in self.searches for number in search.trials for job in search.jobs(number)}
        new = sum((search.configs - len(search.trials)) * len(search.seeds) for search in self.searches)
        return len(old - self.known.keys()) + new

    def jobs(self) -> Iterator[Job]:
        """The runs of all trials, of which the new ones are asked for when they are needed."""
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
                under_way = identity in self._waiting
                self._waiting.setdefault(identity, []).append((search, number))
                if not under_way:
                    yield job
            self._settle(search, number)

    def heed(self, event: Ended) -> None:
        """Take note of a run that has been recorded. A failed one is not told of: the next sweep tries it again."""
        identity = event.job.config.identity
        waiting = self._waiting.pop(identity, [])
        if isinstance(event.outcome, Result):
            self.known[identity] = seen_in_history(event.outcome.history)
        for search, number in waiting:
            self._settle(search, number)

    def _settle(self, search: _Search, number: int) -> None:
        """Tell of a trial once all of its runs are known."""
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
