"""MLflow's pages, opened on what this project has: for `mlflow server --app-name nnbench`, an MLflow app.

Without it a browser that sees them for the first time opens every study on the side of language models, which is empty,
and beside it an assistant that takes a third of the window. What somebody has chosen in their browser stays as it is, and
an MLflow that names these settings otherwise ignores them.
"""

import json
from typing import Any

from flask import Response, request
from mlflow.server import app as flask
from mlflow.server.fastapi_app import app as app  # what MLflow then serves

DEFAULTS: dict[str, Any] = {
    "mlflow.workflowType_v1": "machine_learning",
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": True,
    "mlflow.settings.telemetry.enabled_v1": False,
    "mlflow.telemetry.info.alert.dismissed_v1": True,
}
SCRIPT = "".join(
    f"localStorage.getItem({key!r}) ?? localStorage.setItem({key!r}, {json.dumps(value)!r});"
    for key, value in DEFAULTS.items()
)


@flask.after_request
def open_on_training(response: Response) -> Response:
    """Put the defaults before all else in the one page that there is."""
    if request.path == "/" and response.mimetype == "text/html":
        response.direct_passthrough = False  # the file is read instead of handed on
        response.set_data(response.get_data().replace(b"<head>", f"<head><script>{SCRIPT}</script>".encode(), 1))
    return response
