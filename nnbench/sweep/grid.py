"""From the words after `-m` to the list of jobs: the product of the axes, times each chosen option's own grid.

Hydra composes a config in some 50 ms; a sweep needs that only once for each set of group choices. The values are then
put into copies, and every job is checked before the first one starts. Where putting them could differ from what Hydra
does, such as for an axis of mappings, each job is composed by Hydra.
"""

import copy
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from nnbench.config.schema import flatten
from nnbench.config.validate import TUNING_ONLY, parse, unknown_key
from nnbench.core.errors import UserError
from nnbench.sweep.job import Job
from nnbench.sweep.overrides import GRIDS, Axis, Words, as_text, axis_of, check_number, size, sort_words


def expand(loader: ConfigLoader, master: DictConfig, arguments: Iterable[str]) -> list[Job]:
    """All jobs of a sweep, in order, the first axis slowest; an axis that holds a value twice makes equal jobs.

    Args:
        loader: Hydra's, which knows the groups.
        master: the composed config of the sweep itself; its `hydra.sweeper.params` are axes by default.
        arguments: the overrides of the command line.

    Raises:
        UserError: a job would not compose, or its values are out of range; nothing has been started.
        HydraException: likewise, in Hydra's words.
    """
    words = sort_words(loader, master.hydra.sweeper.get("params") or {}, arguments)
    for key in sorted(words.keys):
        if key.partition(".")[0] in TUNING_ONLY:
            raise UserError(f"{key}: is for a sweeper that tunes; take experiment=tuned or hydra/sweeper=tpe")
    cases = [_case(loader, master, words, choice) for choice in itertools.product(*(axis.words for axis in words.choices))]
    total = sum(size(case.axes) for case in cases)
    check_number(total)
    jobs: list[Job] = []
    refusals: list[str] = []
    for case in cases:
        refusals += [_misfit(axis, case, cases) for axis in case.unknown]
        points = itertools.product(*(zip(axis.words, axis.values, strict=True) for axis in case.axes))
        for point in () if case.unknown else points:
            overrides = words.ordered([*case.overrides, *(word for word, _ in point)])
            try:
                config = parse(case.at(value for _, value in point) if case.plain else composed(loader, master, overrides))
            except UserError as error:
                refusals.append(str(error))
                continue
            jobs.append(Job(number=len(jobs), overrides=tuple(overrides), config=config))
    if refusals:
        raise UserError(_refusal(refusals, total))
    return jobs


@dataclass(frozen=True, kw_only=True)
class _Case:
    """A set of choices of groups, composed.

    Attributes:
        choice: the words that choose.
        overrides: that compose it, these words among them.
        tree: the config as plain data.
        axes: over values.
        unknown: those of them whose key these choices do not have.
        plain: the axes' values can be put into copies of the tree.
        fill_in: something in the tree or on an axis is an interpolation.
    """

    choice: tuple[str, ...]
    overrides: list[str]
    tree: dict[str, Any]
    axes: list[Axis]
    unknown: list[Axis]
    plain: bool
    fill_in: bool

    def at(self, values: Iterable[Any]) -> dict[str, Any]:
        """The config with these values on the axes."""
        tree = put(self.tree, {axis.key: value for axis, value in zip(self.axes, values, strict=True)})
        return _resolved(tree) if self.fill_in else tree


def _case(loader: ConfigLoader, master: DictConfig, words: Words, choice: tuple[str, ...]) -> _Case:
    overrides = words.ordered([*words.fixed, *choice])
    config = loader.load_sweep_config(master, overrides)
    tree = _plain(config)
    axes = [*words.values, *_own_grids(loader, config, words)]
    return _Case(
        choice=choice,
        overrides=overrides,
        tree=tree,
        axes=axes,
        unknown=[axis for axis in axes if not axis.sign and _node(tree, axis.key) is _NOWHERE],
        plain=_apart([*words.settings, *(axis.key for axis in axes)]) and all(_can_be_put(axis, tree) for axis in axes),
        fill_in=any(_interpolates(value) for value in [tree, *(axis.values for axis in axes)]),
    )


_NOWHERE = object()


def _node(tree: Mapping[str, Any], key: str) -> Any:
    """What is at a dotted key; `_NOWHERE` where there is nothing. A list's items have numbers."""
    node: Any = tree
    for part in key.split("."):
        if isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        elif isinstance(node, Mapping) and part in node:
            node = node[part]
        else:
            return _NOWHERE
    return node


def _can_be_put(axis: Axis, tree: Mapping[str, Any]) -> bool:
    """Whether each value simply takes its place in a mapping: no mapping is merged, nothing is refused by its sign."""
    section, _, _ = axis.key.rpartition(".")
    there = _node(tree, axis.key)
    if not isinstance(_node(tree, section) if section else tree, Mapping) or isinstance(there, Mapping):
        return False
    return (axis.sign != "+" or there is _NOWHERE) and not any(isinstance(value, Mapping) for value in axis.values)


