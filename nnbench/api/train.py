"""One training run in this process, without a config, a store or a report."""

from collections.abc import Iterable, Sequence
from dataclasses import MISSING, fields, is_dataclass, replace
from inspect import signature
from types import SimpleNamespace
from typing import Any, Literal, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from nnbench.config.check import check
from nnbench.config.choice import Section
from nnbench.config.effects import is_on, too_large_batch, unmet
from nnbench.config.sections import Activation, BudgetUnit, Initial, NetworkConfig, TrainingConfig
from nnbench.core.errors import UserError
from nnbench.core.random import streams
from nnbench.datasets.base import Dataset, checked_groups, checked_split
from nnbench.datasets.spiral import Spiral
from nnbench.nn import Network
from nnbench.optimizers.base import Optimizer
from nnbench.records.history import History
from nnbench.schedules.base import Schedule
from nnbench.training import loop
from nnbench.training.budget import Budget
from nnbench.training.references import references
from nnbench.training.regularization import Regularization

_Options = TypeVar("_Options", bound=Section)


def train(
    optimizer: Optimizer,
    dataset: Dataset | None = None,
    *,
    seed: int = 0,
    epochs: int = 3001,
    budget: int | None = None,
    budget_unit: BudgetUnit = "epochs",
    hidden: Sequence[int] = (64,),
    activation: Activation = "relu",
    initial: Initial = "normal",
    initial_scale: float = 0.01,
    dropout: float = 0.0,
    batch_size: int | None = None,
    schedule: Schedule | None = None,
    weight_decay: float = 0.0,
    l2: float = 0.0,
    decay_biases: bool = False,
    clip_norm: float | None = None,
    dtype: Literal["float32", "float64"] = "float32",
    stop_at_accuracy: float | None = None,
) -> History:
    """Train a network once, in this process and untracked.

    The numbers are those of a tracked run with the same settings and seed, to the last digit. The class of the optimizer may
    be defined anywhere, also in a notebook cell.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer, which is not changed; each call starts with new state.
    dataset : Dataset, optional
        The dataset; by default the spiral with its default options.
    seed : int, default: 0
        Determines points, initial weights and the random numbers of the optimizer.
    epochs : int, default: 3001
        Passes over the training points; the first is measured before any update.
    budget : int, optional
        What may be spent on updates, instead of `epochs`; a budget of 100 epochs is ``epochs=101``.
    budget_unit : {"epochs", "steps", "gradient_evaluations"}, default: "epochs"
        Unit of the budget.
    hidden : sequence of int, default: (64,)
        Widths of the hidden layers; a linear model has none.
    activation : {"identity", "relu", "leaky_relu", "tanh", "sigmoid", "gelu", "silu"}, default: "relu"
        Of the hidden layers.
    initial : {"normal", "glorot", "he", "orthogonal"}, default: "normal"
        Distribution of the initial weights.
    initial_scale : float, default: 0.01
        Standard deviation of initial weights that are `normal`.
    dropout : float, default: 0
        Share of the hidden activations that are dropped in training.
    batch_size : int, optional
        Points in a mini-batch, fewer than there are; by default all of them.
    schedule : Schedule, optional
        Of the learning rate over all steps; by default it is constant.
    weight_decay : float, default: 0
        Decoupled weight decay: weights shrink by the learning rate times this in each step.
    l2 : float, default: 0
        Coefficient of the penalty l2 / 2 * |w|^2, which the recorded losses do not include.
    decay_biases : bool, default: False
        Whether weight decay and penalty apply to biases too.
    clip_norm : float, optional
        Largest norm of all gradients together; larger ones are scaled to it.
    dtype : {"float32", "float64"}, default: "float32"
        Of points, weights and optimizer state.
    stop_at_accuracy : float, optional
        Training accuracy at which the run ends early.

    Returns
    -------
    History
        Curves, final measures and weights.

    Raises
    ------
    ValueError
        A value is out of its range or has no effect with the others, or the optimizer needs the full batch and
        does not get it.
    TypeError
        The optimizer does not change the parameters in place, or `schedule` is no instance of a schedule.
    Exception
        Any exception of `optimizer` or `dataset`.

    Examples
    --------
    >>> import nnbench
    >>> from nnbench.optimizers.adam import Adam
    >>> history = nnbench.train(Adam(learning_rate=0.05), epochs=201)
    >>> history.outcome, len(history.train_loss)
    ('finished', 201)
    >>> bool(history.train_loss[-1] < history.train_loss[0])
    True
    """
    given = [name for name, value in locals().items() if not _is_default(name, value)]
    network_options = _checked(
        NetworkConfig,
        hidden=np.asarray(hidden).tolist(),  # whole numbers of NumPy become Python's
        activation=activation,
        initial=initial,
        initial_scale=initial_scale,
        dropout=dropout,
    )
    training_options = _checked(
        TrainingConfig,
        epochs=epochs,
        budget=budget,
        budget_unit=budget_unit,
        batch_size=batch_size,
        dtype=dtype,
        iterations_per="step",
        weight_decay=weight_decay,
        l2=l2,
        decay_biases=decay_biases,
        clip_norm=clip_norm,
        stop_at_accuracy=stop_at_accuracy,
        checkpoints=[],
    )
    _refuse_without_effect(given, network_options, training_options, optimizer)
    if schedule is not None and not isinstance(schedule, Schedule):
        raise TypeError(f"schedule={schedule!r}: must be an instance of a Schedule, or None")
    data = Spiral() if dataset is None else dataset
    source = streams(seed)
    with threadpool_limits(1):
        splits = checked_split(data, source)
        if batch_size is not None and batch_size >= len(splits.train):
            points = len(splits.train)
            raise ValueError(too_large_batch("batch_size", batch_size, points, type(data).__name__, null="None"))
        network = Network(
            data.features,
            hidden,
            data.outputs,
            batch=batch_size or len(splits.train),
            activation=activation,
            dropout=dropout,
            dtype=dtype,
        )
        network.initialize(source.weights, initial_scale, initial)
        known = references(data, splits)
        history = loop.train(
            network,
            optimizer,
            splits.train,
            splits.val,
            splits.test,
            epochs=epochs,
            budget=None if budget is None else Budget(amount=budget, unit=budget_unit),
            loss=data.loss,
            schedule=schedule,
            regularization=Regularization(weight_decay=weight_decay, l2=l2, clip_norm=clip_norm, decay_biases=decay_biases),
            groups=checked_groups(data, splits.train),
            stop_at_accuracy=stop_at_accuracy,
            rng=source.optimizer,
            order=source.order,
            dropout=source.dropout,
        )
    return replace(history, references=known)


