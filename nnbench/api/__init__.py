"""Python interface: run a sweep, read a study, compare optimizer objects, train without tracking."""
