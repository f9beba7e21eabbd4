"""Schedule, weight decay, penalty and clipping in a whole training, and what L-BFGS and Schedule-Free ask of it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nnbench import train
from nnbench.config.schema import Config
from nnbench.core.random import streams
from nnbench.datasets.spiral import Spiral
from nnbench.nn import LOSSES, outputs
from nnbench.optimizers.adam import Adam
from nnbench.optimizers.lbfgs import LBFGS
from nnbench.optimizers.schedule_free_adamw import ScheduleFreeAdamW
from nnbench.optimizers.sgd import SGD
from nnbench.schedules.cosine import Cosine
from nnbench.training.execute import execute

EPOCHS = 40


def trained(optimizer: Any, **options: Any) -> Any:
    return train(optimizer, Spiral(samples=20), epochs=EPOCHS, hidden=[8, 6], initial_scale=0.5, dtype="float64", **options)


def test_follows_torchs_training() -> None:
    """AdamW with a cosine schedule, clipping, and decay of the weights alone, from the same weights on the same points."""
    torch: Any = pytest.importorskip("torch")
    options: dict[str, Any] = {"schedule": Cosine(final=0.1), "weight_decay": 0.2, "clip_norm": 0.05}
    found = trained(Adam(learning_rate=0.02, epsilon=1e-8), **options)
    start = trained(Adam(learning_rate=1e-30))  # its weights are the initial ones
    points = Spiral(samples=20).split(streams(0)).train
    x, labels = torch.tensor(points.x), torch.tensor(points.labels)
    weights = [torch.tensor(layer[:-1], requires_grad=True) for layer in start.weights]
    biases = [torch.tensor(layer[-1], requires_grad=True) for layer in start.weights]
    groups = [{"params": weights, "weight_decay": 0.2}, {"params": biases, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=0.02)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS - 1, eta_min=0.002)
    losses = []
    for _ in range(EPOCHS):
        values = x
        for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
            values = torch.relu(values @ weight + bias)
        loss = torch.nn.functional.cross_entropy(values @ weights[-1] + biases[-1], labels)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        norm = torch.sqrt(sum((each.grad**2).sum() for each in (*weights, *biases)))
        for each in (*weights, *biases):
            each.grad *= min(1.0, 0.05 / norm.item())  # PyTorch's own function adds 1e-6 to the norm
        optimizer.step()
        scheduler.step()
    np.testing.assert_allclose(found.train_loss, losses, rtol=1e-9)
    assert 0 < found.diagnostics["clipped_share"][-1] <= 1
    np.testing.assert_allclose(found.diagnostics["multiplier"][-1], Cosine(final=0.1).multiplier(EPOCHS - 2, EPOCHS - 1))


def test_the_config_trains_as_the_function_does(config: Callable[..., Config]) -> None:
    keys = ["schedule=cosine", "schedule.final=0.1", "training.weight_decay=0.01", "training.l2=0.001"]
    keys += ["training.clip_norm=0.005", "training.decay_biases=true", "training.epochs=30", "optimizer=sgd"]
    one = execute(config(*keys)).history
    options: dict[str, Any] = {"weight_decay": 0.01, "l2": 0.001, "clip_norm": 0.005, "decay_biases": True}
    other = train(SGD(learning_rate=1.0, decay=1e-3, momentum=0.9), epochs=30, schedule=Cosine(final=0.1), **options)
    np.testing.assert_array_equal(one.train_loss, other.train_loss)
    for left_out in options:
        assert not np.array_equal(
            execute(config(*(key for key in keys if left_out not in key))).history.train_loss, one.train_loss
        )


def test_evaluations_of_a_line_search_are_counted() -> None:
    plain, searching = trained(Adam(learning_rate=0.01)), trained(LBFGS())
    np.testing.assert_array_equal(plain.gradient_evaluations, plain.steps)
    extra = np.diff(searching.gradient_evaluations - searching.steps)
    # At each evaluated epoch the last search's own count; epochs lie one apart at the beginning.
    single = np.diff(searching.evaluated) == 1
    np.testing.assert_array_equal(extra[single], searching.diagnostics["evaluations"][1:][single])
    assert (extra[single] >= 1).all()
    assert searching.train_loss[-1] < plain.train_loss[-1]


def test_schedule_free_is_judged_by_its_average() -> None:
    found = trained(ScheduleFreeAdamW(learning_rate=0.05))
    splits = Spiral(samples=20).split(streams(0))
    assert splits.val is not None
    score = LOSSES["cross_entropy"].score
    judged = score(outputs(found.weights, splits.val.x, "relu"), splits.val.labels)
    np.testing.assert_allclose((found.val_loss[-1], found.val_accuracy[-1]), judged)
    # The last training loss is measured at y, at which the gradients are taken.
    at_average = score(outputs(found.weights, splits.train.x, "relu"), splits.train.labels)[0]
    assert abs(at_average - found.train_loss[-1]) > 1e-6
