"""Request of a sweep that tunes: the optimizers with their spaces, the seeds, and the runs of a setting."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig

from nnbench.config.check import check
from nnbench.config.schema import Config
from nnbench.config.sections import TuningConfig
from nnbench.config.validate import parse
from nnbench.core.errors import UserError
from nnbench.core.keys import LABEL, key_of
from nnbench.sweep.grid import plain_tree, with_values
from nnbench.sweep.job import Job, Stage
from nnbench.sweep.overrides import check_number, classify_overrides
from nnbench.tuning import budget
from nnbench.tuning import space as spaces
from nnbench.tuning.samplers import sample
from nnbench.tuning.space import Setting, Space


@dataclass(frozen=True, kw_only=True)
class Contender:
    """An optimizer that is tuned.

    Attributes:
        label: its name in tables and figures.
        overrides: those that compose its default setting.
        tree: its default config as plain data, from which variants are made.
        space: the space that is searched, without the keys that the command line fixes.
    """

    label: str
    overrides: tuple[str, ...]
    tree: Mapping[str, Any]
    space: Space

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

    def trial(self, setting: Setting, seeds: Sequence[int], stage: Stage | None) -> "Trial":
        """A setting with its runs on some seeds."""
        return Trial(setting=setting, jobs=[self.job(0, setting, seed, stage) for seed in seeds])

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


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """The request of a sweep that tunes.

    Attributes:
        contenders: in the order of the command line.
        seeds: of the axis `seed` on the command line.
        options: the section `tuning` of the config.
        extend: widen the spaces whose best setting lies on an edge.
    """

    contenders: Sequence[Contender]
    seeds: Sequence[int]
    options: TuningConfig
    extend: bool

    @property
    def config(self) -> Config:
        """The config of the first contender: study, store and report are the same for all."""
        return self.contenders[0].default

    def design(self, contender: Contender) -> list[Setting] | None:
        """The settings of an optimizer that are known before the first run; None where each depends on earlier results.

        Raises:
            UserError: the space does not hold as many.
        """
        options = self.options
        if options.sampler == "tpe":
            return None
        return sample(contender.space, options.sampler, options.configs, options.sampler_seed)

    @property
    def params(self) -> dict[str, str]:
        """The request as parameters of the sweep's own run."""
        spaces = {budget.parameter(each.label): budget.to_json(each.space) for each in self.contenders}
        options = {f"tuning.{key}": str(value) for key, value in vars(self.options).items()}
        return {**options, "extend": str(self.extend), "seeds": str(list(self.seeds)), **spaces}


def read(loader: ConfigLoader, master: DictConfig, arguments: Iterable[str]) -> Tuning:
    """Read the request of a sweep that tunes; the arguments are those of `grid.expand`.

    Raises:
        UserError: an override is not allowed; nothing has been started.
    """
    given = classify_overrides(loader, master.hydra.sweeper.get("params") or {}, arguments).with_fixed(
        except_for=("optimizer", "seed")
    )
    for axis in [*given.choices, *given.values]:
        if axis.key not in ("optimizer", "seed"):
            raise UserError(f"{axis.key}: must be one value; a sweeper that tunes takes lists of optimizer and seed alone")
    if grids := [*given.grids, *master.get("grids", {})]:
        raise UserError(f"grids.{grids[0]}: a sweeper that tunes searches the spaces of conf/space, not grids")
    choices = next((axis.overrides for axis in given.choices), [])
    seeds = next((axis.values for axis in given.values), None)
    lines = [[*given.fixed, choice] for choice in choices] or [given.fixed]
    contenders = [_compose(loader, master, line, given.keys) for line in lines]
    tree = contenders[0].tree
    for label, times in Counter(contender.label for contender in contenders).items():
        if times > 1:
            raise UserError(f"{LABEL}={label}: must differ between the optimizers that are tuned")
    if not isinstance(tree["extend"], bool):
        raise UserError(f"extend={tree['extend']}: must be true or false")
    tuning = Tuning(
        contenders=contenders,
        seeds=list(dict.fromkeys([contenders[0].default.seed] if seeds is None else seeds)),
        options=check(TuningConfig, tree["tuning"], "tuning."),
        extend=tree["extend"],
    )
    tuning_seeds = tuning.options.seeds
    if len(set(tuning_seeds)) < len(tuning_seeds):
        raise UserError(f"tuning.seeds={tuning_seeds}: must all be different")
    check_number(len(contenders) * tuning.options.configs * max(len(tuning_seeds), len(tuning.seeds)))
    dataset = tuning.config.dataset
    key = dataset.instance.VALIDATION
    by_training = tuning.config.report.rank_by == "train_loss"
    if key is not None and not dataset.values[key] and not by_training:
        raise UserError(f"dataset.{key}=0: must be greater, since settings are chosen on the validation points")
    for contender in contenders:
        for seed in tuning.seeds:
            contender.job(0, {}, seed)  # raises for a value that is no seed
    return tuning


def _compose(loader: ConfigLoader, master: DictConfig, overrides: list[str], fixed: set[str]) -> Contender:
    composed = loader.load_sweep_config(master, overrides)
    tree = plain_tree(composed)
    default = parse(tree)
    options = ", ".join(loader.get_group_options("space"))
    chosen = composed.hydra.runtime.choices.get("space")
    if chosen is None:
        raise UserError(f"space: is missing; must be one of {options}")
    if "space" not in tree:
        raise UserError(f"space={chosen}: no such option; declare conf/space/{chosen}.yaml, or take one of {options}")
    contender = Contender(label=default.optimizer.name, overrides=tuple(overrides), tree=tree, space={})
    declared = spaces.read(tree.get("space"), contender.check)
    free = {key: axis for key, axis in declared.items() if key_of(key) not in fixed}
    if not free:
        raise UserError(f"space={chosen}: the command line fixes all of {', '.join(declared)}; nothing is left to tune")
    return replace(contender, space=free)


def _override(key: str, value: Any) -> str:
    """An override as on the command line; with `++`, since a hyperparameter may be missing in the YAML file."""
    if isinstance(value, str):
        value = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"++{key}='{value}'"
    return f"++{key}={json.dumps(value)}"
