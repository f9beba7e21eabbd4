"""Request of a sweep that tunes: the contenders, which are searches of optimizers on tasks, and the final seeds."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig

from nnbench.config.axis_syntax import ZIP
from nnbench.config.check import check
from nnbench.config.effects import refuse_axes_without_effect, refuse_without_effect
from nnbench.config.schema import Config
from nnbench.config.sections import TuningConfig
from nnbench.config.text_values import as_text
from nnbench.config.validate import parse
from nnbench.core.constraints import MINIMUM_SEARCHES
from nnbench.core.errors import UserError
from nnbench.core.keys import LABEL, PROBLEM, SUBJECT, TASK, is_part_of_task, key_of
from nnbench.records import tasks
from nnbench.sweep.grid import plain_tree
from nnbench.sweep.job import Stage
from nnbench.sweep.overrides import Axis, SweepOverrides, check_number, classify_overrides
from nnbench.tuning import budget
from nnbench.tuning import space as spaces
from nnbench.tuning.contender import Contender
from nnbench.tuning.samplers import sample
from nnbench.tuning.space import Setting

SEED = "seed"


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """The request of a sweep that tunes.

    Attributes:
        contenders: task by task, in the order of the command line; the searches of an optimizer on a task follow each other.
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

    @property
    def first_searches(self) -> list[Contender]:
        """The first search of each optimizer on each task."""
        return [contender for contender in self.contenders if contender.search == 0]

    def design(self, contender: Contender) -> list[Setting] | None:
        """The settings of a search that are known before the first run; None where each depends on earlier results.

        Raises:
            UserError: the space does not hold as many.
        """
        options = self.options
        if options.sampler == "tpe":
            return None
        return sample(contender.space, options.sampler, options.configs, contender.sampler_seed)

    @property
    def params(self) -> dict[str, str]:
        """The request as parameters of the sweep's own run."""
        declared = {budget.parameter(one.label, one.task): budget.to_json(one.space) for one in self.first_searches}
        options = {f"tuning.{key}": str(value) for key, value in vars(self.options).items()}
        return {**options, "extend": str(self.extend), "seeds": str(list(self.seeds)), **declared}


def read(loader: ConfigLoader, master: DictConfig, arguments: Iterable[str], stage: Stage | None) -> Tuning:
    """Read the request of a sweep that tunes; the arguments are those of `grid.expand`.

    Args:
        stage: of the runs of a search: `tuning`, on the seeds of `tuning.seeds`; None for a search on those of `seed`.

    Raises:
        UserError: an override is not allowed; nothing has been started.
    """
    given = classify_overrides(loader, master.hydra.sweeper.get("params") or {}, arguments).with_fixed(
        except_for=(SUBJECT.name, SEED)
    )
    if grids := [*given.grids, *master.get("grids", {})]:
        raise UserError(f"grids.{grids[0]}: a sweeper that tunes searches the spaces of conf/space, not grids")
    if master.get(ZIP) is not None:
        raise UserError(f"{ZIP}: a sweeper that tunes searches the spaces of conf/space, not settings")
    seeds = next((axis.values for axis in given.values if axis.key == SEED), None)
    composed = [[_compose(loader, master, line, given.keys) for line in lines] for lines in _lines(given)]
    on_tasks = list({each[0].task: each for each in composed}.values())
    first = on_tasks[0][0]
    for label, times in Counter(contender.label for contender in on_tasks[0]).items():
        if times > 1:
            raise UserError(f"{LABEL}={label}: must differ between the optimizers that are tuned")
    if not isinstance(first.tree["extend"], bool):
        raise UserError(f"extend={first.tree['extend']}: must be true or false")
    options, final = check(TuningConfig, first.tree["tuning"], "tuning."), first.default.seed
    final_seeds = list(dict.fromkeys([final] if seeds is None else seeds))
    if len(set(options.seeds)) < len(options.seeds):
        raise UserError(f"tuning.seeds={options.seeds}: must all be different")
    if 1 < options.searches < MINIMUM_SEARCHES:
        reason = "fewer do not show how much searches differ"
        raise UserError(f"tuning.searches={options.searches}: must be 1, or {MINIMUM_SEARCHES} or more: {reason}")
    labels = tasks.labels([_task(contenders[0].default) for contenders in on_tasks])
    several = len(on_tasks) > 1
    contenders = [
        search
        for label, contenders in zip(labels, on_tasks, strict=True)
        for contender in contenders
        for search in replace(
            contender,
            on=label if several else "",
            stage=stage,
            seeds=options.seeds if stage == "tuning" else final_seeds,
            sampler_seed=options.sampler_seed,
        ).searches(options.searches, common_configs=options.common_configs)
    ]
    tuning = Tuning(contenders=contenders, seeds=final_seeds, options=options, extend=first.tree["extend"])
    check_number(len(contenders) * options.configs * len(contenders[0].seeds))
    check_number(len(contenders) * len(final_seeds))
    refuse_without_effect((contender.default, contender.overrides) for contender in tuning.first_searches)
    for contender in tuning.first_searches:
        _check(contender, final_seeds)
    return tuning


def _check(contender: Contender, seeds: Sequence[int]) -> None:
    config = contender.default
    refuse_axes_without_effect(config, map(key_of, contender.space))
    dataset, by_training = config.dataset, config.report.rank_by == "train_loss"
    key = dataset.instance.VALIDATION
    if key is not None and not dataset.values[key] and not by_training:
        on = f" of {contender.on}" if contender.on else ""
        raise UserError(f"dataset.{key}=0{on}: must be greater, since settings are chosen on the validation points")
    for seed in seeds:
        contender.job(0, {}, seed)  # raises for a value that is no seed


def _lines(given: SweepOverrides) -> Iterator[list[list[str]]]:
    """Yield for each task the overrides that compose each optimizer on it."""
    on_task: list[Axis] = []
    for axis in [*given.choices, *given.values]:
        if axis.key == TASK.name or is_part_of_task(axis.key):
            on_task.append(axis)
        elif axis.key not in (SUBJECT.name, SEED):
            lists = f"{SUBJECT.name}, {SEED}, {PROBLEM}, {TASK.name} and the keys of {TASK.name}"
            raise UserError(f"{axis.key}: must be one value; a sweeper that tunes takes lists of {lists} alone")
    chosen = next((axis.overrides for axis in given.choices if axis.key == SUBJECT.name), None)
    optimizers: list[list[str]] = [[]] if chosen is None else [[one] for one in chosen]
    for task in product(*(axis.overrides for axis in on_task)):
        yield [given.ordered([*given.fixed, *task, *optimizer]) for optimizer in optimizers]


def _task(config: Config) -> dict[str, Any]:
    """The leaves of a config that are part of its task, as `tasks.labels` takes them."""
    return {
        key: as_text(value) if isinstance(value, list) else value
        for key, value in config.leaves().items()
        if value is not None
    }


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
    contender = Contender(
        label=default.optimizer.name, task=tasks.key(default.leaves()), overrides=tuple(overrides), tree=tree, space={}
    )
    declared = spaces.read(tree.get("space"), contender.check)
    free = {key: axis for key, axis in declared.items() if key_of(key) not in fixed}
    if not free:
        raise UserError(f"space={chosen}: the command line fixes all of {', '.join(declared)}; nothing is left to tune")
    return replace(contender, space=free)
