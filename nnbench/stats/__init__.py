"""Statistics of a study, one module each; pure functions of arrays and tables."""
