"""Jobs of a grid sweep: the product of the axes, times the grids of each chosen option.

Hydra takes some 50 ms to compose a config, so it composes one for each set of group choices. The values of the axes are
set in copies of that, and every job is validated before the first one starts. Where setting a value could differ from
what Hydra does, as for an axis of mappings, Hydra composes each job.
"""

import copy
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from nnbench.config.axis_syntax import ZIP
from nnbench.config.check import unknown_key
from nnbench.config.effects import refuse_without_effect
from nnbench.config.named_classes import is_named_class, split_option
from nnbench.config.schema import flatten
from nnbench.config.validate import TUNING_ONLY, parse
from nnbench.core.errors import UserError
from nnbench.sweep.job import Job
from nnbench.sweep.overrides import (
    GRIDS,
    Axis,
    SweepOverrides,
    as_text,
    axis_of,
    check_number,
    classify_overrides,
    size,
    zipped,
)


def expand(loader: ConfigLoader, master: DictConfig, arguments: Iterable[str]) -> list[Job]:
    """List all jobs of a sweep, the first axis varying slowest; a repeated value of an axis gives equal jobs.

    Args:
        loader: Hydra's config loader, which lists the options of the groups.
        master: the composed config of the sweep itself; its `hydra.sweeper.params` are default axes.
        arguments: the overrides of the command line.

    Raises:
        UserError: a job cannot be composed, or a value is out of its range; no job has been started.
        HydraException: the same, detected by Hydra.
    """
    given = classify_overrides(loader, master.hydra.sweeper.get("params") or {}, arguments)
    for key in sorted(given.keys):
        if key.partition(".")[0] in TUNING_ONLY:
            raise UserError(f"{key}: is for a sweeper that tunes; give experiment=tuned or hydra/sweeper=tpe")
    options = list(itertools.product(*(axis.overrides for axis in given.choices)))
    cases = [
        _case(loader, master, given.with_setting(setting, loader.get_group_options), choice)
        for setting in zipped(loader, master.get(ZIP), given)
        for choice in options
    ]
    total = sum(size(case.axes) for case in cases)
    check_number(total)
    jobs: list[Job] = []
    refusals: list[str] = []
    for case in cases:
        refusals += [_unknown_axis(axis, case, cases) for axis in case.unknown]
        points = itertools.product(*(zip(axis.overrides, axis.values, strict=True) for axis in case.axes))
        for point in () if case.unknown else points:
            overrides = given.ordered([*case.overrides, *(override for override, _ in point)])
            try:
                config = parse(case.at(value for _, value in point) if case.settable else composed(loader, master, overrides))
            except UserError as error:
                refusals.append(str(error))
                continue
            jobs.append(Job(number=len(jobs), overrides=tuple(overrides), config=config))
    if refusals:
        raise UserError(_refusal(refusals, total))
    refuse_without_effect((job.config, job.overrides) for job in jobs)
    return jobs


@dataclass(frozen=True, kw_only=True)
class _Case:
    """The config of one choice of an option for each group axis.

    Attributes:
        choice: the overrides that choose the options.
        overrides: all that compose the config, including `choice`.
        tree: the config as plain data.
        axes: over values.
        unknown: the axes whose key is not in the config.
        settable: the axes' values can be set in copies of the tree.
        interpolated: the tree or an axis holds an interpolation.
    """

    choice: tuple[str, ...]
    overrides: list[str]
    tree: dict[str, Any]
    axes: list[Axis]
    unknown: list[Axis]
    settable: bool
    interpolated: bool

    def at(self, values: Iterable[Any]) -> dict[str, Any]:
        """The config with one value for each axis."""
        tree = with_values(self.tree, {axis.key: value for axis, value in zip(self.axes, values, strict=True)})
        return _resolved(tree) if self.interpolated else tree


def _case(loader: ConfigLoader, master: DictConfig, given: SweepOverrides, choice: tuple[str, ...]) -> _Case:
    overrides = given.ordered([*given.fixed, *choice])
    config = loader.load_sweep_config(master, overrides)
    tree = _plain(config)
    axes = [*given.values, *_option_grids(loader, config, given)]
    return _Case(
        choice=choice,
        overrides=overrides,
        tree=tree,
        axes=axes,
        unknown=[axis for axis in axes if not axis.sign and _node(tree, axis.key) is _MISSING],
        settable=_disjoint([*given.fixed_keys, *(axis.key for axis in axes)])
        and all(_is_settable(axis, tree) for axis in axes),
        interpolated=any(_interpolates(value) for value in [tree, *(axis.values for axis in axes)]),
    )


_MISSING = object()


def _node(tree: Mapping[str, Any], key: str) -> Any:
    """Return the value at a dotted key, `_MISSING` if there is none. The items of a list have their indices as keys."""
    node: Any = tree
    for part in key.split("."):
        if isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        elif isinstance(node, Mapping) and part in node:
            node = node[part]
        else:
            return _MISSING
    return node