_PARAMETERS = signature(train).parameters


def _is_default(name: str, value: object) -> bool:
    default = _PARAMETERS[name].default
    return type(value) is type(default) and bool(value == default)


def _checked(section: type[_Options], **options: Any) -> _Options:
    """Check options against the ranges of a section of the config.

    Raises:
        ValueError: one is out of its range or of another type; the text names it, its value and what is allowed.
    """
    plain = {key: value.item() if isinstance(value, np.generic) else value for key, value in options.items()}
    try:
        checked: _Options = check(section, plain, "")
    except UserError as error:
        raise ValueError(str(error)) from None
    return checked


def _refuse_without_effect(
    given: Iterable[str], network: NetworkConfig, training: TrainingConfig, optimizer: Optimizer
) -> None:
    """Refuse options that have no effect with the others, as a sweep does.

    Args:
        given: names of the arguments that differ from their defaults.
        network, training: the options.
        optimizer: its fields count as given where they differ from their defaults.

    Raises:
        ValueError: there is one; the text names it, its value and what it needs.
    """
    sections = SimpleNamespace(network=network, training=training, optimizer=optimizer)
    own = [one for one in fields(optimizer) if one.init and one.default is not MISSING] if is_dataclass(optimizer) else []
    changed = [f"optimizer.{one.name}" for one in own if getattr(optimizer, one.name) != one.default]
    keys = [f"{name}.{one}" for name in ("network", "training") for one in given if hasattr(getattr(sections, name), one)]
    for key in [*keys, *changed]:
        if is_on(sections, key) and (reason := unmet(sections, key)):
            raise ValueError(reason.replace("network.", "").replace("training.", ""))
