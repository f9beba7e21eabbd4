"""What to call a run's setting: its optimizer, with what varies in its study but the seed."""

import hashlib
from collections.abc import Hashable, Mapping, Sequence

Params = Mapping[str, Hashable]

# What cannot change a run's numbers, or is said elsewhere.
AROUND = ("study", "seed", "resume", "fail_fast", "dry_run", "optimizer.name", "tracking.", "report.")
LONGEST = 160  # characters of a setting's name
SHORT = {"learning_rate": "lr"}


def settings(
    optimizers: Sequence[str], params: Sequence[Params], always: Sequence[str] = ()
) -> list[tuple[str, tuple[object, ...]]]:
    """A setting for each run, such as `adam lr=0.05 dataset.noise=0.1`, and a key that sorts settings as people do.

    Args:
        optimizers: the label of each run's optimizer.
        params: its parameters by dotted name, numbers as numbers; those that are None are not told.
        always: names of parameters that are told whether or not they vary.
    """
    seen: dict[str, dict[str, set[Hashable]]] = {}
    for optimizer, values in zip(optimizers, params, strict=True):
        for key, value in values.items():
            seen.setdefault(optimizer, {}).setdefault(key, set()).add(value)
    told = {optimizer: _told(values, always) for optimizer, values in seen.items()}
    return [
        _setting(optimizer, {key: values[key] for key in told.get(optimizer, ()) if values.get(key) is not None})
        for optimizer, values in zip(optimizers, params, strict=True)
    ]


def _told(values: Mapping[str, set[Hashable]], always: Sequence[str]) -> list[str]:
    """The keys whose values vary, the optimizer's own first."""
    varying = [key for key, found in values.items() if (len(found) > 1 or key in always) and not key.startswith(AROUND)]
    return sorted(varying, key=lambda key: not key.startswith("optimizer."))


def _setting(optimizer: str, values: Params) -> tuple[str, tuple[object, ...]]:
    words = [f"{_short(key)}={_text(value)}" for key, value in values.items()]
    order = [(isinstance(value, str), value) for value in values.values()]
    name = " ".join([optimizer, *words])
    if len(name) > LONGEST:  # what nobody could read, but still one setting and not another
        name = f"{name[:LONGEST]}…{hashlib.sha256(name.encode()).hexdigest()[:6]}"
    return name, (optimizer, *order)


def _short(key: str) -> str:
    section, _, name = key.rpartition(".")
    return SHORT.get(name, name) if section == "optimizer" else key


def _text(value: Hashable) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value).replace(" ", "")
