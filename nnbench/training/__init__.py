"""Training: the loop over epochs, and the execution of one run from its config."""