def _apart(keys: list[str]) -> bool:
    """Whether no key is another one or lies within another one, so that their order does not matter."""
    sorted_keys = sorted(f"{key}." for key in keys)
    return not any(later.startswith(earlier) for earlier, later in itertools.pairwise(sorted_keys))


def _interpolates(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_interpolates, value.values()))
    return any(map(_interpolates, value)) if isinstance(value, list) else isinstance(value, str) and "${" in value


def _own_grids(loader: ConfigLoader, config: DictConfig, words: Words) -> Iterator[Axis]:
    """The axes that belong to the options chosen here, such as `grids.optimizer.sgd.momentum`."""
    declared = config.get("grids")
    if not isinstance(declared, DictConfig):
        raise UserError(f"grids={declared}: must be {GRIDS}GROUP.OPTION.KEY, such as {GRIDS}optimizer.sgd.momentum=0,0.9")
    grids = dict(flatten(OmegaConf.to_container(declared, resolve=True)))  # type: ignore[arg-type]
    grids.update(words.grids)
    parser = OverridesParser.create(config_loader=loader)
    for path, values in grids.items():
        group, _, rest = path.partition(".")
        option, _, key = rest.partition(".")
        if not key:
            raise UserError(f"{GRIDS}{path}: must be {GRIDS}GROUP.OPTION.KEY, such as {GRIDS}optimizer.sgd.momentum=0,0.9")
        options = loader.get_group_options(group)
        if option not in options:
            raise UserError(f"{GRIDS}{path}: no such option; {group} knows {', '.join(options) or 'none'}")
        if config.hydra.runtime.choices.get(group) != option or f"{group}.{key}" in words.keys:
            continue
        word = f"{group}.{key}={as_text(values)}"
        override = parser.parse_override(word)
        if override.is_sweep_override():
            yield axis_of(override, parser)
        else:
            yield Axis(key=f"{group}.{key}", words=[word], values=[override.value()])


def _plain(config: DictConfig) -> dict[str, Any]:
    """A config without Hydra's own part, as plain data, its interpolations as they are written."""
    own = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    return OmegaConf.to_container(own)  # type: ignore[return-value]


def _resolved(tree: dict[str, Any]) -> dict[str, Any]:
    return OmegaConf.to_container(OmegaConf.create(tree), resolve=True)  # type: ignore[return-value]


def _misfit(axis: Axis, case: _Case, cases: Iterable[_Case]) -> str:
    """The line for an axis whose key the choices of `case` do not have, though those of others may."""
    group, _, last = axis.key.rpartition(".")
    line = unknown_key(axis.key, case.tree)
    if not (chosen := [word for word in case.choice if word.startswith(f"{group}=")]):
        return line
    owners = dict.fromkeys(
        word for each in cases if axis not in each.unknown for word in each.choice if word.startswith(f"{group}=")
    )
    if not owners:
        return f"{line}, with {chosen[0]}"
    values = ",".join(word.partition("=")[2] for word in axis.words)
    alone = " ".join(f"{GRIDS}{group}.{owner.partition('=')[2]}.{last}={values}" for owner in owners)
    return f"{axis.key}: no such key with {chosen[0]}; for those alone that have it, give {alone}"


def _refusal(refusals: list[str], total: int) -> str:
    distinct = list(dict.fromkeys(refusals))
    more = f" (and {len(distinct) - 1} more)" if len(distinct) > 1 else ""
    return f"{distinct[0]}{more}; none of the {total} jobs was started"


def put(tree: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a config, as plain data, with the values under some dotted keys changed."""
    changed = copy.deepcopy(dict(tree))
    for key, value in changes.items():
        *path, last = key.split(".")
        node = changed
        for part in path:
            node = node[part]
        node[last] = value
    return changed


def composed(loader: ConfigLoader, master: DictConfig, words: list[str]) -> dict[str, Any]:
    """The config that these words compose, as `plain_tree` has it."""
    return plain_tree(loader.load_sweep_config(master, words))


def plain_tree(config: DictConfig) -> dict[str, Any]:
    """A config without Hydra's own part, as plain data, its interpolations filled in."""
    tree = _plain(config)
    return _resolved(tree) if _interpolates(tree) else tree


def compose(loader: ConfigLoader, master: DictConfig, words: list[str], number: int = 0) -> Job:
    """One job from its words alone, the slow way, for sweepers that know nothing of `expand`."""
    return Job(number=number, overrides=tuple(words), config=parse(composed(loader, master, words)))
