"""MLflow behind the tracker: store, writer, reader, server and the pages of its UI."""
