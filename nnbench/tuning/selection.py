"""What the sweepers that tune have in common: who is tuned, the jobs of a setting, and what a setting is judged by."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig
from rich.console import Console
from rich.markup import escape

from nnbench import optimizers
from nnbench.config.schema import Config, TuningConfig
from nnbench.config.validate import check, parse
from nnbench.core import formatting as numbers
from nnbench.core.errors import UserError
from nnbench.records.history import History
from nnbench.records.ranking import Score, Seen, score
from nnbench.sweep.grid import plain_tree, put
from nnbench.sweep.job import Job
from nnbench.sweep.overrides import check_number, sort_words
from nnbench.tuning import budget
from nnbench.tuning import space as spaces
from nnbench.tuning.effect import NEGLIGIBLE, effect
from nnbench.tuning.space import Range, Setting, Side, Space, edges, widened

if TYPE_CHECKING:
    from nnbench.records.rows import Row

Stage = Literal["tuning", "final"]


@dataclass(frozen=True, kw_only=True)
class Contender:
    """An optimizer that is tuned.

    Attributes:
        label: its name in tables and figures.
        words: the overrides that compose its default setting.
        tree: that as plain data, of which variants are made.
        space: where its best setting is looked for; what the command line has fixed is no part of it.
    """

    label: str
    words: tuple[str, ...]
    tree: Mapping[str, Any]
    space: Space

    @property
    def default(self) -> Config:
        """With the setting of its YAML."""
        return parse(self.tree)

    def check(self, key: str, value: Any) -> Config:
        """The default with one hyperparameter changed.

        Raises:
            UserError: it has no such hyperparameter, or that may not have this value.
        """
        return parse(put(self.tree, {f"optimizer.{key}": value}))

    def job(self, number: int, setting: Setting, seed: int, stage: Stage | None = None, label: str = "") -> Job:
        """A run with this setting. In the tuning stage it has no test points, so that nothing can have looked at them."""
        changes: dict[str, Any] = {f"optimizer.{key}": value for key, value in setting.items()} | {"seed": seed}
        if label:
            changes["optimizer.name"] = label
        if stage == "tuning":
            changes["dataset.test_samples"] = 0
        if stage:
            changes["tracking.stage"] = stage
        words = [_word(key, value) for key, value in changes.items()]
        return Job(number=number, overrides=(*self.words, *words), config=parse(put(self.tree, changes)))


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """A sweep that tunes, as it was asked for.

    Attributes:
        contenders: in the order of the command line.
        seeds: of the command line's axis.
        settings: how to look for settings.
        extend: widen the spaces whose best setting lies on an edge.
    """

    contenders: Sequence[Contender]
    seeds: Sequence[int]
    settings: TuningConfig
    extend: bool

    @property
    def config(self) -> Config:
        """Any of its configs: study, store and report are the same for all."""
        return self.contenders[0].default

    @property
    def params(self) -> dict[str, str]:
        """The settings as the sweep's own run keeps them."""
        spaces = {budget.parameter(each.label): budget.noted(each.space) for each in self.contenders}
        settings = {f"tuning.{key}": str(value) for key, value in vars(self.settings).items()}
        return {**settings, "extend": str(self.extend), "seeds": str(list(self.seeds)), **spaces}


def read(loader: ConfigLoader, master: DictConfig, arguments: Iterable[str]) -> Tuning:
    """What is to be tuned, from the words after `-m`; the arguments are those of `axes.expand`.

    Raises:
        UserError: something is not as it must be; nothing has been started.
    """
    words = sort_words(loader, master.hydra.sweeper.get("params") or {}, arguments).with_fixed(
        except_for=("optimizer", "seed")
    )
    for axis in [*words.choices, *words.values]:
        if axis.key not in ("optimizer", "seed"):
            raise UserError(f"{axis.key}: must be one value; a sweeper that tunes takes lists of optimizer and seed alone")
    if grids := [*words.grids, *master.get("grids", {})]:
        raise UserError(f"grids.{grids[0]}: a sweeper that tunes looks in conf/space, not in grids")
    optimizers = next((axis.words for axis in words.choices), [])
    seeds = next((axis.values for axis in words.values), None)
    lines = [[*words.fixed, str(word)] for word in optimizers] or [words.fixed]
    contenders = [_compose(loader, master, line, words.keys) for line in lines]
    tree = contenders[0].tree
    for label, times in Counter(contender.label for contender in contenders).items():
        if times > 1:
            raise UserError(f"optimizer.name={label}: must differ between the optimizers that are tuned")
    if not isinstance(tree["extend"], bool):
        raise UserError(f"extend={tree['extend']}: must be true or false")
    tuning = Tuning(
        contenders=contenders,
        seeds=list(dict.fromkeys([contenders[0].default.seed] if seeds is None else seeds)),
        settings=check(TuningConfig, tree["tuning"], "tuning."),
        extend=tree["extend"],
    )
    tried = tuning.settings.seeds
    if len(set(tried)) < len(tried):
        raise UserError(f"tuning.seeds={tried}: must all be different")
    check_number(len(contenders) * tuning.settings.configs * max(len(tried), len(tuning.seeds)))
    if not tuning.config.dataset.options["val_samples"]:
        raise UserError("dataset.val_samples=0: must be >= 1, since settings are chosen on the validation points")
    for contender in contenders:
        for seed in tuning.seeds:
            contender.job(0, {}, seed)  # refuses what is no seed
    return tuning


