"""Training loop of a textbook, with which the speed of `nnbench.training.loop` is compared.

Layers are objects, samples are rows, every operation allocates its result, the optimizer's state is an attribute of the
layers, and iterations count updates of layers. The arithmetic is that of `train(..., iterations_per="layer")`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import numpy as np

from nnbench.core.arrays import FloatArray, IntArray


class Dense:
    """outputs = inputs @ weights + biases."""

    def __init__(self, weights: FloatArray) -> None:
        self.weights = weights[:-1].copy()
        self.biases = weights[-1:].copy()
        self.state: dict[str, FloatArray] = {}

    def forward(self, inputs: FloatArray) -> FloatArray:
        self.inputs = inputs
        outputs: FloatArray = np.dot(inputs, self.weights) + self.biases
        return outputs

    def backward(self, gradients: FloatArray) -> FloatArray:
        self.weight_gradients = np.dot(self.inputs.T, gradients)
        self.bias_gradients = np.sum(gradients, axis=0, keepdims=True)
        input_gradients: FloatArray = np.dot(gradients, self.weights.T)
        return input_gradients


class ReLU:
    """max(0, inputs)."""

    def forward(self, inputs: FloatArray) -> FloatArray:
        self.inputs = inputs
        return np.maximum(0, inputs)

    def backward(self, gradients: FloatArray) -> FloatArray:
        input_gradients = gradients.copy()
        input_gradients[self.inputs <= 0] = 0
        return input_gradients


class SoftmaxLoss:
    """Softmax, cross-entropy, accuracy and their gradient."""

    def forward(self, logits: FloatArray, labels: IntArray) -> tuple[float, float]:
        powers = np.exp(logits - np.max(logits, axis=1, keepdims=True))
        self.probabilities = powers / np.sum(powers, axis=1, keepdims=True)
        self.labels = labels
        accuracy = np.mean(np.argmax(self.probabilities, axis=1) == labels)
        clipped = np.clip(self.probabilities, 1e-7, 1 - 1e-7)
        loss = np.mean(-np.log(clipped[range(len(labels)), labels]))
        return float(loss), float(accuracy)

    def backward(self) -> FloatArray:
        errors = self.probabilities.copy()
        errors[range(len(self.labels)), self.labels] -= 1
        gradients: FloatArray = errors / len(self.labels)
        return gradients


class Optimizer(ABC):
    """Update of one layer at a time; weights and biases have separate states, stored in the layer."""

    def __init__(self, learning_rate: float, decay: float) -> None:
        self.learning_rate, self.decay, self.iterations = learning_rate, decay, 0

    def update(self, layer: Dense) -> None:
        rate = self.learning_rate * (1.0 / (1.0 + self.decay * self.iterations))
        self.iterations += 1
        layer.weights += self.change(layer.state, "weights", layer.weight_gradients, rate)
        layer.biases += self.change(layer.state, "biases", layer.bias_gradients, rate)

    @abstractmethod
    def change(self, state: dict[str, FloatArray], name: str, gradients: FloatArray, rate: float) -> FloatArray:
        """Return the change of the parameters called `name`, whose state has the same name."""


class SGD(Optimizer):
    def __init__(self, *, learning_rate: float, decay: float, momentum: float) -> None:
        super().__init__(learning_rate, decay)
        self.momentum = momentum

    def change(self, state: dict[str, FloatArray], name: str, gradients: FloatArray, rate: float) -> FloatArray:
        if not self.momentum:
            return -rate * gradients
        if name not in state:
            state[name] = np.zeros_like(gradients)
        state[name] = self.momentum * state[name] - rate * gradients
        return state[name]


class AdaGrad(Optimizer):
    def __init__(self, *, learning_rate: float, decay: float, epsilon: float) -> None:
        super().__init__(learning_rate, decay)
        self.epsilon = epsilon

    def change(self, state: dict[str, FloatArray], name: str, gradients: FloatArray, rate: float) -> FloatArray:
        if name not in state:
            state[name] = np.zeros_like(gradients)
        state[name] += gradients**2
        return -rate * gradients / (np.sqrt(state[name]) + self.epsilon)


class RMSProp(Optimizer):
    def __init__(self, *, learning_rate: float, decay: float, rho: float, epsilon: float) -> None:
        super().__init__(learning_rate, decay)
        self.rho, self.epsilon = rho, epsilon

    def change(self, state: dict[str, FloatArray], name: str, gradients: FloatArray, rate: float) -> FloatArray:
        if name not in state:
            state[name] = np.zeros_like(gradients)
        state[name] = self.rho * state[name] + (1 - self.rho) * gradients**2
        return -rate * gradients / (np.sqrt(state[name]) + self.epsilon)


class Adam(Optimizer):
    def __init__(self, *, learning_rate: float, decay: float, beta_1: float, beta_2: float, epsilon: float) -> None:
        super().__init__(learning_rate, decay)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def change(self, state: dict[str, FloatArray], name: str, gradients: FloatArray, rate: float) -> FloatArray:
        first, second = f"{name} first", f"{name} second"
        if first not in state:
            state[first], state[second] = np.zeros_like(gradients), np.zeros_like(gradients)
        state[first] = self.beta_1 * state[first] + (1 - self.beta_1) * gradients
        state[second] = self.beta_2 * state[second] + (1 - self.beta_2) * gradients**2
        mean = state[first] / (1 - self.beta_1**self.iterations)
        square = state[second] / (1 - self.beta_2**self.iterations)
        change: FloatArray = -rate * mean / (np.sqrt(square) + self.epsilon)
        return change


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {"sgd": SGD, "adagrad": AdaGrad, "rmsprop": RMSProp, "adam": Adam}


def train(
    weights: Sequence[FloatArray], points: FloatArray, labels: IntArray, optimizer: Optimizer, epochs: int
) -> tuple[list[float], list[float]]:
    """Train a copy of `weights` on the full batch; return loss and accuracy of each epoch.

    Args:
        weights: one array per layer, shape (inputs + 1, outputs), the last row the bias.
        points: shape (n, features), in the dtype of the weights.
        labels: shape (n,).
        optimizer: a new instance.
        epochs: passes over the points.
    """
    layers = [Dense(layer) for layer in weights]
    activations = [ReLU() for _ in layers[1:]]
    loss = SoftmaxLoss()
    losses, accuracies = [], []
    for _ in range(epochs):
        values = layers[0].forward(points)
        for activation, layer in zip(activations, layers[1:], strict=True):
            values = layer.forward(activation.forward(values))
        epoch_loss, epoch_accuracy = loss.forward(values, labels)
        losses.append(epoch_loss)
        accuracies.append(epoch_accuracy)
        gradients = layers[-1].backward(loss.backward())
        for activation, layer in zip(reversed(activations), reversed(layers[:-1]), strict=True):
            gradients = layer.backward(activation.backward(gradients))
        for layer in layers:
            optimizer.update(layer)
    return losses, accuracies
