"""Results computed from the runs of a study, shared by pages and sentences."""
