"""Overrides of a sweep, classified: fixed ones, axes over groups, axes over values, and grids of single options."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Glob, Override, RangeSweep, Sweep, Transformer
from omegaconf import OmegaConf

from nnbench.config.axis_syntax import ZIP, expand_geom
from nnbench.config.validate import SWEEP_ONLY
from nnbench.core.errors import UserError
from nnbench.core.keys import LABEL, NOT_NUMBERS, PROBLEM, SUBJECT, TASK

GRIDS = "grids."
MOST = 100_000  # runs of a sweep: more are probably a typing error, and a list of them would fill the memory
NO_AXIS = (*NOT_NUMBERS, *SWEEP_ONLY, "sweep", "experiment")  # keys with one value for a whole sweep


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A key and its values, each both as an override and as the value that Hydra parses from it.

    Attributes:
        key: without its sign.
        sign: prefix of the key: `+` for a key that must be new, `++` for one that may exist, else empty.
        overrides: one for each value, such as `seed=0`.
        values: as Hydra sets them in a config.
    """

    key: str
    sign: str = ""
    overrides: list[str]
    values: list[Any]


@dataclass(frozen=True, kw_only=True)
class SweepOverrides:
    """The overrides of a sweep by kind.

    Attributes:
        fixed: those that are the same for every job.
        fixed_keys: keys of the fixed overrides that set a value, without those that choose an option of a group.
        choices: axes over options of groups.
        values: axes over values.
        grids: axes of single options, as text, by path.
        order: the position of each key, with its sign, on the command line.
    """

    fixed: list[str] = field(default_factory=list)
    fixed_keys: list[str] = field(default_factory=list)
    choices: list[Axis] = field(default_factory=list)
    values: list[Axis] = field(default_factory=list)
    grids: dict[str, Any] = field(default_factory=dict)
    order: dict[str, int] = field(default_factory=dict)

    @property
    def keys(self) -> set[str]:
        """Keys that the user set, which take precedence over a grid."""
        fixed = {override.lstrip("+~").partition("=")[0] for override in self.fixed}
        return fixed | {axis.key for axis in [*self.choices, *self.values]}

    def with_fixed(self, except_for: Collection[str]) -> "SweepOverrides":
        """Return a copy in which axes with one value are fixed overrides, except those of the keys in `except_for`."""
        single = [axis for axis in self.values if len(axis.overrides) == 1 and axis.key not in except_for]
        return replace(
            self,
            fixed=[*self.fixed, *(axis.overrides[0] for axis in single)],
            fixed_keys=[*self.fixed_keys, *(axis.key for axis in single)],
            values=[axis for axis in self.values if axis not in single],
        )

    def with_setting(self, setting: Sequence[Override], is_group: Callable[[str], object]) -> "SweepOverrides":
        """Return a copy with the overrides of a setting of a zipped axis.

        Args:
            setting: its overrides.
            is_group: whether a key is that of a group.
        """
        keys = [override.key_or_group for override in setting if not is_group(override.key_or_group)]
        lines = [override.input_line or "" for override in setting]
        return replace(self, fixed=[*self.fixed, *lines], fixed_keys=[*self.fixed_keys, *keys])

    def ordered(self, overrides: Iterable[str]) -> list[str]:
        """Sort overrides into the order of the command line, in which Hydra applies them; those of grids come last."""
        return sorted(overrides, key=lambda override: self.order.get(override.partition("=")[0], len(self.order)))


def classify_overrides(loader: ConfigLoader, params: Mapping[Any, Any], arguments: Iterable[str]) -> SweepOverrides:
    """Classify the overrides of a sweep.

    Args:
        loader: Hydra's config loader, which lists the options of the groups.
        params: `hydra.sweeper.params`, default axes; a list is an axis too.
        arguments: the overrides of the command line.

    Raises:
        UserError: an axis has no list of values, or its key cannot be varied; or the runs of a problem would have another
            dataset.
    """
    parser = OverridesParser.create(config_loader=loader)
    given = list(arguments)
    grids = {
        text.lstrip("+").partition("=")[0].removeprefix(GRIDS): text.partition("=")[2]
        for text in given
        if text.lstrip("+").startswith(GRIDS)
    }
    every = parser.parse_overrides([text for text in given if not text.lstrip("+").startswith(GRIDS)])
    given_keys = [override.key_or_group for override in every]
    if given_keys.count("experiment") > 1:
        raise UserError("experiment: is given twice; must be one at a time")
    parsed = {(override.is_delete(), override.get_key_element()): override for override in every}.values()  # the last wins
    defaults = parser.parse_overrides([f"{key}={as_text(value)}" for key, value in params.items() if key not in given_keys])
    found = SweepOverrides(grids=grids)
    for position, override in enumerate([*defaults, *parsed]):
        found.order[override.get_key_element()] = position
        is_choice = bool(loader.get_group_options(override.key_or_group))
        if not override.is_sweep_override():
            found.fixed.append(override.input_line or "")
            found.fixed_keys.extend([] if is_choice else [override.key_or_group])
        elif is_choice:
            found.choices.append(axis_of(override, parser))
        else:
            found.values.append(axis_of(override, parser))
    check_number(size([*found.choices, *found.values]))
    group = SUBJECT.name
    if group in (axis.key for axis in found.choices) and (shared := found.keys & {LABEL, SUBJECT.class_key}):
        raise UserError(
            f"{min(shared)}: would be set for every {group} of the sweep; write yours to conf/{group}/NAME.yaml in a "
            f"folder, and give --config-dir conf {group}=NAME,..."
        )
    varied = {axis.key for axis in found.choices} & {PROBLEM, TASK.name}
    problems = any(override.key_or_group == PROBLEM and override.value() is not None for override in parsed)
    if varied and problems and TASK.name in given_keys:
        raise UserError(f"{TASK.name}: would replace the dataset of each {PROBLEM}; give {PROBLEM} or {TASK.name} alone")
    return found


