"""Rule and paths of the optimizer of a run, from the run's configuration."""

import json
from collections.abc import Hashable, Mapping
from dataclasses import fields
from typing import Any

from nnbench.config.check import check
from nnbench.core.declarations import fields_without_post_init
from nnbench.core.keys import SUBJECT
from nnbench.lesson.functions import FUNCTIONS
from nnbench.lesson.paths import RATES, best_path
from nnbench.lesson.symbols import COMMON, hyperparameters, tokens
from nnbench.optimizers import Optimizer, find
from nnbench.records.demonstration import Demonstration


def demonstration(values: Mapping[str, Hashable]) -> Demonstration:
    """Return rule and paths of the optimizer that a run's values configure, such as `optimizer.algorithm`.

    Raises:
        UserError: there is no such class here, or it does not accept the values.
        Exception: raised by the class.
    """
    optimizer = _optimizer(values)
    # A subclass may change the rule of the class that it inherits a formula from.
    formula = tuple(optimizer.formula()) if "formula" in vars(type(optimizer)) else ()
    used = tokens(formula)
    return Demonstration(
        formula=formula,
        hyperparameters=hyperparameters(optimizer, formula),
        symbols=tuple((symbol, meaning) for symbol, meaning in COMMON.items() if symbol in used),
        paths=tuple(best_path(optimizer, function) for function in FUNCTIONS),
        rates=RATES,
    )


def _optimizer(values: Mapping[str, Hashable]) -> Optimizer:
    """Construct the optimizer; fields that the run does not have keep their defaults, such as those that were added later."""
    kind = find(str(values[SUBJECT.class_key]))
    given = {
        one.name: _value(one.default, value)
        for one in fields(kind)
        if one.init and _is_known(value := values.get(f"{SUBJECT.name}.{one.name}"))
    }
    checked = check(fields_without_post_init(kind), given, f"{SUBJECT.name}.")
    return kind(**{name: getattr(checked, name) for name in given})


def _is_known(value: Hashable) -> bool:
    return value is not None and value == value  # not NaN, which a table has where another run has a value


def _value(default: Any, value: Any) -> Any:
    """Restore the type that a table of runs has changed: whole numbers become floats, and all but numbers is text."""
    if isinstance(default, str):
        return value
    if isinstance(value, str):
        return json.loads(value)
    return int(value) if isinstance(default, int) and float(value).is_integer() else value
