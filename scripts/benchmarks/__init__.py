"""What speed is measured against, and how: two ways of doing the same work, timed side by side."""