def zipped(loader: ConfigLoader, settings: Any, given: SweepOverrides) -> list[list[Override]]:
    """Return the overrides of each setting of a zipped axis; one empty setting if there is no such axis.

    Args:
        loader: Hydra's config loader.
        settings: the config's key `zip`, a list of mappings of dotted keys, all with the same keys.
        given: the other overrides.

    Raises:
        UserError: it is no such list, or a key cannot be varied or is given elsewhere too.
    """
    if settings is None:
        return [[]]
    plain: Any = OmegaConf.to_container(settings) if OmegaConf.is_config(settings) else settings
    if not (_is_list(plain) and plain and all(isinstance(one, Mapping) and one for one in plain)):
        raise UserError(f"{ZIP}={plain}: must be a list of settings, such as [{{optimizer.learning_rate: 0.1, seed: 3}}]")
    for setting in plain:
        if {*setting} != {*plain[0]}:
            raise UserError(f"{ZIP}: {', '.join(setting)}: must have the keys of the first setting, {', '.join(plain[0])}")
    for key in plain[0]:
        if {key, str(key).partition(".")[0]} & set(NO_AXIS):
            raise UserError(f"{ZIP}: {key}: must be one at a time; start a sweep for each")
        if key in given.keys:
            raise UserError(f"{key}: is given twice, alone and in {ZIP}")
    check_number(len(plain) * size([*given.choices, *given.values]))
    parser = OverridesParser.create(config_loader=loader)
    return [parser.parse_overrides([f"{key}={as_text([value])}" for key, value in setting.items()]) for setting in plain]


def as_text(values: Any) -> str:
    """Format an axis of a YAML file, which may be a list, as on the command line."""
    if not _is_list(values):
        return "null" if values is None else expand_geom(str(values))
    return ",".join(Transformer.str(list(each) if _is_list(each) else each) for each in values)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def axis_of(override: Override, parser: OverridesParser) -> Axis:
    """Return the axis that an override declares.

    Raises:
        UserError: the override has no list of values, or its key cannot be varied.
    """
    element, line, given = override.get_key_element(), override.input_line, override.value()
    key = element.lstrip("+")
    if {key, key.partition(".")[0]} & set(NO_AXIS):
        raise UserError(f"{line}: must be one at a time; start a sweep for each")
    if not override.is_discrete_sweep():
        raise UserError(f"{line}: must be a list of values; an interval needs a sweeper that samples")
    if isinstance(given, RangeSweep):
        start, stop, step = (float(end) for end in (given.start or 0, given.stop or 0, given.step))
        if not step:
            raise UserError(f"{line}: must have a step other than 0")
        if not (stop - start) / step <= MOST:  # NaN where start or stop is
            raise UserError(f"{line}: must have at most {MOST:,} values")
    if isinstance(given, ChoiceSweep) and any(isinstance(each, Sweep) for each in given.list):
        raise UserError(f"{line}: must be one function or a list of values, not a list of functions")
    elements = _elements(override)  # once: a shuffled axis has another order each time
    if not elements:
        raise UserError(f"{line}: has no value")
    overrides = [f"{element}={Transformer.str(each)}" for each in elements]
    values = [_value(each, text, parser) for each, text in zip(elements, overrides, strict=True)]
    return Axis(key=key, sign=element[: len(element) - len(key)], overrides=overrides, values=values)


def _elements(override: Override) -> list[Any]:
    """Return the elements of an axis; of a glob also the options in a folder that it names, such as `held_out/*`.

    Hydra itself lists the options outside of folders alone.
    """
    given, loader, group = override.value(), override.config_loader, override.key_or_group
    if not isinstance(given, Glob) or loader is None:
        return list(override.sweep_iterator())
    folders = dict.fromkeys(pattern.rpartition("/")[0] for pattern in given.include)
    listed = {folder: loader.get_group_options(f"{group}/{folder}".rstrip("/"), ObjectType.CONFIG) for folder in folders}
    return given.filter([f"{folder}/{name}".lstrip("/") for folder, names in listed.items() for name in names])


def _value(element: Any, override: str, parser: OverridesParser) -> Any:
    """Return the value that Hydra parses from the override of one job; a quoted one, for example, is a string."""
    if element is None or isinstance(element, bool | int | float):
        return element
    return parser.parse_override(override).value()


def check_number(runs: int) -> None:
    """Refuse a sweep of too many runs.

    Raises:
        UserError: there would be more than `MOST`.
    """
    if runs > MOST:
        raise UserError(f"{runs:,} runs: a sweep must have at most {MOST:,}")


def size(axes: Sequence[Axis]) -> int:
    """Number of jobs in the product of the axes."""
    return math.prod(len(axis.overrides) for axis in axes)
