"""What runs leave behind: histories and their files, tables of runs, settings, measures and the choice of the best."""
