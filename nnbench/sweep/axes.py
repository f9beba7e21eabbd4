"""From the words after `-m` to the list of jobs: the product of the axes, times each chosen option's own grid.

Hydra composes a config in some 50 ms; a sweep needs that only once for each set of group choices. The values are then
put into copies, and every job is checked before the first one starts.
"""

import copy
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, RangeSweep
from omegaconf import DictConfig, OmegaConf

from nnbench.config import Config, flatten
from nnbench.errors import UserError
from nnbench.job import Job
from nnbench.validation import SWEEP_ONLY, TUNING_ONLY, parse, unknown_key

GRIDS = "grids."
MOST = 100_000  # runs of a sweep: more are a slip of the finger, and listing them would fill the memory
ONE = (*Config.AROUND, *SWEEP_ONLY, "sweep", "experiment")  # is one for the whole of a sweep


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A key and the values it takes, each as its command-line word and as the value that the word means.

    Attributes:
        adds: the key may be new, as a `+` before it says.
    """

    key: str
    words: list[str]
    values: list[Any]
    adds: bool = False


@dataclass(frozen=True, kw_only=True)
class Words:
    """The overrides of a sweep, sorted by what they do."""

    fixed: list[str]
    choices: list[Axis]
    values: list[Axis]
    grids: dict[str, Any]

    @property
    def keys(self) -> set[str]:
        """Keys that the user set, which therefore win over a grid."""
        fixed = {word.lstrip("+~").partition("=")[0] for word in self.fixed}
        return fixed | {axis.key for axis in [*self.choices, *self.values]}


def expand(loader: ConfigLoader, master: DictConfig, arguments: Iterable[str]) -> list[Job]:
    """All jobs of a sweep, in order, the first axis slowest; an axis that holds a value twice makes equal jobs.

    Args:
        loader: Hydra's, which knows the groups.
        master: the composed config of the sweep itself; its `hydra.sweeper.params` are axes by default.
        arguments: the overrides of the command line.

    Raises:
        UserError: a job would not compose, or its values are out of range; nothing has been started.
    """
    words = sort_words(loader, master.hydra.sweeper.get("params") or {}, arguments)
    for key in sorted(words.keys):
        if key.partition(".")[0] in TUNING_ONLY:
            raise UserError(f"{key}: is for a sweeper that tunes; take experiment=tuned or hydra/sweeper=tpe")
    cases = [_case(loader, master, words, choice) for choice in itertools.product(*(axis.words for axis in words.choices))]
    total = sum(_size(case.axes) for case in cases)
    check_number(total)
    jobs: list[Job] = []
    refusals: list[str] = []
    for case in cases:
        refusals += case.misfits
        points = itertools.product(*(zip(axis.words, axis.values, strict=True) for axis in case.axes))
        for point in () if case.misfits else points:
            candidate = copy.deepcopy(case.tree)
            for axis, (_, value) in zip(case.axes, point, strict=True):
                _put(candidate, axis.key, value)
            try:
                config = parse(_resolve(candidate) if case.fill_in else candidate)
            except UserError as error:
                refusals.append(str(error))
                continue
            overrides = (*case.overrides, *(word for word, _ in point))
            jobs.append(Job(number=len(jobs), overrides=overrides, config=config))
    if refusals:
        raise UserError(_refusal(refusals, total))
    return jobs


def sort_words(loader: ConfigLoader, params: Mapping[Any, Any], arguments: Iterable[str]) -> Words:
    """Sort the overrides into fixed ones, axes over group choices, axes over values, and grids of single options."""
    parser = OverridesParser.create(config_loader=loader)
    given = list(arguments)
    grids = {
        word.lstrip("+").partition("=")[0].removeprefix(GRIDS): word.partition("=")[2]
        for word in given
        if word.lstrip("+").startswith(GRIDS)
    }
    every = parser.parse_overrides([word for word in given if not word.lstrip("+").startswith(GRIDS)])
    on_line = [override.key_or_group for override in every]
    if on_line.count("experiment") > 1:
        raise UserError("experiment: is given twice; must be one at a time")
    parsed = {(override.is_delete(), override.get_key_element()): override for override in every}.values()  # the last wins
    defaults = parser.parse_overrides([f"{key}={value}" for key, value in params.items() if key not in on_line])
    words = Words(fixed=[], choices=[], values=[], grids=grids)
    for override in [*defaults, *parsed]:
        if not override.is_sweep_override():
            words.fixed.append(override.input_line or "")
        elif loader.get_group_options(override.key_or_group):
            words.choices.append(_axis(override))
        else:
            words.values.append(_axis(override))
    check_number(_size([*words.choices, *words.values]))
    if "optimizer" in (axis.key for axis in words.choices) and (own := words.keys & {"optimizer.name", "optimizer.algorithm"}):
        raise UserError(
            f"{min(own)}: would be that of every optimizer of the sweep; give yours a file, conf/optimizer/NAME.yaml in a "
            "folder of your own, and take it with --config-dir conf optimizer=NAME,..."
        )
    return words


def check_number(runs: int) -> None:
    """Refuse a sweep of too many runs.

    Raises:
        UserError: there would be more than `MOST`.
    """
    if runs > MOST:
        raise UserError(f"{runs:,} runs: a sweep must have at most {MOST:,}")


def _size(axes: Sequence[Axis]) -> int:
    return math.prod(len(axis.words) for axis in axes)


@dataclass(frozen=True, kw_only=True)
class _Case:
    """A set of choices of groups, composed.

    Attributes:
        overrides: that compose it.
        tree: the config as plain data.
        fill_in: something in that is an interpolation.
        axes: over values.
        misfits: a line for each axis that these choices do not know.
    """

    overrides: list[str]
    tree: dict[str, Any]
    fill_in: bool
    axes: list[Axis]
    misfits: list[str]


def _case(loader: ConfigLoader, master: DictConfig, words: Words, choice: tuple[str, ...]) -> _Case:
    overrides = [*words.fixed, *choice]
    composed = loader.load_sweep_config(master, overrides)
    tree, fill_in = _plain(composed)
    axes = [*words.values, *_own_grids(loader, composed, words)]
    known = dict(flatten(tree))
    misfits = [_misfit(axis, choice, tree) for axis in axes if not (axis.adds or axis.key in known)]
    return _Case(overrides=overrides, tree=tree, fill_in=fill_in, axes=axes, misfits=misfits)


def _axis(override: Override) -> Axis:
    """An axis as it was written, unless that makes no list of values that may vary within a sweep."""
    key, line, given = override.get_key_element(), override.input_line, override.value()
    if key.lstrip("+").partition(".")[0] in ONE:
        raise UserError(f"{line}: must be one at a time; start a sweep for each")
    if not override.is_discrete_sweep():
        raise UserError(f"{line}: must be a list of values; an interval needs a sweeper that samples")
    if isinstance(given, RangeSweep):
        start, stop, step = (float(end) for end in (given.start or 0, given.stop or 0, given.step))
        if not step:
            raise UserError(f"{line}: must have a step other than 0")
        if not (stop - start) / step <= MOST:  # which is not a number where an end is none
            raise UserError(f"{line}: must hold at most {MOST:,} values")
    values = list(override.sweep_iterator())
    if not values:
        raise UserError(f"{line}: holds no value")
    words = [f"{key}={word}" for word in override.sweep_string_iterator()]
    return Axis(key=key.lstrip("+"), words=words, values=values, adds=key.startswith("+"))


def _own_grids(loader: ConfigLoader, composed: DictConfig, words: Words) -> Iterator[Axis]:
    """The axes that belong to the options chosen here, such as `grids.optimizer.sgd.momentum`."""
    declared = composed.get("grids")
    if not isinstance(declared, DictConfig):
        raise UserError(f"grids={declared}: must be {GRIDS}GROUP.OPTION.KEY, such as {GRIDS}optimizer.sgd.momentum=0,0.9")
    grids = dict(flatten(OmegaConf.to_container(declared, resolve=True)))  # type: ignore[arg-type]
    grids.update(words.grids)
    parser = OverridesParser.create(config_loader=loader)
    for path, text in grids.items():
        group, _, rest = path.partition(".")
        option, _, key = rest.partition(".")
        if not key:
            raise UserError(f"{GRIDS}{path}: must be {GRIDS}GROUP.OPTION.KEY, such as {GRIDS}optimizer.sgd.momentum=0,0.9")
        options = loader.get_group_options(group)
        if option not in options:
            raise UserError(f"{GRIDS}{path}: no such option; {group} knows {', '.join(options) or 'none'}")
        if composed.hydra.runtime.choices.get(group) != option or f"{group}.{key}" in words.keys:
            continue
        text = ",".join(map(str, text)) if isinstance(text, list) else text
        override = parser.parse_override(f"{group}.{key}={text}")
        if override.is_sweep_override():
            yield _axis(override)
        else:
            yield Axis(key=f"{group}.{key}", words=[f"{group}.{key}={text}"], values=[override.value()])


def _plain(composed: DictConfig) -> tuple[dict[str, Any], bool]:
    """The config without Hydra's own part, as plain data, and whether anything in it is an interpolation."""
    own = OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])
    tree: dict[str, Any] = OmegaConf.to_container(own)  # type: ignore[assignment]
    return tree, any(isinstance(value, str) and "${" in value for _, value in flatten(tree))


