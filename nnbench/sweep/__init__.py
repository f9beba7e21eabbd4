"""Sweeps: the jobs (`grid`), their training (`executors`), their tracking (`recorder`), and the whole (`sweep`)."""
