"""Records of runs: histories and their files, tables of a study, settings and tasks, measures, and the choice of the best."""
