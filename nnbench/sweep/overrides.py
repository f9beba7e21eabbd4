"""The words after `-m`, sorted by what they do: fixed overrides, axes over groups and over values, grids of one option."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override, RangeSweep, Sweep, Transformer

from nnbench.config.schema import Config
from nnbench.config.validate import SWEEP_ONLY
from nnbench.core.errors import UserError

GRIDS = "grids."
MOST = 100_000  # runs of a sweep: more are a slip of the finger, and listing them would fill the memory
ONE = (*Config.AROUND, *SWEEP_ONLY, "sweep", "experiment")  # is one for the whole of a sweep


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A key and the values it takes, each as its command-line word and as the value that the word means.

    Attributes:
        key: without its sign.
        sign: what stands before the key: `+` for one that must be new, `++` for one that may be.
        words: an override a value.
        values: as Hydra puts them into a config.
    """

    key: str
    sign: str = ""
    words: list[str]
    values: list[Any]


@dataclass(frozen=True, kw_only=True)
class Words:
    """The overrides of a sweep, sorted by what they do.

    Attributes:
        fixed: the same for every job.
        settings: the keys of those that choose no option of a group.
        choices: axes over options of groups.
        values: axes over values.
        grids: axes of one option alone, as text by their path.
        order: the place of each key, with its sign, on the command line.
    """

    fixed: list[str] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)
    choices: list[Axis] = field(default_factory=list)
    values: list[Axis] = field(default_factory=list)
    grids: dict[str, Any] = field(default_factory=dict)
    order: dict[str, int] = field(default_factory=dict)

    @property
    def keys(self) -> set[str]:
        """Keys that the user set, which therefore win over a grid."""
        fixed = {word.lstrip("+~").partition("=")[0] for word in self.fixed}
        return fixed | {axis.key for axis in [*self.choices, *self.values]}

    def with_fixed(self, except_for: Collection[str]) -> "Words":
        """The same, with the axes of one value among what is fixed."""
        single = [axis for axis in self.values if len(axis.words) == 1 and axis.key not in except_for]
        return replace(
            self,
            fixed=[*self.fixed, *(axis.words[0] for axis in single)],
            settings=[*self.settings, *(axis.key for axis in single)],
            values=[axis for axis in self.values if axis not in single],
        )

    def ordered(self, words: Iterable[str]) -> list[str]:
        """These overrides in the order of the command line, in which Hydra applies them; those of grids last."""
        return sorted(words, key=lambda word: self.order.get(word.partition("=")[0], len(self.order)))


def sort_words(loader: ConfigLoader, params: Mapping[Any, Any], arguments: Iterable[str]) -> Words:
    """Sort the overrides of a sweep.

    Args:
        loader: Hydra's, which knows the groups.
        params: `hydra.sweeper.params`, axes by default; a list is an axis, too.
        arguments: the overrides of the command line.

    Raises:
        UserError: an axis is none, or is not one that a sweep may have.
    """
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
    defaults = parser.parse_overrides([f"{key}={as_text(value)}" for key, value in params.items() if key not in on_line])
    words = Words(grids=grids)
    for place, override in enumerate([*defaults, *parsed]):
        words.order[override.get_key_element()] = place
        is_choice = bool(loader.get_group_options(override.key_or_group))
        if not override.is_sweep_override():
            words.fixed.append(override.input_line or "")
            words.settings.extend([] if is_choice else [override.key_or_group])
        elif is_choice:
            words.choices.append(axis_of(override, parser))
        else:
            words.values.append(axis_of(override, parser))
    check_number(size([*words.choices, *words.values]))
    if "optimizer" in (axis.key for axis in words.choices) and (own := words.keys & {"optimizer.name", "optimizer.algorithm"}):
        raise UserError(
            f"{min(own)}: would be that of every optimizer of the sweep; give yours a file, conf/optimizer/NAME.yaml in a "
            "folder of your own, and take it with --config-dir conf optimizer=NAME,..."
        )
    return words


def as_text(values: Any) -> str:
    """An axis from a YAML as the command line would have it: there it may be a list."""
    if not _is_list(values):
        return "null" if values is None else str(values)
    return ",".join(Transformer.str(list(each) if _is_list(each) else each) for each in values)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def axis_of(override: Override, parser: OverridesParser) -> Axis:
    """An axis as it was written, unless that makes no list of values that may vary within a sweep.

    Raises:
        UserError: it does not.
    """
    element, line, given = override.get_key_element(), override.input_line, override.value()
    key = element.lstrip("+")
    if {key, key.partition(".")[0]} & set(ONE):
        raise UserError(f"{line}: must be one at a time; start a sweep for each")
    if not override.is_discrete_sweep():
        raise UserError(f"{line}: must be a list of values; an interval needs a sweeper that samples")
    if isinstance(given, RangeSweep):
        start, stop, step = (float(end) for end in (given.start or 0, given.stop or 0, given.step))
        if not step:
            raise UserError(f"{line}: must have a step other than 0")
        if not (stop - start) / step <= MOST:  # which is not a number where an end is none
            raise UserError(f"{line}: must hold at most {MOST:,} values")
    if isinstance(given, ChoiceSweep) and any(isinstance(each, Sweep) for each in given.list):
        raise UserError(f"{line}: must be one function or a list of values, not a list of functions")
    elements = list(override.sweep_iterator())  # once: a shuffled axis has another order each time
    if not elements:
        raise UserError(f"{line}: holds no value")
    words = [f"{element}={Transformer.str(each)}" for each in elements]
    values = [_value(each, word, parser) for each, word in zip(elements, words, strict=True)]
    return Axis(key=key, sign=element[: len(element) - len(key)], words=words, values=values)


def _value(element: Any, word: str, parser: OverridesParser) -> Any:
    """What Hydra makes of the word of one job: a quoted word is text, for one."""
    if element is None or isinstance(element, bool | int | float):
        return element
    return parser.parse_override(word).value()


def check_number(runs: int) -> None:
    """Refuse a sweep of too many runs.

    Raises:
        UserError: there would be more than `MOST`.
    """
    if runs > MOST:
        raise UserError(f"{runs:,} runs: a sweep must have at most {MOST:,}")


def size(axes: Sequence[Axis]) -> int:
    """How many jobs the axes make."""
    return math.prod(len(axis.words) for axis in axes)
