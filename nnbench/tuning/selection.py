"""Parts shared by the sweepers that tune: the optimizers and their spaces, the jobs of a setting, and its selection."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig
from rich.console import Console
from rich.markup import escape

from nnbench.config.schema import Config, TuningConfig
from nnbench.config.validate import check, parse
from nnbench.core import formatting as numbers
from nnbench.core.errors import UserError
from nnbench.core.keys import LABEL, key_of
from nnbench.records.history import History
from nnbench.records.kinds import KINDS, SCORES, kind_of, score_curve
from nnbench.records.ranking import Score, Seen, score, seen
from nnbench.sweep.grid import plain_tree, with_values
from nnbench.sweep.job import Job, Stage
from nnbench.sweep.overrides import check_number, classify_overrides
from nnbench.tuning import budget
from nnbench.tuning import space as spaces
from nnbench.tuning.effect import NEGLIGIBLE, effect
from nnbench.tuning.samplers import sample
from nnbench.tuning.space import Range, Setting, Side, Space, edges, widened

if TYPE_CHECKING:
    from nnbench.records.rows import Row


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
    if key is not None and not dataset.values[key]:
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


def result_in_store(row: "Row | None") -> Seen:
    """Final validation score and loss of a run in the store; None where it has none or diverged."""
    if row is None:
        return None
    metrics = row.metrics
    score, _ = SCORES[kind_of(metrics)]
    return seen(row.tags.get("nnbench.outcome"), metrics.get(f"final/val_{score}"), metrics.get("final/val_loss"))


def result_in_history(history: History) -> Seen:
    """Final validation score and loss of a run that has just ended; None where it diverged."""
    if history.outcome == "diverged":
        return None  # without rows, perhaps
    return seen(history.outcome, float(score_curve(history, "val")[-1]), float(history.val_loss[-1]))


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The best of the settings of an optimizer that were tried.

    Attributes:
        contender: the optimizer, with the space that the setting comes from.
        setting: the best one.
        score: its score.
        edges: the axes on whose edge it lies and beyond which the optimizer behaves differently.
        tried: number of settings that were tried.
    """

    contender: Contender
    setting: Setting
    score: Score
    edges: Mapping[str, Side]
    tried: int

    def print(self, console: Console, name: str, seeds: int, hint: str) -> None:
        """Print the setting and its score, and a warning with `hint` for each edge of the space that it lies on."""
        if self.score.lost == seeds:
            console.print(f"[yellow]{escape(name)}[/yellow]: no run of any of its configs finished", soft_wrap=True)
            return
        lost = f", {self.score.lost} of them lost" if self.score.lost else ""
        _, measure = SCORES[KINDS[self.contender.default.dataset.instance.loss]]
        judged = f"validation {measure} {self.score.accuracy:.3f} over {numbers.count(seeds, 'seed')}{lost}"
        console.print(f"{escape(f'{name}: {as_text(self.setting)}')}; {judged}", soft_wrap=True)
        for key, side in self.edges.items():
            where = escape(f"{self.contender.label} {key}={self.setting[key]:g}")
            console.print(f"[yellow]on the edge[/yellow] {where} is the {side}est that was tried: {hint}", soft_wrap=True)


def choose(contender: Contender, trials: Sequence[Trial], runs: Mapping[str, "Row"]) -> Chosen:
    """Choose the setting with the best score, by the runs in the store; among equals the first.

    Args:
        contender: the optimizer.
        trials: all that were run.
        runs: the FINISHED runs by identity.
    """
    scores = [score([result_in_store(runs.get(identity)) for identity in trial.identities]) for trial in trials]
    best = min(range(len(trials)), key=scores.__getitem__)
    setting = trials[best].setting
    return Chosen(
        contender=contender,
        setting=setting,
        score=scores[best],
        edges=_effective_edges(contender, setting, edges(contender.space, setting, contender.check)),
        tried=len(trials),
    )


def _effective_edges(contender: Contender, setting: Setting, sides: Mapping[str, Side]) -> dict[str, Side]:
    """The edges beyond which the optimizer behaves differently, as `effect` measures at the bound of the widened space.

    An edge of a key outside the optimizer's section always counts.
    """
    if not sides:
        return {}
    config = contender.default
    rule = type(config.optimizer.instance)
    values = {key: setting.get(key, value) for key, value in config.optimizer.values.items()}
    wider, training = widened(contender.space, sides, contender.check), config.training
    found: dict[str, Side] = {}
    for key, side in sides.items():
        axis = wider[key]
        assert isinstance(axis, Range)  # a choice has no edge
        if key not in values:
            found[key] = side
            continue
        beyond = {**values, key: axis.low if side == "low" else axis.high}
        change = effect(rule, values, beyond, training.epochs - 1, training.iterations_per)
        if change > NEGLIGIBLE:
            found[key] = side
    return found


def as_text(setting: Setting) -> str:
    """A setting as `key=value` pairs."""
    return " ".join(f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}" for key, value in setting.items())


def _override(key: str, value: Any) -> str:
    """An override as on the command line; with `++`, since a hyperparameter may be missing in the YAML file."""
    if isinstance(value, str):
        value = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"++{key}='{value}'"
    return f"++{key}={json.dumps(value)}"
