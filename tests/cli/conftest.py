"""The trainer of the sweep's tests, for commands."""

from tests.sweep.conftest import trainer as trainer
