"""The MLflow implementation of `Tracker`: store, writer, reader, server and pages of the UI."""
