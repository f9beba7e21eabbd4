"""Names to classes: a file in a package is a choice, so adding an optimizer or a dataset is adding one file."""

import os
import pkgutil
import sys
import warnings
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TypeVar

import numpy as np

from nnbench.core.declarations import declaration_error
from nnbench.core.errors import UserError
from nnbench.core.signals import asks_to_end
from nnbench.core.user_code import describe_error, exits_raised, user_code_location

Base = TypeVar("Base")


def known(package: str) -> tuple[str, ...]:
    """The names of the choices in `package`, sorted, without importing any of them."""
    spec = find_spec(package)
    path = spec.submodule_search_locations if spec is not None else None
    return tuple(sorted(module.name for module in pkgutil.iter_modules(path) if module.name != "base"))


def find(base: type[Base], package: str, name: str, key: str) -> type[Base]:
    """The subclass of `base` that `name` stands for.

    Args:
        base: what the class must be.
        package: where the files of the known choices are.
        name: a file there (`adam`), or the import path of somebody's own class (`package.module:Class`).
        key: the configuration key that `name` came from, for the message.

    Raises:
        UserError: the name is unknown, or its import path leads nowhere or to something that cannot be used.
    """
    if name in known(package):
        return _sound(_only(base, import_module(f"{package}.{name}")), base, f"{key}={name}")
    path, colon, attribute = name.partition(":")
    if not colon:
        raise UserError(f"{key}={name}: unknown; known are {', '.join(known(package))}, or package.module:Class")
    if (here := os.getcwd()) not in sys.path:
        sys.path.append(here)  # as `python -m` has it; a console script has not
    try:
        # What a module sets as it is imported, NumPy's errors and the filters of warnings, would hold for all that follows.
        with np.errstate(), warnings.catch_warnings(), exits_raised():
            found = getattr(import_module(path), attribute)
    except BaseException as error:  # whatever the user's own module raises while it is imported, `sys.exit` too
        if asks_to_end(error):
            raise
        place = f" ({where})" if (where := user_code_location(error)) else ""
        raise UserError(f"{key}={name}: cannot be imported: {describe_error(error)}{place}") from error
    if not (isinstance(found, type) and issubclass(found, base)):
        raise UserError(f"{key}={name}: is not a subclass of {base.__module__}.{base.__name__}")
    return _sound(found, base, f"{key}={name}")


def _sound(found: type[Base], base: type[Base], given: str) -> type[Base]:
    """The class, if all of its settings are fields.

    Raises:
        UserError: one is not, and would be recorded nowhere.
    """
    if (wrong := declaration_error(found, base)) is not None:
        raise UserError(f"{given}: {wrong}")
    return found


def _only(base: type[Base], module: ModuleType) -> type[Base]:
    """The one subclass of `base` that `module` defines."""
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, base) and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise TypeError(f"{module.__name__} must define one {base.__name__}, and defines {len(found)}")
    return found[0]
