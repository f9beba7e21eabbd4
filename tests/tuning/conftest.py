"""The trainer of the sweep's tests, for sweeps that tune."""

from tests.sweep.conftest import trainer as trainer