def _is_settable(axis: Axis, tree: Mapping[str, Any]) -> bool:
    """Whether assigning each value gives what Hydra would: no mapping is merged, and the sign refuses nothing."""
    section, _, _ = axis.key.rpartition(".")
    present = _node(tree, axis.key)
    if not isinstance(_node(tree, section) if section else tree, Mapping) or isinstance(present, Mapping):
        return False
    return (axis.sign != "+" or present is _MISSING) and not any(isinstance(value, Mapping) for value in axis.values)


def _disjoint(keys: list[str]) -> bool:
    """Whether no key equals another or is below another, so that the order of assignment does not matter."""
    sorted_keys = sorted(f"{key}." for key in keys)
    return not any(later.startswith(earlier) for earlier, later in itertools.pairwise(sorted_keys))


def _interpolates(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_interpolates, value.values()))
    return any(map(_interpolates, value)) if isinstance(value, list) else isinstance(value, str) and "${" in value


def _option_grids(loader: ConfigLoader, config: DictConfig, given: SweepOverrides) -> Iterator[Axis]:
    """Yield the axes that apply to the chosen options only, such as `grids.optimizer.sgd.momentum`."""
    declared = config.get("grids")
    if not isinstance(declared, DictConfig):
        raise UserError(f"grids={declared}: must be {GRIDS}GROUP.OPTION.KEY, such as {GRIDS}optimizer.sgd.momentum=0,0.9")
    grids = dict(flatten(OmegaConf.to_container(declared, resolve=True)))  # type: ignore[arg-type]
    grids.update(given.grids)
    parser = OverridesParser.create(config_loader=loader)
    for path, values in grids.items():
        group, _, rest = path.partition(".")
        option, key = split_option(rest)
        if not key:
            raise UserError(f"{GRIDS}{path}: must be {GRIDS}GROUP.OPTION.KEY, such as {GRIDS}optimizer.sgd.momentum=0,0.9")
        options = loader.get_group_options(group)
        if option not in options and not is_named_class(option):
            raise UserError(f"{GRIDS}{path}: no such option; {group} has {', '.join(options) or 'none'}")
        if config.hydra.runtime.choices.get(group) != option or f"{group}.{key}" in given.keys:
            continue
        text = f"{group}.{key}={as_text(values)}"
        override = parser.parse_override(text)
        if override.is_sweep_override():
            yield axis_of(override, parser)
        else:
            yield Axis(key=f"{group}.{key}", overrides=[text], values=[override.value()])


def _plain(config: DictConfig) -> dict[str, Any]:
    """Return a config without its `hydra` section, as plain data with unresolved interpolations."""
    project = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    return OmegaConf.to_container(project)  # type: ignore[return-value]


def _resolved(tree: dict[str, Any]) -> dict[str, Any]:
    return OmegaConf.to_container(OmegaConf.create(tree), resolve=True)  # type: ignore[return-value]


def _unknown_axis(axis: Axis, case: _Case, cases: Iterable[_Case]) -> str:
    """Return the message about an axis whose key is not in the config of `case`, but may be in that of another case."""
    group, _, last = axis.key.rpartition(".")
    message = unknown_key(axis.key, case.tree)
    if not (chosen := [text for text in case.choice if text.startswith(f"{group}=")]):
        return message
    owners = dict.fromkeys(
        text for each in cases if axis not in each.unknown for text in each.choice if text.startswith(f"{group}=")
    )
    if not owners:
        return f"{message}, with {chosen[0]}"
    values = ",".join(override.partition("=")[2] for override in axis.overrides)
    single = " ".join(f"{GRIDS}{group}.{owner.partition('=')[2]}.{last}={values}" for owner in owners)
    return f"{axis.key}: no such key with {chosen[0]}; to vary it where it exists, give {single}"


def _refusal(refusals: list[str], total: int) -> str:
    distinct = list(dict.fromkeys(refusals))
    more = f" (and {len(distinct) - 1} more)" if len(distinct) > 1 else ""
    return f"{distinct[0]}{more}; none of the {total} jobs was started"


def with_values(tree: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a deep copy of a config, as plain data, with the values at some dotted keys replaced."""
    changed = copy.deepcopy(dict(tree))
    for key, value in changes.items():
        *path, last = key.split(".")
        node = changed
        for part in path:
            node = node[part]
        node[last] = value
    return changed


def composed(loader: ConfigLoader, master: DictConfig, overrides: list[str]) -> dict[str, Any]:
    """Compose a config from overrides, in the form of `plain_tree`."""
    return plain_tree(loader.load_sweep_config(master, overrides))


def plain_tree(config: DictConfig) -> dict[str, Any]:
    """Return a config without its `hydra` section, as plain data with resolved interpolations."""
    tree = _plain(config)
    return _resolved(tree) if _interpolates(tree) else tree


def compose(loader: ConfigLoader, master: DictConfig, overrides: list[str], number: int = 0) -> Job:
    """Compose one job from its overrides, for sweepers that do not use `expand`, which is faster."""
    return Job(number=number, overrides=tuple(overrides), config=parse(composed(loader, master, overrides)))
