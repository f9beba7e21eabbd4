"""What optimizers do, shown by running them: paths on functions of two variables, decision boundaries over the epochs."""
