"""MLflow app of `mlflow server --app-name nnbench`: MLflow's pages, opened on model training and without the assistant.

A browser without settings opens every study on the pages for language models, which are empty here, and beside them an
assistant that takes a quarter of the window; docs/review.md shows both. Settings that a user has chosen stay, and an MLflow
that names them otherwise ignores these.
"""

import json
from typing import Any

from flask import Response, request
from mlflow.server import app as flask
from mlflow.server.fastapi_app import app as app  # which MLflow serves

DEFAULTS: dict[str, Any] = {
    "mlflow.workflowType_v1": "machine_learning",
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": True,
}
SCRIPT = "".join(
    f"localStorage.getItem({key!r}) ?? localStorage.setItem({key!r}, {json.dumps(value)!r});"
    for key, value in DEFAULTS.items()
)


@flask.after_request
def open_on_training(response: Response) -> Response:
    """Put the script that sets the defaults first in the head of the only HTML page."""
    if request.path == "/" and response.mimetype == "text/html":
        response.direct_passthrough = False  # the file is read instead of handed on
        response.set_data(response.get_data().replace(b"<head>", f"<head><script>{SCRIPT}</script>".encode(), 1))
    return response
