"""nnbench: a fair, seeded, tracked benchmark of optimizers on a from-scratch NumPy network."""

__version__ = "0.1.0"
