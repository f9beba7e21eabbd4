"""A module that raises what Ctrl-C raises when it is imported."""

raise KeyboardInterrupt
