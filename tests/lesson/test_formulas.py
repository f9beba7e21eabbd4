"""The formulas that the page `lesson` shows, executed: they give the same parameters as the class."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser

from nnbench import optimizers
from nnbench.lesson.symbols import COMMON, HYPERPARAMETERS, hyperparameters, tokens
from nnbench.optimizers.base import Optimizer
from nnbench.optimizers.nadamw import NAdamW
from nnbench.training.stepper import Stepper

MATRICES = {"muon", "soap", "lbfgs"}  # their formulas have matrices, or words
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "sgd": [
        {"momentum": momentum, "nesterov": nesterov, "rate_scales": scales}
        for momentum in (0.0, 0.9)
        for nesterov in (False, True)
        for scales in ("gradient", "velocity")
    ],
    "amsgrad": [{}, {"bias_correction": False}],
    "adopt": [{"weight_decay": 0.1}, {"clipping": False}],
    "radam": [{"weight_decay": 0.1, "beta_2": 0.9}],
    "lion": [{"weight_decay": 0.1}],
    "schedule_free_adamw": [{"weight_decay": 0.1}, {"warmup_steps": 5}],
    "prodigy": [{"d_0": 0.1, "weight_decay": 0.1}, {"d_0": 0.1, "bias_correction": True}, {"safeguard_warmup": True}],
}
CASES = [(name, values) for name in optimizers.known() if name not in MATRICES for values in VARIANTS.get(name, [{}])]
# The symbols of hyperparameters that are no names in Python's own spelling.
NAMES = {symbol.lstrip("\\"): name for name, symbol in HYPERPARAMETERS.items()}


def python(tex: str) -> str:
    """Translate a side of an equation."""
    text = re.sub(r"\\hat\{(\w)\}", r"\1_hat", tex)
    text = re.sub(r"\\mathrm\{(sign|clip)\}", r"\1", text)
    text = text.replace(r"\eta_t", "rate").replace(r"\mu_{t+1}", "momentum_after").replace(r"\mu_t", "momentum_now")
    text = re.sub(r"g_\{t-1\}", "g_before", text)
    text = re.sub(r"\\langle (.*?), (.*?)\\rangle", r"dot(\1, \2)", text)
    text = re.sub(r"\\Vert\s*(\\?\w+?)\\?_?Vert_(\d)", r"norm\2(\1)", text)
    text = re.sub(r"\\Vert\s*(\\?[a-z]+)\\Vert_(\d)", r"norm\2(\1)", text)
    text = re.sub(r"\^\{([^{}]*)\}", r"**(\1)", text)
    text = re.sub(r"\^(\w)", r"**\1", text)
    while "\\sqrt{" in text:
        text = re.sub(r"\\sqrt\{([^{}]*)\}", r"sqrt(\1)", text)
    text = re.sub(r"\[(.*?) > 0\]", r"((\1) > 0)", text)
    return text.replace(r"\lambda", "weight_decay").replace(r"\,", "*").replace("\\", "")


def environment(optimizer: Optimizer, start: np.ndarray) -> dict[str, Any]:
    """The names that the translated formulas use, before the first step."""
    values = {symbol: getattr(optimizer, name) for symbol, name in NAMES.items() if hasattr(optimizer, name)}
    zero = np.zeros_like(start)
    return {
        **dict.fromkeys("mvnsuz", zero),
        **values,
        "weight_decay": getattr(optimizer, "weight_decay", None),
        "w": start,
        "w_0": start,
        "x": start,
        "y": start,
        "z": start,
        "N": start.size,
        "P": 1.0,
        "r": 0.0,
        "d": getattr(optimizer, "d_0", None),
        "sqrt": np.sqrt,
        "sign": np.sign,
        "max": np.maximum,
        "min": min,
        "clip": lambda value, bound: np.clip(value, -bound, bound),
        "dot": np.dot,
        "norm1": lambda value: np.abs(value).sum(),
        "norm2": lambda value: np.sqrt((value * value).sum()),
    }


def step(formula: tuple[str, ...], names: dict[str, Any]) -> None:
    """Execute the equations in turn; an alternative counts where its condition holds."""
    fulfilled = False
    for line in formula:
        if line.startswith(r"\mathrm{if}\ t = 1"):
            if names["t"] == 1:
                names |= {"v": names["g"] ** 2, "w": (1 - names["rate"] * names["weight_decay"]) * names["w"]}
                return
            continue
        if condition := re.match(r"\\mathrm\{if\}\\ (.*?):", line):
            fulfilled = bool(eval(python(condition[1]), {}, names))
            if not fulfilled:
                continue
            line = line[condition.end() :]
        elif line.startswith(r"\mathrm{else}:"):
            if fulfilled:
                continue
            line = line.removeprefix(r"\mathrm{else}:")
        line = line.replace(r"\ ", " ")
        left, right = (part.strip() for part in re.split(r"\\leftarrow|=", line, maxsplit=1))
        target = python(left)
        with np.errstate(invalid="ignore"):  # of a root that is not used
            names[target] = eval(python(right).strip(), {}, names)


@pytest.mark.parametrize(("name", "values"), CASES)
def test_the_formula_gives_the_parameters_of_the_class(name: str, values: Mapping[str, Any]) -> None:
    optimizer = optimizers.find(name)(**{"learning_rate": 0.1, **values})
    formula = optimizer.formula()
    assert formula
    rng = np.random.default_rng(3)
    parameters, gradients = rng.standard_normal(5), np.zeros(5)
    names = environment(optimizer, parameters.copy())
    stepper = Stepper(optimizer, parameters, gradients)
    judged = "x" if name == "schedule_free_adamw" else "w"
    for t in range(1, 13):
        gradient = rng.standard_normal(5) * (5.0 if t % 3 else 0.1)
        names |= {"g": gradient, "t": t, "rate": 0.1 / (1 + getattr(optimizer, "decay", 0.0) * (t - 1))}
        names.setdefault("g_before", gradient)
        if isinstance(optimizer, NAdamW):
            names |= {"momentum_after": optimizer.momentum(t + 1)}
        step(formula, names)
        names["g_before"] = gradient
        gradients[:] = gradient
        stepper.step(t - 1)
        np.testing.assert_allclose(names[judged], stepper.evaluation_parameters(), rtol=1e-9, err_msg=f"step {t}")


@pytest.mark.heavy
def test_every_formula_can_be_set() -> None:
    parser = MathTextParser("path")
    every = [*CASES, *((name, {}) for name in MATRICES)]
    for line in {line for name, values in every for line in optimizers.find(name)(**values).formula()}:
        parser.parse(f"${line}$")


@pytest.mark.parametrize("name", optimizers.known())
def test_every_formula_names_what_it_depends_on(name: str) -> None:
    optimizer = optimizers.find(name)()
    formula = optimizer.formula()
    named = {symbol for _, symbol, _ in hyperparameters(optimizer, formula)}
    greek = {symbol for symbol in tokens(formula) if symbol.startswith("\\")}
    own = {r"\eta_t", r"\mu_t", r"\mu_{t+1}", r"\rho_t", r"\phi"}  # defined by the formulas themselves
    assert greek <= named | own, "each Greek letter is a hyperparameter of the class"
    assert not tokens(formula) & {r"\eta"}, "the rate is that of the step"
    assert set(COMMON) & tokens(formula)
