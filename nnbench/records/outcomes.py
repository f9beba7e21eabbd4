"""Groups of outcomes: which runs count in rankings, statistics, selection and tables."""

COMPLETED = ("finished", "stopped")  # the outcomes with final values
COUNTED = (*COMPLETED, "diverged")  # those that depend on the setting; the others are faults of the code or the machine
OVER = (*COUNTED, "failed", "killed")  # all outcomes of runs that are not running any more
