"""The network against arithmetic done another way: finite differences, PyTorch, a plain forward pass, allocations."""

import tracemalloc
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnbench.nn import LOSSES, Loss, Network, SoftmaxCrossEntropy, outputs, probabilities, products
from nnbench.nn.activations import ACTIVATIONS
from nnbench.nn.buffers import aligned, padded
from scripts.benchmarks import naive


def example(
    seed: int, hidden: list[int], activation: str, batch: int, inputs: int = 2, classes: int = 3, dtype: str = "float64"
) -> tuple[Network, SoftmaxCrossEntropy]:
    """A network with random weights and biases, and its loss, on random points."""
    rng = np.random.default_rng(seed)
    network = random_network(rng, inputs, hidden, classes, batch=batch, activation=activation, dtype=dtype)
    labels = rng.integers(classes, size=batch)
    return network, SoftmaxCrossEntropy(network.outputs, network.output_gradients, labels, block=1)


def random_network(rng: np.random.Generator, inputs: int, hidden: list[int], outputs: int, **options: Any) -> Network:
    network = Network(inputs, hidden, outputs, **options)
    for weights in network.weights:
        weights[:] = rng.standard_normal(weights.shape)
    network.points[:] = rng.standard_normal(network.points.shape)
    return network


def mean_loss(network: Network, loss: Loss) -> float:
    network.forward()
    loss.write_gradient(0)
    return float(loss.metrics(1)[0][0])


def check_each_parameter_shows(network: Network, loss: Loss, bad: float) -> None:
    """Check that the last gradient is NaN as soon as any single parameter is `bad`."""
    sound = network.parameters.copy()
    with np.errstate(all="ignore"):
        for position in range(len(sound)):
            network.parameters[:] = sound
            mean_loss(network, loss)
            network.backward()
            assert np.isfinite(network.gradients).all()
            network.parameters[position] = bad
            mean_loss(network, loss)
            network.backward()
            assert np.isnan(network.gradients[-1]), position


