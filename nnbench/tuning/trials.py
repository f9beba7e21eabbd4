"""The ask-and-tell loop of all samplers: settings are asked for, run on every seed, and their scores reported back.

A design (`samplers`) has all its settings at the start and needs no scores. TPE (`tpe`) chooses each setting by the scores so
far: a free worker gets the next one at once, so with several workers its settings depend on the order in which runs end.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count, islice
from typing import TYPE_CHECKING

from nnbench.core import formatting as numbers
from nnbench.records.ranking import FinalValidation, score
from nnbench.sweep.job import Ended, Job
from nnbench.sweep.sweep import Sweep, list_jobs
from nnbench.training.execute import Result
from nnbench.tuning.contender import Contender, Key, Trial
from nnbench.tuning.request import Tuning
from nnbench.tuning.selection import result_in_history, result_in_store
from nnbench.tuning.space import Setting

if TYPE_CHECKING:
    from nnbench.tuning.tpe import TPE


def run_trials(sweep: Sweep, tuning: Tuning, contenders: Sequence[Contender], shown_stage: str) -> dict[Key, list[Trial]]:
    """Run the settings that the sampler chooses in some searches, in turns; returns the trials by `Contender.key`.

    Args:
        sweep: runs the jobs.
        tuning: the request.
        contenders: the searches.
        shown_stage: name of the stage for the terminal.
    """
    known = {identity: result_in_store(row) for identity, row in sweep.reusable().items()}
    seeds = len(contenders[0].seeds)
    with _searches(tuning, contenders) as searches:
        scheduler = _Scheduler(searches, known)
        todo = scheduler.todo(seeds)
        sweep.print_counts(len(contenders) * tuning.options.configs * seeds, todo, shown_stage)
        first_jobs = [job for search in searches for job in search.first().jobs]
        sweep.print_changed_sources(
            [job for job in first_jobs if job.config.identity not in known], times=tuning.options.configs
        )
        jobs = [job for search in searches for trial in search.trials.values() for job in trial.jobs]
        sweep.mark_reused(job.config for job in jobs)
        sweep.print_missing_boundaries(jobs)
        if todo:
            labels = ", ".join(dict.fromkeys(contender.label for contender in contenders))
            sweep.open(f"{tuning.options.sampler} {labels} over {numbers.count(seeds, 'seed')}", tuning.params)
            sweep.train(scheduler.jobs(), todo, on_ended=scheduler.record)
        return {contender.key: list(search.trials.values()) for contender, search in zip(contenders, searches, strict=True)}


def list_trials(tuning: Tuning) -> None:
    """Print the jobs of `run_trials` for `dry_run`, or their number where the settings depend on results."""
    if tuning.options.sampler != "tpe":
        with _searches(tuning, tuning.contenders) as searches:
            list_jobs(_Scheduler(searches, {}).jobs())
        return
    for contender in tuning.contenders:
        on_seeds = f"each on seed {', '.join(map(str, contender.seeds))}"
        name = f"{contender.label}{f' on {contender.on}' if contender.on else ''}"
        print(f"{numbers.count(tuning.options.configs, 'config')} of {name} that its search chooses, {on_seeds}")


class _Search:
    """The trials of one search.

    Args:
        trial: makes a trial of a setting.
        configs: number of trials.
        settings: those known at the start, by number: all of a design, or those of earlier sweeps.
        tpe: chooses further settings by their scores.

    Attributes:
        trials: by number; at most `configs` of them.
    """

    def __init__(
        self, trial: Callable[[Setting], Trial], configs: int, settings: Mapping[int, Setting], tpe: "TPE | None" = None
    ) -> None:
        self._trial, self.configs, self._tpe = trial, configs, tpe
        self.trials = {number: trial(setting) for number, setting in islice(settings.items(), configs)}

    def first(self) -> Trial:
        """The first trial, which is created where there is none."""
        return next(iter(self.trials.values())) if self.trials else self.trials[self.ask()]

    def ask(self) -> int:
        """Create a trial; returns its number."""
        assert self._tpe is not None  # a design has `configs` settings
        number, setting = self._tpe.ask()
        self.trials[number] = self._trial(setting)
        return number

    def tell(self, number: int, results: Sequence[FinalValidation]) -> None:
        """Report the results of a trial; may be called more than once."""
        if self._tpe is not None:
            self._tpe.tell(number, score(results).value)


@contextmanager
def _searches(tuning: Tuning, contenders: Sequence[Contender]) -> Iterator[list[_Search]]:
    """Open the search of each contender."""
    configs = tuning.options.configs
    trials = [each.trial for each in contenders]
    designs = [dict(enumerate(design)) for each in contenders if (design := tuning.design(each)) is not None]
    if designs:
        yield [_Search(trial, configs, design) for trial, design in zip(trials, designs, strict=True)]
        return
    from nnbench.tuning.tpe import tpe_samplers  # Optuna takes a quarter of a second to import

    with tpe_samplers(tuning, contenders) as samplers:
        yield [_Search(trial, configs, tpe.settings, tpe) for trial, tpe in zip(trials, samplers, strict=True)]


class _Scheduler:
    """Jobs of several searches in turns, so that none is more than one trial ahead; it reports results to the searches.

    Args:
        searches: those of all optimizers and tasks.
        known: results of runs that are reused, by identity.
    """

    def __init__(self, searches: Sequence[_Search], known: dict[str, FinalValidation]) -> None:
        self._searches, self._known = searches, known
        self._waiting: dict[str, list[tuple[_Search, int]]] = {}

    def todo(self, seeds: int) -> int:
        """Number of runs to do, with so many a trial; fewer where a setting is chosen for the second time."""
        old = {identity for search in self._searches for trial in search.trials.values() for identity in trial.identities}
        new = sum((search.configs - len(search.trials)) * seeds for search in self._searches)
        return len(old - self._known.keys()) + new

    def jobs(self) -> Iterator[Job]:
        """Yield the runs of all trials; a new trial is created only when its first run is needed."""
        turns = deque((search, iter(list(search.trials))) for search in self._searches)
        places = count()
        while turns:
            search, old = turns.popleft()
            number = next(old, None)
            if number is None:
                if len(search.trials) >= search.configs:
                    continue
                number = search.ask()
            turns.append((search, old))
            for job in search.trials[number].jobs:
                identity = job.config.identity
                if identity in self._known:
                    continue
                is_running = identity in self._waiting
                self._waiting.setdefault(identity, []).append((search, number))
                if not is_running:
                    yield replace(job, number=next(places))
            self._report(search, number)

    def record(self, event: Ended) -> None:
        """Keep the result of a run. A failed one is not reported to its search: the next sweep runs it again."""
        identity = event.job.config.identity
        waiting = self._waiting.pop(identity, [])
        if isinstance(event.outcome, Result):
            self._known[identity] = result_in_history(event.outcome.history, event.job.config.report.rank_by)
        for search, number in waiting:
            self._report(search, number)

    def _report(self, search: _Search, number: int) -> None:
        """Report a trial to its search once the results of all of its runs are known."""
        identities = search.trials[number].identities
        if self._known.keys() >= set(identities):
            search.tell(number, [self._known[identity] for identity in identities])
