"""The configuration: its typed schema, its validation, and the digests that identify a run."""