def _compose(loader: ConfigLoader, master: DictConfig, words: list[str], given: set[str]) -> Contender:
    composed = loader.load_sweep_config(master, words)
    tree = plain_tree(composed)
    default = parse(tree)
    options = ", ".join(loader.get_group_options("space"))
    chosen = composed.hydra.runtime.choices.get("space")
    if chosen is None:
        raise UserError(f"space: is missing; must be one of {options}")
    if "space" not in tree:
        raise UserError(f"space={chosen}: no such option; declare conf/space/{chosen}.yaml, or take one of {options}")
    contender = Contender(label=default.optimizer.name, words=tuple(words), tree=tree, space={})
    declared = spaces.read(tree.get("space"), contender.check)
    free = {key: axis for key, axis in declared.items() if f"optimizer.{key}" not in given}
    if not free:
        raise UserError(f"space={chosen}: the command line fixes all of {', '.join(declared)}; nothing is left to tune")
    return replace(contender, space=free)


def seen_in_store(row: "Row | None") -> Seen:
    """Of a run as it stands in the store, where it does."""
    if row is None or row.tags.get("nnbench.outcome") == "diverged":
        return None
    accuracy, loss = row.metrics.get("final/val_accuracy"), row.metrics.get("final/val_loss")
    return None if accuracy is None or loss is None else (accuracy, loss)


def seen_in_history(history: History) -> Seen:
    """Of a run that has just come back."""
    if history.outcome == "diverged" or not math.isfinite(history.val_loss[-1]):
        return None
    return float(history.val_accuracy[-1]), float(history.val_loss[-1])


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The best of the settings that were tried of an optimizer.

    Attributes:
        contender: with the space that the setting comes from.
        setting: the best.
        score: of it.
        edges: the axes on whose edge it lies, of those whose value matters there.
        tried: how many there were.
    """

    contender: Contender
    setting: Setting
    score: Score
    edges: Mapping[str, Side]
    tried: int

    def tell(self, console: Console, name: str, seeds: int, hint: str) -> None:
        """Say what was chosen, and where better ones may lie beyond what was tried; `hint` says what to do then."""
        if self.score.lost == seeds:
            console.print(f"[yellow]{escape(name)}[/yellow]: no run of any of its configs came to its end", soft_wrap=True)
            return
        lost = f", {self.score.lost} of them lost" if self.score.lost else ""
        judged = f"validation accuracy {self.score.accuracy:.3f} over {numbers.count(seeds, 'seed')}{lost}"
        console.print(f"{escape(f'{name}: {told(self.setting)}')}; {judged}", soft_wrap=True)
        for key, side in self.edges.items():
            where = escape(f"{self.contender.label} {key}={self.setting[key]:g}")
            console.print(f"[yellow]on the edge[/yellow] {where} is the {side}est that was tried: {hint}", soft_wrap=True)


def choose(
    contender: Contender, settings: Sequence[Setting], seeds: Sequence[int], stage: Stage | None, runs: Mapping[str, "Row"]
) -> Chosen:
    """The best by what the store holds of the settings' runs; of equals the first.

    Args:
        contender: whose settings they are.
        settings: all that were tried in its space.
        seeds: on which each of them was.
        stage: of those runs.
        runs: the FINISHED ones by identity.
    """

    def judged(setting: Setting) -> Score:
        made = (contender.job(0, setting, seed, stage).config.identity for seed in seeds)
        return score([seen_in_store(runs.get(identity)) for identity in made])

    scores = [judged(setting) for setting in settings]
    best = min(range(len(settings)), key=scores.__getitem__)
    return Chosen(
        contender=contender,
        setting=settings[best],
        score=scores[best],
        edges=_mattering(contender, settings[best], edges(contender.space, settings[best], contender.check)),
        tried=len(settings),
    )


def _mattering(contender: Contender, setting: Setting, sides: Mapping[str, Side]) -> dict[str, Side]:
    """The edges beyond which there is something else to be found: a step further out, the optimizer behaves differently."""
    if not sides:
        return {}
    config = contender.default
    rule, values = optimizers.find(config.optimizer.algorithm), {**config.optimizer.hyperparameters, **setting}
    wider, training = widened(contender.space, sides, contender.check), config.training
    found: dict[str, Side] = {}
    for key, side in sides.items():
        axis = wider[key]
        assert isinstance(axis, Range)  # a choice has no edge
        beyond = {**values, key: axis.low if side == "low" else axis.high}
        change = effect(rule, values, beyond, training.epochs - 1, training.iterations_per)
        if change > NEGLIGIBLE:
            found[key] = side
    return found


def told(setting: Setting) -> str:
    """A setting in words."""
    return " ".join(f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}" for key, value in setting.items())


def _word(key: str, value: Any) -> str:
    """An override as the command line would have it. `++`, since what is not in a YAML may be among the fields."""
    if isinstance(value, str):
        value = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"++{key}='{value}'"
    return f"++{key}={json.dumps(value)}"