@settings(max_examples=300)
@given(
    seed=st.integers(0, 2**32 - 1),
    hidden=st.lists(st.integers(1, 9), max_size=3),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    kind=st.sampled_from(sorted(LOSSES)),
    dropout=st.sampled_from([0.0, 0.3]),
    batch=st.integers(1, 40),
    inputs=st.integers(1, 4),
    outputs=st.integers(1, 5),
)
def test_gradients_agree_with_finite_differences(
    seed: int, hidden: list[int], activation: str, kind: str, dropout: float, batch: int, inputs: int, outputs: int
) -> None:
    rng = np.random.default_rng(seed)
    options: dict[str, Any] = {"batch": batch, "activation": activation, "dropout": dropout, "dtype": "float64"}
    network = random_network(rng, inputs, hidden, outputs, **options)
    network.draw_masks(rng)  # once: they stay the same below
    classes = kind == "cross_entropy"
    targets = rng.integers(outputs, size=batch) if classes else rng.standard_normal((batch, outputs))
    loss = LOSSES[kind](network.outputs, network.output_gradients, targets, 1)
    # Small logits keep every point off the loss's clip, whose slope the gradient ignores on purpose.
    network.parameters *= 0.5
    network.forward()
    network.weights[-1][:] *= min(1.0, 5.0 / np.abs(network.outputs).max(initial=1e-9))
    mean_loss(network, loss)
    network.backward()
    gradients = network.gradients.copy()

    # Along a random direction and back, in steps small enough that few cross a kink of ReLU; where the two sides
    # disagree one was crossed, and the gradient must lie between them.
    direction = rng.standard_normal(network.parameters.shape)
    start, centre, step = network.parameters.copy(), mean_loss(network, loss), 1e-6
    sides = []
    for sign in (1, -1):
        network.parameters[:] = start + sign * step * direction
        sides.append(sign * (mean_loss(network, loss) - centre) / step)
    slope = float(gradients @ direction)
    tolerance = 1e-6 + 1e-4 * abs(slope)
    assert min(sides) - tolerance <= slope <= max(sides) + tolerance


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("hidden", [[], [5], [7, 4, 6]])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_agree_with_pytorch(activation: str, hidden: list[int], kind: str, dropout: float) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(7)
    network = random_network(rng, 3, hidden, 4, batch=21, activation=activation, dropout=dropout, dtype="float64")
    network.draw_masks(rng)
    classes = kind == "cross_entropy"
    targets = rng.integers(4, size=21) if classes else rng.standard_normal((21, 4))
    loss = LOSSES[kind](network.outputs, network.output_gradients, targets, 1)
    network.parameters *= 0.5
    ours = mean_loss(network, loss)
    network.backward()

    functions: dict[str, Any] = {
        "identity": lambda z: z,
        "relu": torch.relu,
        "leaky_relu": torch.nn.functional.leaky_relu,
        "tanh": torch.tanh,
        "sigmoid": torch.sigmoid,
        "gelu": partial(torch.nn.functional.gelu, approximate="tanh"),
        "silu": torch.nn.functional.silu,
    }
    parameters = [torch.tensor(weights, requires_grad=True) for weights in network.weights]
    values = torch.tensor(network.points.T.copy())
    for layer, weights in enumerate(parameters[:-1]):
        values = functions[activation](values @ weights[:-1] + weights[-1])
        if dropout:
            values = values * torch.tensor(network.masks[layer][:, :21].T)
    values = values @ parameters[-1][:-1] + parameters[-1][-1]
    criterion = torch.nn.functional.cross_entropy if classes else torch.nn.functional.mse_loss
    theirs = criterion(values, torch.tensor(targets))
    theirs.backward()
    assert ours == pytest.approx(theirs.item(), rel=1e-12)
    for gradients, weights in zip(network.weight_gradients, parameters, strict=True):
        np.testing.assert_allclose(gradients, weights.grad.numpy(), rtol=0, atol=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_agree_with_the_textbook_loop_layer_by_layer(dtype: str) -> None:
    network, loss = example(1, [5, 7], "relu", batch=37, dtype=dtype)
    network.parameters *= 0.3
    start, points, labels = network.snapshot(), network.points.T.copy(), loss.labels
    mean_loss(network, loss)
    network.backward()

    layers = [naive.Dense(weights) for weights in start]
    relus = [naive.ReLU(), naive.ReLU()]
    output = naive.SoftmaxLoss()
    hidden = [relus[0].forward(layers[0].forward(points))]
    hidden.append(relus[1].forward(layers[1].forward(hidden[0])))
    output.forward(layers[2].forward(hidden[1]), labels)
    slopes = layers[2].backward(output.backward())
    slopes = layers[1].backward(relus[1].backward(slopes))
    layers[0].backward(relus[0].backward(slopes))
    for layer, gradients in zip(layers, network.weight_gradients, strict=True):
        expected = np.vstack([layer.weight_gradients, layer.bias_gradients])
        np.testing.assert_allclose(gradients, expected, rtol=0, atol=1e-6 if dtype == "float32" else 1e-15)


def test_derivative_of_relu_at_zero_is_zero() -> None:
    network = Network(1, [2], 2, batch=1, dtype="float64")
    network.weights[1][:-1] = [[1.0, -1.0], [2.0, -2.0]]
    loss = SoftmaxCrossEntropy(network.outputs, network.output_gradients, np.array([0]), block=1)
    mean_loss(network, loss)
    network.backward()
    np.testing.assert_array_equal(network.weight_gradients[0], 0.0)
    assert np.abs(network.weight_gradients[1][-1]).min() > 0.1


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_logits_of_other_points_are_those_of_the_batch(activation: str, dtype: str) -> None:
    network, loss = example(2, [6, 4], activation, batch=21, dtype=dtype)
    network.forward()
    others = outputs(network.weights, network.points.T, activation)
    assert others.dtype == network.outputs.dtype == dtype
    tolerance = 1e-6 if dtype == "float32" else 1e-14  # they are summed in another order
    np.testing.assert_allclose(others.T, network.outputs[:, :21], rtol=tolerance, atol=tolerance)

    shares = probabilities(network.weights, network.points.T, activation)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-6)
    np.testing.assert_array_equal(shares.argmax(axis=1), others.argmax(axis=1))
    measured = SoftmaxCrossEntropy.score(network.outputs[:, :21].T, loss.labels)
    assert SoftmaxCrossEntropy.score(others, loss.labels) == pytest.approx(measured, rel=1e-5)
    loss.write_gradient(0)
    assert measured[1] == loss.measure(0)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", [15, 16])  # 16 points fill a line, to which another must be added
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("packing", [False, True])
def test_a_parameter_that_is_not_finite_shows_in_the_last_gradient(
    packing: bool, bad: float, batch: int, dtype: str, activation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "blas_packs_small_matrices", lambda: packing)
    network, loss = example(0, [3, 2], activation, batch=batch, dtype=dtype)
    network.parameters[:-3] *= 0.1
    network.weights[0][-1] = -100.0  # every unit of the first layer is dead or saturated, and would hide its weights
    check_each_parameter_shows(network, loss, bad)


