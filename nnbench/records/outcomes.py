"""Which runs count, by how they ended: the one rule for rankings, statistics, selection and tables."""

COMPLETED = ("finished", "stopped")  # these alone have final values
COUNTED = (*COMPLETED, "diverged")  # these say something of their setting
OVER = (*COUNTED, "failed", "killed")
