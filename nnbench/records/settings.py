"""Names of settings: the optimizer's label and the values that vary within the study.

Two runs have the same setting if their configurations differ in nothing but the seed and what cannot change a run's numbers.
"""

import hashlib
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence

from nnbench.core.keys import is_of_subject, is_part_of_setting, short_name

Params = Mapping[str, Hashable]

MAX_LENGTH = 160  # characters of a setting's name


def configuration(params: Mapping[str, str]) -> str:
    """Return a digest of the parameters of a run that are part of its setting."""
    return hashlib.sha256(repr(sorted(item for item in params.items() if is_part_of_setting(item[0]))).encode()).hexdigest()


def settings(
    optimizers: Sequence[str],
    params: Sequence[Params],
    always: Sequence[str] = (),
    configurations: Sequence[str] | None = None,
) -> list[tuple[str, tuple[object, ...]]]:
    """Name the setting of each run, such as `adam lr=0.05 network.hidden=[64]`.

    Args:
        optimizers: the label of each run's optimizer.
        params: of each run, the parameters by dotted key, numbers as numbers; those that are None are not shown.
        always: keys of parameters that are shown even if they do not vary.
        configurations: of each run, a text that is equal for runs of one setting only; a digest of the parameters by default.

    Returns:
        For each run the name of its setting, and a key that sorts settings: by the optimizer, then by the values shown.
    """
    if configurations is None:
        configurations = [configuration({key: repr(value) for key, value in values.items()}) for values in params]
    # Runs of one configuration differ at most in what cannot change their numbers, so the first one names the setting.
    found: dict[tuple[str, str], Params] = {}
    for optimizer, values, of in zip(optimizers, params, configurations, strict=True):
        found.setdefault((optimizer, of), values)
    distinct: dict[str, dict[str, set[object]]] = {}
    for (optimizer, _), values in found.items():
        for key, value in values.items():
            distinct.setdefault(optimizer, {}).setdefault(key, set()).add((type(value), value))
    shown = {optimizer: _shown_keys(values, always) for optimizer, values in distinct.items()}
    named = {
        setting: _name(setting[0], {key: values[key] for key in shown.get(setting[0], ()) if values.get(key) is not None})
        for setting, values in found.items()
    }
    uses = Counter(name for name, _ in named.values())
    for setting, (name, order) in named.items():
        if uses[name] > 1:  # different values with the same text, such as the number 1 and the text "1"
            named[setting] = f"{name} #{hashlib.sha256(setting[1].encode()).hexdigest()[:12]}", (*order, (True, setting[1]))
    return [named[setting] for setting in zip(optimizers, configurations, strict=True)]


def _shown_keys(values: Mapping[str, set[object]], always: Sequence[str]) -> list[str]:
    """Return the keys whose values vary, those of the optimizer first."""
    varying = [key for key, found in values.items() if (len(found) > 1 or key in always) and is_part_of_setting(key)]
    return sorted(varying, key=lambda key: not is_of_subject(key))


def _name(optimizer: str, values: Params) -> tuple[str, tuple[object, ...]]:
    words = [f"{short_name(key)}={_text(value)}" for key, value in values.items()]
    order = [(isinstance(value, str), value) for value in values.values()]
    name = " ".join([optimizer, *words])
    if len(name) > MAX_LENGTH:  # shortened, and still different from the names of other settings
        name = f"{name[:MAX_LENGTH]}…{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    return name, (optimizer, *order)


def _text(value: Hashable) -> str:
    if isinstance(value, float):
        short = f"{value:.12g}"
        return short if float(short) == value else repr(value)
    return str(value).replace(" ", "")
