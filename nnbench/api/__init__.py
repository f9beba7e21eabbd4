"""What the commands do, from Python: run a sweep, read a study, compare optimizer objects, train without tracking."""
