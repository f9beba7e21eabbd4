"""Configuration: typed schema, validation, and the digests that identify a run."""
