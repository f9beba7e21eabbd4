"""Hyperparameter search: spaces, samplers, the tuning protocol and the selection of settings."""
