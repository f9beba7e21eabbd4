"""nnbench: a fair, seeded, tracked benchmark of optimizers on a from-scratch NumPy network."""