def _resolve(tree: dict[str, Any]) -> dict[str, Any]:
    return OmegaConf.to_container(OmegaConf.create(tree), resolve=True)  # type: ignore[return-value]


def _put(tree: dict[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    for part in path:
        tree = tree.setdefault(part, {})
    tree[last] = value


def _misfit(axis: Axis, choice: tuple[str, ...], tree: Mapping[str, Any]) -> str:
    """The line for an axis that these choices do not know, though others may."""
    line, (section, _, last) = unknown_key(axis.key, tree), axis.key.rpartition(".")
    if not (chosen := [word for word in choice if axis.key.startswith(word.partition("=")[0] + ".")]):
        return line
    return f"{line}, with {chosen[0]}; an axis for one option alone is {GRIDS}{section}.OPTION.{last}=..."


def _refusal(refusals: list[str], total: int) -> str:
    distinct = list(dict.fromkeys(refusals))
    more = f" (and {len(distinct) - 1} more)" if len(distinct) > 1 else ""
    return f"{distinct[0]}{more}; none of the {total} jobs was started"


def compose(loader: ConfigLoader, master: DictConfig, words: list[str], number: int = 0) -> Job:
    """One job from its words alone, the slow way, for sweepers that know nothing of `expand`."""
    tree, fill_in = _plain(loader.load_sweep_config(master, words))
    return Job(number=number, overrides=tuple(words), config=parse(_resolve(tree) if fill_in else tree))
