"""Transcripts of the papers' algorithms: in their order, without regard to speed.

A transcript is an infinite iterator over the parameters after each step. Its arguments are the initial parameters, a function
of the parameters and the step t = 1, 2, ... that returns the gradient, and the fields of the optimizer by name. They are the
tests' oracle, and what `scripts/benchmark.py steps` compares the optimizers with.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from inspect import signature

from nnbench.core.arrays import FloatArray
from nnbench.optimizers import Optimizer
from tests.optimizers.transcripts import adam_variants, gradient_descent, matrices, self_tuning, signs
from tests.optimizers.transcripts.base import Gradient

TRANSCRIPTS: dict[str, Callable[..., Iterator[FloatArray]]] = {
    "sgd": gradient_descent.sgd,
    "adagrad": gradient_descent.adagrad,
    "rmsprop": gradient_descent.rmsprop,
    "adam": adam_variants.adam,
    "adamw": adam_variants.adamw,
    "nadamw": adam_variants.nadamw,
    "amsgrad": adam_variants.amsgrad,
    "radam": adam_variants.radam,
    "ademamix": adam_variants.ademamix,
    "cautious_adamw": adam_variants.cautious_adamw,
    "mars": adam_variants.mars,
    "adopt": adam_variants.adopt,
    "lion": signs.lion,
    "signum": signs.signum,
    "muon": matrices.muon,
    "soap": matrices.soap,
    "schedule_free_adamw": self_tuning.schedule_free_adamw,
    "prodigy": self_tuning.prodigy,
}


def transcript(name: str, optimizer: Optimizer, weights: FloatArray, gradient: Gradient) -> Iterator[FloatArray]:
    """Start the transcript `name` with the hyperparameters of `optimizer`."""
    made = TRANSCRIPTS[name]
    wanted = signature(made).parameters
    return made(weights, gradient, **{field: value for field, value in asdict(optimizer).items() if field in wanted})
