"""Speed comparisons: two programs that do the same work, timed in turn."""
