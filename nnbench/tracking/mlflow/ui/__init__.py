"""MLflow's pages of a study: notes, saved views, and the initial state of the browser."""
