"""Symbols of the formulas of optimizers, and what they mean."""

import re
from collections.abc import Sequence
from dataclasses import fields

from nnbench.optimizers.base import Optimizer

# Name of a hyperparameter -> its symbol in TeX.
HYPERPARAMETERS = {
    "learning_rate": r"\eta",
    "decay": r"\delta",
    "momentum": r"\mu",
    "rho": r"\rho",
    "beta_1": r"\beta_1",
    "beta_2": r"\beta_2",
    "beta_3": r"\beta_3",
    "epsilon": r"\epsilon",
    "weight_decay": r"\lambda",
    "momentum_decay": r"\psi",
    "threshold": r"\tau",
    "alpha": r"\alpha",
    "gamma": r"\gamma",
    "warmup_steps": "T",
    "d_coefficient": r"\kappa",
}
# Symbols that mean the same in every formula.
COMMON = {
    "w": "parameters",
    "g": "gradient of the loss at w",
    "W": "weight matrix",
    "G": "gradient of the loss at W",
    "t": "number of the step, from 1",
    r"\eta_t": "learning rate of step t, divided by 1 + δ (t − 1) if the rule has a decay δ",
}
_TOKEN = re.compile(r"\\[A-Za-z]+(?:_(?:\{[^}]*\}|\w))?|[A-Za-z](?:_(?:\{[^}]*\}|\w))?")


def hyperparameters(optimizer: Optimizer, formula: Sequence[str]) -> tuple[tuple[str, str, str], ...]:
    """Return name, symbol and value of each hyperparameter that a formula names; of the learning rate without a value."""
    used = tokens(formula)
    found = []
    for one in fields(optimizer):
        symbol = HYPERPARAMETERS.get(one.name)
        if one.name == "learning_rate" and formula:
            found.append((one.name, r"\eta_t", ""))
        elif symbol in used:
            value = getattr(optimizer, one.name)
            found.append((one.name, str(symbol), f"{value:g}" if isinstance(value, int | float) else str(value)))
    return tuple(found)


def tokens(formula: Sequence[str]) -> set[str]:
    """Return the symbols in a formula: letters and Greek letters with their indices, without exponents, words and accents."""
    plain = " ".join(formula)
    plain = re.sub(r"\\mathrm\{[^}]*\}|\\(?:leftarrow|sqrt|max|min|hat|approx|langle|rangle|Vert)", " ", plain)
    return set(_TOKEN.findall(plain))
