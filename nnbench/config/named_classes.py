"""Options of config groups that are named by a class: `optimizer=torch.AdamW`, `optimizer=my_package.lion:Lion`.

Such an option has no YAML file. Its values are the defaults of the class's fields, and its search space is derived from them.
"""

import dataclasses
import re
from typing import Any

from nnbench import optimizers
from nnbench.core.keys import SUBJECT

SPACE = "space"
# `package.module.Class`, the class with a capital letter, or `package.module:Class`
_PATTERN = re.compile(r"[A-Za-z_]\w*(\.\w+)*(\.(?=[A-Z])|:)\w+", re.ASCII)
# Name of a hyperparameter -> its axis of a search space; the learning rate's depends on the default.
_AXES = {
    "momentum": {"kind": "linear", "low": 0.0, "high": 0.98},
    "beta_1": {"kind": "linear", "low": 0.5, "high": 0.98},
    "weight_decay": {"kind": "log", "low": 1e-4, "high": 1.0},
}
FACTOR = 100.0  # by which the space of a learning rate extends to either side of the default


def is_named_class(option: str) -> bool:
    """Whether the name of an option names a class."""
    return re.fullmatch(_PATTERN, option) is not None


def split_option(path: str) -> tuple[str, str]:
    """Split `torch.AdamW.learning_rate`, or `sgd.learning_rate`, into the option and the key."""
    named = re.match(r"[A-Za-z_]\w*(\.\w+)*?(\.(?=[A-Z])|:)\w+(?=\.)", path, re.ASCII)
    option = named[0] if named else path.partition(".")[0]
    return option, path[len(option) + 1 :]


def import_path(option: str) -> str:
    """Return the import path, `package.module:Class`, of the class that an option names; `torch.NAME` is in torch.optim."""
    if ":" in option:
        return option
    module, _, name = option.rpartition(".")
    return f"{'torch.optim' if module == 'torch' else module}:{name}"


def option(group: str, name: str) -> dict[str, Any] | None:
    """Return the values of the option `name` of the group `optimizer`, or its search space; None if there is none.

    Raises:
        UserError: the class does not exist, or is no optimizer.
    """
    kind = optimizers.find(path := import_path(name))
    if group == SPACE:
        return _space(kind)
    own = {"name": name.rpartition(":")[2], SUBJECT.class_field: path}
    return own | {one.name: _default(one) for one in dataclasses.fields(kind) if one.init and _has_default(one)}


def _space(kind: type[Any]) -> dict[str, Any] | None:
    defaults = {one.name: _default(one) for one in dataclasses.fields(kind) if one.init and _has_default(one)}
    axes = {}
    for name, value in defaults.items():
        if name.endswith("learning_rate") and isinstance(value, float) and value > 0:
            axes[name] = {"kind": "log", "low": float(f"{value / FACTOR:.4g}"), "high": float(f"{value * FACTOR:.4g}")}
    # Weight decay is an axis only where the rule has it by default: elsewhere it is an option.
    axes |= {name: axis for name, axis in _AXES.items() if name in defaults and (name != "weight_decay" or defaults[name])}
    return axes or None


def _has_default(one: "dataclasses.Field[Any]") -> bool:
    return one.default is not dataclasses.MISSING or one.default_factory is not dataclasses.MISSING


def _default(one: "dataclasses.Field[Any]") -> Any:
    return one.default if one.default_factory is dataclasses.MISSING else one.default_factory()
