"""Contender of a sweep that tunes: one search of one optimizer on one task, with its space, its seeds and its runs."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.random import SeedSequence

from nnbench.config.schema import Config
from nnbench.config.validate import parse
from nnbench.core.keys import LABEL, key_of
from nnbench.records import tasks
from nnbench.records.budgets import without
from nnbench.sweep.grid import with_values
from nnbench.sweep.job import Job, Stage
from nnbench.tuning.space import Setting, Space

Key = tuple[str, str, int]


@dataclass(frozen=True, kw_only=True)
class Contender:
    """An optimizer that is tuned on one task, by one of several independent searches.

    Attributes:
        label: the optimizer's name in tables and figures.
        task: text of the task, see `nnbench.records.tasks.key`.
        on: label of the task; empty in a sweep with one task.
        search: number of the search, from 0.
        seeds: seeds on which each setting is run.
        sampler_seed: seed of the sampler.
        stage: stage of these runs; in the stage `tuning` they have no test points.
        overrides: those that compose its default setting.
        tree: its default config as plain data, from which variants are made.
        space: the space that is searched, without the keys that the command line fixes.
    """

    label: str
    task: str = ""
    on: str = ""
    search: int = 0
    seeds: Sequence[int] = ()
    sampler_seed: int = 0
    stage: Stage | None = None
    overrides: tuple[str, ...]
    tree: Mapping[str, Any]
    space: Space

    @property
    def key(self) -> Key:
        """The task, the label and the number of the search, which no other contender of the sweep has."""
        return self.task, self.label, self.search

    @property
    def default(self) -> Config:
        """The config with the setting of the optimizer's YAML file."""
        return parse(self.tree)

    def check(self, key: str, value: Any) -> Config:
        """Return the default config with the value of one key of a space changed.

        Raises:
            UserError: the config has no such key, or the value is not allowed.
        """
        return parse(with_values(self.tree, {key_of(key): value}))

    def searches(self, number: int, *, common_configs: bool = False) -> list["Contender"]:
        """Return independent searches: each with the next tuning seeds, and its own seed of the sampler.

        Args:
            number: of searches.
            common_configs: whether the searches on all tasks draw the same configs; else those of each task are its own.
        """
        task = "" if common_configs else tasks.key(without(self.default.leaves()), tuning=True)
        return [
            replace(
                self,
                search=search,
                seeds=search_seeds(self.seeds, search),
                sampler_seed=search_sampler_seed(self.sampler_seed, search, task),
            )
            for search in range(number)
        ]

    def trial(self, setting: Setting) -> "Trial":
        """A setting with its runs on the seeds of the search."""
        return Trial(setting=setting, jobs=[self.job(0, setting, seed, self.stage) for seed in self.seeds])

    def job(self, number: int, setting: Setting, seed: int, stage: Stage | None = None, label: str = "") -> Job:
        """A run with a setting. In the tuning stage it has no test points, so that they cannot influence the selection."""
        changes: dict[str, Any] = {key_of(key): value for key, value in setting.items()} | {"seed": seed}
        if label:
            changes[LABEL] = label
        if stage == "tuning":
            without_test = self.default.dataset.instance.WITHOUT_TEST
            changes |= {f"dataset.{key}": value for key, value in without_test.items()}
        overrides = [_override(key, value) for key, value in changes.items()]
        config = parse(with_values(self.tree, changes))
        return Job(number=number, overrides=(*self.overrides, *overrides), config=config, stage=stage)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A setting of an optimizer and its runs, one for each seed."""

    setting: Setting
    jobs: Sequence[Job]

    @property
    def identities(self) -> list[str]:
        """Identities of the runs."""
        return [job.config.identity for job in self.jobs]


def search_seeds(seeds: Sequence[int], search: int) -> list[int]:
    """The tuning seeds of a search: those of the first one, moved past the seeds of all searches before.

    With `[1000, 1001]` the second search has 1002 and 1003. No two searches share a seed, so that their choices are
    independent; and a search keeps its seeds, so its runs, if the number of searches grows.
    """
    return [seed + search * (max(seeds) - min(seeds) + 1) for seed in seeds]


def search_sampler_seed(seed: int, search: int, task: str = "") -> int:
    """The sampler's seed of a search on a task, derived by `SeedSequence`.

    Derived, since the sums `seed + search` of two sweeps with the seeds 0 and 1 would share all but one of their searches.
    From the task too: if all problems tried the same configs, a config that is good on most of them would favour its optimizer
    on all at once, and tests across problems take the problems as independent.

    Args:
        seed: `tuning.sampler_seed`.
        search: number of the search, from 0.
        task: text of the task without its test points and its budget; empty for a search whose configs are those of all
            tasks. Its first search has the given seed itself, as in stores of earlier editions.
    """
    if not task:
        return int(SeedSequence([seed, search]).generate_state(1)[0]) if search else seed
    digest = int.from_bytes(hashlib.sha256(task.encode()).digest()[:8])
    return int(SeedSequence([seed, search, digest]).generate_state(1)[0])


def _override(key: str, value: Any) -> str:
    """An override as on the command line; with `++`, since a hyperparameter may be missing in the YAML file."""
    if isinstance(value, str):
        value = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"++{key}='{value}'"
    return f"++{key}={json.dumps(value)}"