def test_weights_are_views_of_one_vector() -> None:
    network = Network(3, [4, 5], 2, batch=8)
    assert [weights.shape for weights in network.weights] == [(4, 4), (5, 5), (6, 2)]
    network.parameters[:] = np.arange(len(network.parameters))
    assert [weights[0, 0] for weights in network.weights] == [0, 16, 41]
    assert network.parameters.dtype == network.gradients.dtype == np.float32
    kept = network.snapshot()
    network.parameters[:] = 0
    assert kept[2][-1, -1] == 52


def test_initial_weights_are_drawn_layer_by_layer_and_biases_are_zero() -> None:
    network = Network(2, [64], 3, batch=1, dtype="float64")
    network.parameters[:] = np.nan
    network.initialize(np.random.default_rng(5), scale=0.1)
    rng = np.random.default_rng(5)
    for weights in network.weights:
        np.testing.assert_array_equal(weights[:-1], 0.1 * rng.standard_normal(weights[:-1].shape))
        np.testing.assert_array_equal(weights[-1], 0.0)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_forward_and_backward_allocate_no_layer(activation: str) -> None:
    network, loss = example(3, [32, 32], activation, batch=4096)
    tracemalloc.start()
    network.forward()
    loss.write_gradient(0)
    network.backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000  # bytes: NumPy's own buffer of 8192 numbers; a layer has a million


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_buffers_fill_whole_cache_lines(dtype: str) -> None:
    array = aligned((3, padded(300, dtype)), dtype, fill=2.0)
    assert array.shape == (3, 304)
    assert array.ctypes.data % 64 == array.strides[0] % 64 == 0
    assert array.flags.c_contiguous
    assert (array == 2.0).all()


def test_networks_of_other_batch_sizes_share_parameters_and_gradients() -> None:
    rng = np.random.default_rng(0)
    network = random_network(rng, 2, [5], 3, batch=16, dtype="float64")
    other = network.with_batch(5)
    other.points[:] = network.points[:, :5]
    other.parameters *= 2.0
    network.forward()
    other.forward()
    np.testing.assert_allclose(other.outputs[:, :5], network.outputs[:, :5], rtol=1e-13)
    other.output_gradients[:, :5] = 1.0
    other.backward()
    assert np.array_equal(network.gradients, other.gradients)
    assert network.gradients.any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dropout_keeps_the_mean_and_drops_its_share(dtype: str) -> None:
    network = Network(2, [50, 20], 3, batch=1000, dropout=0.25, dtype=dtype)
    assert all((mask == 1.0).all() for mask in network.masks)
    network.draw_masks(np.random.default_rng(0))
    for mask in network.masks:
        assert np.unique(mask) == pytest.approx([0.0, 4 / 3])
        assert (mask == 0.0).mean() == pytest.approx(0.25, abs=0.01)  # of 20,000 draws or more: 3 standard deviations
    first = network.masks[0].copy()
    network.draw_masks(np.random.default_rng(0))
    np.testing.assert_array_equal(network.masks[0], first)
    network.draw_masks(np.random.default_rng(1))
    assert (network.masks[0] != first).any()


def test_without_dropout_there_are_no_masks() -> None:
    rng = np.random.default_rng(0)
    network = Network(2, [5], 3, batch=16)
    network.draw_masks(rng)
    assert network.masks == []
    assert rng.random() == np.random.default_rng(0).random()


def test_unknown_functions_and_shares_are_refused() -> None:
    with pytest.raises(ValueError, match="activation=softplus: must be one of identity, relu"):
        Network(2, [5], 3, batch=16, activation="softplus")
    with pytest.raises(ValueError, match="initial=uniform: must be one of normal, glorot"):
        Network(2, [5], 3, batch=16).initialize(np.random.default_rng(0), initial="uniform")
    for share in (-0.1, 1.0, np.nan):
        with pytest.raises(ValueError, match="dropout"):
            Network(2, [5], 3, batch=16, dropout=share)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_parameter_that_is_not_finite_shows_in_a_regression(dropout: float, bad: float, activation: str) -> None:
    rng = np.random.default_rng(0)
    network = random_network(rng, 2, [3, 2], 2, batch=16, activation=activation, dropout=dropout, dtype="float64")
    network.draw_masks(rng)
    loss = LOSSES["mean_squared_error"](network.outputs, network.output_gradients, rng.standard_normal((16, 2)), 1)
    network.weights[0][-1] = -100.0  # every unit of the first layer is dead or saturated
    check_each_parameter_shows(network, loss, bad)
