"""Sampler `tpe`: Optuna's tree-structured Parzen estimator, with its trials in a file of the study.

Bergstra, Bardenet, Bengio & Kegl (2011), "Algorithms for hyper-parameter optimization".
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from numpy.random import SeedSequence
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.exceptions import StorageInternalError
from optuna.samplers import TPESampler
from optuna.storages import RDBStorage
from optuna.trial import TrialState
from sqlalchemy.exc import SQLAlchemyError

from nnbench.core.errors import UserError
from nnbench.core.keys import key_of
from nnbench.core.signals import uninterrupted
from nnbench.tracking.mlflow.uri import sqlite_uri
from nnbench.tuning.contender import Contender
from nnbench.tuning.request import Tuning
from nnbench.tuning.space import Choice, Range, Setting

FILE = "optuna.db"


@contextmanager
def tpe_samplers(tuning: Tuning, contenders: Sequence[Contender]) -> Iterator[list["TPE"]]:
    """Open the samplers of some searches; Optuna keeps their trials in `FILE`, in the folder of the study's report.

    Raises:
        UserError: the file cannot be opened.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path = Path(tuning.config.report.folder) / tuning.config.study / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        storage = RDBStorage(sqlite_uri(path))
    except (SQLAlchemyError, StorageInternalError, RuntimeError) as error:
        first = str(error).splitlines()[0]
        raise UserError(f"{path}: Optuna cannot use this file ({first}); move it away, and the search begins anew") from error
    try:
        yield [TPE(each, tuning, storage) for each in contenders]
    finally:
        storage.remove_session()
        storage.engine.dispose()


class TPE:
    """The sampler of one search.

    Attributes:
        settings: those of earlier sweeps, by the number of their trial.
    """

    def __init__(self, contender: Contender, tuning: Tuning, storage: RDBStorage) -> None:
        self._space, self._seed = contender.space, contender.sampler_seed
        name = f"{contender.label} {_digest(contender)}"
        if not tuning.config.resume and name in optuna.get_all_study_names(storage):
            optuna.delete_study(study_name=name, storage=storage)
        self._study = optuna.create_study(storage=storage, study_name=name, direction="maximize", load_if_exists=True)
        self.settings: dict[int, Setting] = {}
        for trial in self._study.get_trials(states=(TrialState.COMPLETE, TrialState.RUNNING)):
            if trial.params.keys() == self._space.keys():
                self.settings[trial.number] = self._setting(trial.params)
            else:  # its process died during `ask`
                self._study.tell(trial.number, state=TrialState.FAIL)

    def ask(self) -> tuple[int, Setting]:
        """Choose a setting; returns the number of its trial and the setting."""
        # A seed for each trial: the draw depends on the results so far, and not on how often the search was interrupted.
        seed = SeedSequence([self._seed, len(self._study.get_trials(deepcopy=False))]).generate_state(1)
        self._study.sampler = TPESampler(seed=int(seed[0]), constant_liar=True)
        with uninterrupted():
            trial = self._study.ask({key: _distribution(axis) for key, axis in self._space.items()})
        return trial.number, self._setting(trial.params)

    def tell(self, number: int, value: float) -> None:
        """Report the value of a trial, the greater the better, unless that has been done."""
        self._study.tell(number, value, skip_if_finished=True)

    def _setting(self, params: dict[str, Any]) -> Setting:
        return {key: _value(axis, params[key]) for key, axis in self._space.items()}


def _digest(contender: Contender) -> str:
    """Digest of all that the values of trials depend on, so that only comparable trials share an Optuna study."""
    config = contender.job(0, {}, 0, contender.stage).config.numbers()
    for key in contender.space:
        section, _, name = key_of(key).partition(".")
        del config[section][name]
    text = json.dumps([config, repr(contender.space), list(contender.seeds), contender.sampler_seed], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _distribution(axis: Range | Choice) -> BaseDistribution:
    if isinstance(axis, Choice):
        return CategoricalDistribution([_plain(value) for value in axis.values])
    return FloatDistribution(axis.low, axis.high, log=axis.kind == "log")


def _value(axis: Range | Choice, param: Any) -> Any:
    if isinstance(axis, Choice):
        return next(value for value in axis.values if _plain(value) == param)
    return axis.rounded(param)


def _plain(value: Any) -> Any:
    """A value of a choice as Optuna stores it: a list as JSON."""
    return json.dumps(value) if isinstance(value, list) else value
