"""From the words after `-m` to the list of jobs: the product of the axes, times each chosen option's own grid.

Hydra composes a config in some 50 ms; a sweep needs that only once for each set of group choices. The values are then
put into copies, and every job is checked before the first one starts.
"""

import copy
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from nnbench.config import flatten
from nnbench.errors import UserError
from nnbench.job import Job
from nnbench.validation import parse, unknown_key

GRIDS = "grids."


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
    """All jobs of a sweep, in order, the first axis slowest; of two that would be equal, the first.

    Args:
        loader: Hydra's, which knows the groups.
        master: the composed config of the sweep itself; its `hydra.sweeper.params` are axes by default.
        arguments: the overrides of the command line.

    Raises:
        UserError: a job would not compose, or its values are out of range; nothing has been started.
    """
    words = sort_words(loader, master.hydra.sweeper.get("params") or {}, arguments)
    jobs: dict[str, Job] = {}
    refusals: list[str] = []
    total = 0
    for choice in itertools.product(*(axis.words for axis in words.choices)):
        overrides = [*words.fixed, *choice]
        composed = loader.load_sweep_config(master, overrides)
        tree, fill_in = _plain(composed)
        axes = [*words.values, *_own_grids(loader, composed, words)]
        known = dict(flatten(tree))
        misfits = [_misfit(axis, choice, known) for axis in axes if not (axis.adds or axis.key in known)]
        refusals += misfits
        for point in itertools.product(*(zip(axis.words, axis.values, strict=True) for axis in axes)):
            total += 1
            if misfits:
                continue
            candidate = copy.deepcopy(tree)
            for axis, (_, value) in zip(axes, point, strict=True):
                _put(candidate, axis.key, value)
            try:
                config = parse(_resolve(candidate) if fill_in else candidate)
            except UserError as error:
                refusals.append(str(error))
                continue
            job = Job(number=len(jobs), overrides=(*overrides, *(word for word, _ in point)), config=config)
            jobs.setdefault(config.identity, job)
    if refusals:
        raise UserError(_refusal(refusals, total))
    return list(jobs.values())


def sort_words(loader: ConfigLoader, params: Mapping[Any, Any], arguments: Iterable[str]) -> Words:
    """Sort the overrides into fixed ones, axes over group choices, axes over values, and grids of single options."""
    parser = OverridesParser.create(config_loader=loader)
    given = list(arguments)
    grids = {
        word.lstrip("+").partition("=")[0].removeprefix(GRIDS): word.partition("=")[2]
        for word in given
        if word.lstrip("+").startswith(GRIDS)
    }
    parsed = parser.parse_overrides([word for word in given if not word.lstrip("+").startswith(GRIDS)])
    on_line = {override.key_or_group for override in parsed}
    defaults = parser.parse_overrides([f"{key}={value}" for key, value in params.items() if key not in on_line])
    words = Words(fixed=[], choices=[], values=[], grids=grids)
    for override in [*defaults, *parsed]:
        if not override.is_sweep_override():
            words.fixed.append(override.input_line or "")
        elif loader.get_group_options(override.key_or_group):
            words.choices.append(_axis(override))
        else:
            words.values.append(_axis(override))
    for axis in [*words.choices, *words.values]:
        if axis.key in ("experiment", "study"):
            raise UserError(f"{axis.key}: must be one at a time; start a sweep for each")
    return words


def _axis(override: Override) -> Axis:
    if not override.is_discrete_sweep():
        raise UserError(f"{override.input_line}: must be a list of values; an interval needs a sweeper that samples")
    key = override.get_key_element()
    values = list(override.sweep_iterator())
    words = list(override.sweep_string_iterator())
    words = [f"{key}={word}" for word in words]
    return Axis(key=key.lstrip("+"), words=words, values=values, adds=key.startswith("+"))


def _own_grids(loader: ConfigLoader, composed: DictConfig, words: Words) -> Iterator[Axis]:
    """The axes that belong to the options chosen here, such as `grids.optimizer.sgd.momentum`."""
    grids = dict(flatten(OmegaConf.to_container(composed.get("grids") or OmegaConf.create({}), resolve=True)))  # type: ignore[arg-type]
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


def _misfit(axis: Axis, choice: tuple[str, ...], known: Mapping[str, Any]) -> str:
    """The line for an axis that these choices do not know, though others may."""
    section, _, last = axis.key.rpartition(".")
    siblings = [key for key in known if key.rpartition(".")[0] == section]
    line = unknown_key(axis.key, siblings or known)
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
