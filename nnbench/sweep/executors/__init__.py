"""Executors, which train the jobs of a sweep on this machine or through a Hydra launcher."""
