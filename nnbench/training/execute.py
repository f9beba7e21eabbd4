"""Execution of one training run, from its config to its result, without tracking or terminal output."""

import sys
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np
from threadpoolctl import ThreadpoolController

from nnbench.config.schema import Config
from nnbench.config.source import code_digest, sources_of
from nnbench.core.random import Streams, chain, streams
from nnbench.datasets import Dataset, Distribution, Points, Splits, checked_groups, checked_split
from nnbench.nn import Network
from nnbench.records.boundary import Boundary
from nnbench.records.history import History
from nnbench.schedules.constant import Constant
from nnbench.training.budget import Budget
from nnbench.training.decision_grid import classify, grid
from nnbench.training.loop import train
from nnbench.training.references import references
from nnbench.training.regularization import Regularization

# Cells along each side of the decision boundary's grid: fine enough for print, computed in milliseconds.
GRID = 160
MAX_TEST_POINTS = 1500  # test points stored with a boundary, evenly spaced in the split; more would cover each other


@dataclass(frozen=True, kw_only=True)
class Result:
    """Result of a run: curves and weights, and the decision boundary if the data have two features."""

    history: History
    boundary: Boundary | None


def execute(config: Config) -> Result:
    """Train with `config` on one BLAS thread; on one machine, the same config gives the same numbers.

    Raises:
        RuntimeError: the code has changed since the config was made.
        Exception: any exception of a user's optimizer or dataset.
    """
    with _libraries(len(sys.modules)).limit(limits=1):
        _check_source(config)
        # New instances, since a user's class may change itself, and the config must not change.
        dataset, optimizer = config.dataset.new_instance(), config.optimizer.new_instance()
        source = streams(config.seed, data_seed=None if config.dataset.redraw else 0)
        splits, network = _draw(config, dataset, source)
        planar = dataset.features == 2 and dataset.loss == "cross_entropy"
        checkpoints = config.training.checkpoints
        known = references(dataset, splits)  # before the training, so that an error is raised early
        history = train(
            network,
            optimizer,
            splits.train,
            splits.val,
            splits.test,
            epochs=config.training.epochs,
            budget=_budget(config),
            loss=dataset.loss,
            iterations_per=config.training.iterations_per,
            schedule=None if isinstance(config.schedule.instance, Constant) else config.schedule.new_instance(),
            regularization=_regularization(config),
            stop_at_accuracy=config.training.stop_at_accuracy,
            groups=checked_groups(dataset, splits.train),
            checkpoints=() if checkpoints == "auto" and not planar else checkpoints,
            rng=source.optimizer,
            order=source.order,
            dropout=source.dropout,
        )
        history = replace(history, references=known)
        return Result(history=history, boundary=_boundary(config, history, splits) if planar else None)


@lru_cache(maxsize=1)  # finding the libraries takes a millisecond
def _libraries(modules: int) -> ThreadpoolController:
    """Return the BLAS libraries of this process, searched again if the number of imported modules has changed."""
    return ThreadpoolController()


def _budget(config: Config) -> Budget | None:
    amount = config.training.budget
    return None if amount is None else Budget(amount=amount, unit=config.training.budget_unit)


def _regularization(config: Config) -> Regularization:
    training = config.training
    return Regularization(
        weight_decay=training.weight_decay,
        l2=training.l2,
        clip_norm=training.clip_norm,
        decay_biases=training.decay_biases,
    )


def _check_source(config: Config) -> None:
    """Refuse to train with other code than that of the config, since the run would be stored with a wrong digest.

    Data files are not compared: a run may write one that its code names, which would make all later runs fail.

    Raises:
        RuntimeError: the code has been edited since.
    """
    for name, source in sources_of(config).items():
        if code_digest(getattr(config.source, name)) != code_digest(source.digest):
            edited = config.choices[name].class_name if name in config.choices else name
            raise RuntimeError(
                f"{edited} has been edited since the command started; start it again to train with the new version"
            )


def _draw(config: Config, dataset: Dataset, source: Streams) -> tuple[Splits, Network]:
    """The points, and a network with its initial weights."""
    splits = checked_split(dataset, source)
    network = Network(
        dataset.features,
        config.network.hidden,
        dataset.outputs,
        batch=min(config.training.batch_size or len(splits.train), len(splits.train)),
        activation=config.network.activation,
        dropout=config.network.dropout,
        dtype=config.training.dtype,
    )
    initialize = partial(network.initialize, scale=config.network.initial_scale, initial=config.network.initial)
    if config.draws.kind == "chain":
        if not isinstance(dataset, Distribution):
            raise TypeError(f"draws.kind=chain draws points, and {config.dataset.name} is no Distribution")
        position = config.draws.chain.index(config.optimizer.name)
        train = chain(config.seed, position, lambda rng: dataset.draw(rng, dataset.samples), initialize)
        return replace(splits, train=train), network
    initialize(source.weights)
    return splits, network


def _boundary(config: Config, history: History, splits: Splits) -> Boundary:
    """Evaluate classes and confidences on a square grid around all points, for the final weights and the given checkpoints."""
    train, test = splits.train, splits.test
    shown = train.x if test is None else np.vstack([train.x, test.x])
    reach = 1.05 * float(np.abs(shown).max(initial=1e-3))
    extent = -reach, reach, -reach, reach
    cells, activation = grid(extent, GRID), config.network.activation
    label, confidence = classify(history.weights, cells, activation)
    # Grids take milliseconds each: those of the default are evaluated when they are shown, see `nnbench.lesson.frames`.
    given = () if config.training.checkpoints == "auto" else config.training.checkpoints
    some = Points(x=np.empty((0, 2)), labels=np.empty(0, dtype=np.int64)) if test is None else test.subsample(MAX_TEST_POINTS)
    return Boundary(
        extent=extent,
        label=label,
        confidence=confidence,
        checkpoints={
            epoch: classify(weights, cells, activation) for epoch, weights in history.checkpoints.items() if epoch in given
        },
        train_points=train.x.astype(np.float32),
        train_labels=train.labels.astype(np.uint8),
        test_points=some.x.astype(np.float32),
        test_labels=some.labels.astype(np.uint8),
    )
