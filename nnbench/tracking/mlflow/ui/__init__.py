"""What MLflow's own pages show of a study: notes, saved views, and their initial state."""
