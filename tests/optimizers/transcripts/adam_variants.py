"""Transcripts of Adam and the rules that change its averages, its rate or its direction."""

from collections.abc import Iterator
from itertools import count
from math import exp, log, sqrt

import numpy as np

from nnbench.core.arrays import FloatArray
from tests.optimizers.transcripts.base import Gradient


def adam(
    w: FloatArray, gradient: Gradient, *, learning_rate: float, decay: float, beta_1: float, beta_2: float, epsilon: float
) -> Iterator[FloatArray]:
    """Kingma and Ba 2015, algorithm 1, and the notebook's decay of the rate."""
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t in count(1):
        g = gradient(w, t)
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        m_hat = m / (1 - beta_1**t)
        v_hat = v / (1 - beta_2**t)
        w = w - learning_rate / (1 + decay * (t - 1)) * m_hat / (np.sqrt(v_hat) + epsilon)
        yield w


def adamw(
    w: FloatArray,
    gradient: Gradient,
    *,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    weight_decay: float,
) -> Iterator[FloatArray]:
    """Loshchilov and Hutter 2019, algorithm 2, with lambda * alpha in place of lambda."""
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t in count(1):
        g = gradient(w, t)
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        m_hat = m / (1 - beta_1**t)
        v_hat = v / (1 - beta_2**t)
        w = w - learning_rate * (m_hat / (np.sqrt(v_hat) + epsilon) + weight_decay * w)
        yield w


def nadamw(
    w: FloatArray,
    gradient: Gradient,
    *,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    weight_decay: float,
    momentum_decay: float,
) -> Iterator[FloatArray]:
    """Dozat 2016, algorithm 2, without its factor nu of n^; decoupled weight decay."""
    m, n, product = np.zeros_like(w), np.zeros_like(w), 1.0
    for t in count(1):
        g = gradient(w, t)
        mu = beta_1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))
        mu_next = beta_1 * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
        product = product * mu
        m = mu * m + (1 - mu) * g
        n = beta_2 * n + (1 - beta_2) * g**2
        m_hat = mu_next * m / (1 - product * mu_next) + (1 - mu) * g / (1 - product)
        n_hat = n / (1 - beta_2**t)
        w = w - learning_rate * (m_hat / (np.sqrt(n_hat) + epsilon) + weight_decay * w)
        yield w


def amsgrad(
    w: FloatArray,
    gradient: Gradient,
    *,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    bias_correction: bool,
) -> Iterator[FloatArray]:
    """Reddi et al. 2018, algorithm 2, without the projection; the corrections are not in the paper."""
    m, v, v_max = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
    for t in count(1):
        g = gradient(w, t)
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        v_max = np.maximum(v_max, v)
        m_hat, v_hat = (m / (1 - beta_1**t), v_max / (1 - beta_2**t)) if bias_correction else (m, v_max)
        w = w - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon)
        yield w


def radam(
    w: FloatArray,
    gradient: Gradient,
    *,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    weight_decay: float,
    threshold: float,
) -> Iterator[FloatArray]:
    """Liu et al. 2020, algorithm 2, with epsilon in l_t and decoupled weight decay."""
    m, v, rho_inf = np.zeros_like(w), np.zeros_like(w), 2 / (1 - beta_2) - 1
    for t in count(1):
        g = gradient(w, t)
        v = beta_2 * v + (1 - beta_2) * g**2
        m = beta_1 * m + (1 - beta_1) * g
        m_hat = m / (1 - beta_1**t)
        rho = rho_inf - 2 * t * beta_2**t / (1 - beta_2**t)
        w = w - learning_rate * weight_decay * w
        if rho > threshold:
            inverse = sqrt(1 - beta_2**t) / (np.sqrt(v) + epsilon)
            r = sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
            w = w - learning_rate * r * m_hat * inverse
        else:
            w = w - learning_rate * m_hat
        yield w


def ademamix(
    w: FloatArray,
    gradient: Gradient,
    *,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    beta_3: float,
    alpha: float,
    epsilon: float,
    weight_decay: float,
    warmup_steps: int,
) -> Iterator[FloatArray]:
    """Pagliardini et al. 2024, algorithm 1, and their schedules of alpha and beta_3."""
    m1, m2, v = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
    for t in count(1):
        b, a = beta_3, alpha
        if t < warmup_steps:
            share, log_1, log_3 = t / warmup_steps, log(beta_1), log(beta_3)
            b = min(exp(log_1 * log_3 / ((1 - share) * log_3 + share * log_1)), beta_3)
            a = share * alpha
        g = gradient(w, t)
        m1 = beta_1 * m1 + (1 - beta_1) * g
        m2 = b * m2 + (1 - b) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        m1_hat = m1 / (1 - beta_1**t)
        v_hat = v / (1 - beta_2**t)
        w = w - learning_rate * ((m1_hat + a * m2) / (np.sqrt(v_hat) + epsilon) + weight_decay * w)
        yield w


def cautious_adamw(
    w: FloatArray,
    gradient: Gradient,
    *,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    weight_decay: float,
) -> Iterator[FloatArray]:
    """Liang et al. 2024, section 2, with alpha = dim / (number of nonzeros + 1)."""
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t in count(1):
        g = gradient(w, t)
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        u = m / (1 - beta_1**t) / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
        phi = (u * g > 0).astype(w.dtype)
        w = w - learning_rate * weight_decay * w
        w = w - learning_rate * phi.size / (phi.sum() + 1) * phi * u
        yield w


def mars(
    w: FloatArray,
    gradient: Gradient,
    *,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    weight_decay: float,
    gamma: float,
) -> Iterator[FloatArray]:
    """Yuan et al. 2024, algorithm 2, with the last gradient for that of the present batch at the last weights; x_1 = x_0."""
    m, v, last = np.zeros_like(w), np.zeros_like(w), None
    for t in count(1):
        g = gradient(w, t)
        c = g if last is None else g + gamma * beta_1 / (1 - beta_1) * (g - last)
        norm = np.linalg.norm(c)
        if norm > 1:
            c = c / norm
        m = beta_1 * m + (1 - beta_1) * c
        v = beta_2 * v + (1 - beta_2) * c**2
        m_hat = m / (1 - beta_1**t)
        v_hat = v / (1 - beta_2**t)
        w = w - learning_rate * (m_hat / (np.sqrt(v_hat) + epsilon) + weight_decay * w)
        last = g.copy()
        yield w


def adopt(
    w: FloatArray,
    gradient: Gradient,
    *,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    weight_decay: float,
    clipping: bool,
) -> Iterator[FloatArray]:
    """Taniguchi et al. 2024, algorithm 2, and decoupled weight decay; g_0 is the gradient of the first step here."""
    m, v = np.zeros_like(w), gradient(w, 1) ** 2
    w = w - learning_rate * weight_decay * w
    yield w
    for t in count(1):
        g = gradient(w, t + 1)
        n = g / np.maximum(np.sqrt(v), epsilon)
        if clipping:
            n = np.clip(n, -(t**0.25), t**0.25)
        m = beta_1 * m + (1 - beta_1) * n
        w = w - learning_rate * (m + weight_decay * w)
        v = beta_2 * v + (1 - beta_2) * g**2
        yield w
