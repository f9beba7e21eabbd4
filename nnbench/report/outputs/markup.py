"""Jinja templates of the report's web page, which escape every text that is not markup already."""

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

# Nothing is loaded from anywhere, nothing is sent; scripts and styles are in the page itself.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"

TEMPLATES = Environment(
    loader=PackageLoader("nnbench.report.outputs"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)
TEMPLATES.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "allow_nan": False, "separators": (",", ":")}


def template_text(name: str) -> str:
    """The text of a file beside the templates."""
    return (files("nnbench.report.outputs") / "templates" / name).read_text("utf-8")
