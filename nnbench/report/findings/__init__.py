"""What the runs of a study show, in numbers; no sentences and no drawing."""
