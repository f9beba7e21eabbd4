"""What to call a run's setting: its optimizer, with what varies in its study but the seed.

A setting is a configuration: two runs have the same one if, and only if, nothing differs between their configurations that
could change the numbers, but the seed. Its name says as much of it as tells it from the others.
"""

import hashlib
from collections.abc import Hashable, Mapping, Sequence

from nnbench.core.keys import is_of_subject, is_part_of_setting, short_name

Params = Mapping[str, Hashable]

LONGEST = 160  # characters of a setting's name


def configuration(params: Mapping[str, str]) -> str:
    """A digest of those parameters of a run that its setting consists of."""
    return hashlib.sha256(repr(sorted(item for item in params.items() if is_part_of_setting(item[0]))).encode()).hexdigest()


def settings(
    optimizers: Sequence[str],
    params: Sequence[Params],
    always: Sequence[str] = (),
    configurations: Sequence[str] | None = None,
) -> list[tuple[str, tuple[object, ...]]]:
    """A setting for each run, such as `adam lr=0.05 dataset.noise=0.1`, and a key that sorts settings as people do.

    Args:
        optimizers: the label of each run's optimizer.
        params: its parameters by dotted name, numbers as numbers; those that are None are not told.
        always: names of parameters that are told whether or not they vary.
        configurations: what is equal for runs of one setting alone; by default, a digest of the parameters.
    """
    if configurations is None:
        configurations = [configuration({key: repr(value) for key, value in values.items()}) for values in params]
    # Those that are equal differ, if at all, in what cannot change their numbers: the first tells the name.
    found: dict[tuple[str, str], Params] = {}
    for optimizer, values, of in zip(optimizers, params, configurations, strict=True):
        found.setdefault((optimizer, of), values)
    seen: dict[str, dict[str, set[object]]] = {}
    for (optimizer, _), values in found.items():
        for key, value in values.items():
            seen.setdefault(optimizer, {}).setdefault(key, set()).add((type(value), value))
    told = {optimizer: _told(values, always) for optimizer, values in seen.items()}
    named = {
        one: _setting(one[0], {key: values[key] for key in told.get(one[0], ()) if values.get(key) is not None})
        for one, values in found.items()
    }
    alike: dict[str, int] = {}
    for name, _ in named.values():
        alike[name] = alike.get(name, 0) + 1
    for one, (name, order) in named.items():
        if alike[name] > 1:  # what differs is not seen in words, as the number 1 and the text "1"
            named[one] = f"{name} #{hashlib.sha256(one[1].encode()).hexdigest()[:12]}", (*order, (True, one[1]))
    return [named[one] for one in zip(optimizers, configurations, strict=True)]


def _told(values: Mapping[str, set[object]], always: Sequence[str]) -> list[str]:
    """The keys whose values vary, the optimizer's own first."""
    varying = [key for key, found in values.items() if (len(found) > 1 or key in always) and is_part_of_setting(key)]
    return sorted(varying, key=lambda key: not is_of_subject(key))


def _setting(optimizer: str, values: Params) -> tuple[str, tuple[object, ...]]:
    words = [f"{short_name(key)}={_text(value)}" for key, value in values.items()]
    order = [(isinstance(value, str), value) for value in values.values()]
    name = " ".join([optimizer, *words])
    if len(name) > LONGEST:  # what nobody could read, but still one setting and not another
        name = f"{name[:LONGEST]}…{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    return name, (optimizer, *order)


def _text(value: Hashable) -> str:
    if isinstance(value, float):
        short = f"{value:.12g}"
        return short if float(short) == value else repr(value)
    return str(value).replace(" ", "")
