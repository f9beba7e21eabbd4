"""Hooks of MkDocs: pages of files outside docs/, formulas as MathML, and a check that the site needs no network.

MkDocs loads this file by mkdocs.yml and calls the functions by their names.
"""

import json
import re
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
NOTEBOOK = "tutorial.ipynb", "tutorial.md"

_LINK = re.compile(r"(\]\()([^)#\s:]+)(#[^)\s]*)?(\))")
_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
_FORMULA = re.compile(r"\$([^$\n]+)\$")
# What a browser fetches by itself, as opposed to a link that a reader may follow.
_FETCHED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(?:https?:)?//|<link\b[^>]*\bhref=["']?(?:https?:)?//"""
)
_IMPORTED = re.compile(r"""@import\s+["'(]|url\(["']?(?:https?:)?//""")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made of files outside docs/, and of the notebook."""
    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=linked(text, in_docs=False)))
    notebook, page = NOTEBOOK
    cells = json.loads((ROOT / "docs" / notebook).read_text(encoding="utf-8"))
    files.append(File.generated(config, page, content=linked(notebook_text(cells), in_docs=True)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Links from docs/ to files outside become links to their pages; formulas become MathML."""
    return formulas(linked(markdown, in_docs=True))


def on_post_build(config: MkDocsConfig) -> None:
    """Refuse a site whose pages or styles fetch anything from another address.

    Raises:
        PluginError: one does; names the file.
    """
    site = Path(config.site_dir)
    for path in sorted([*site.rglob("*.html"), *site.rglob("*.css")]):
        pattern = _FETCHED if path.suffix == ".html" else _IMPORTED
        if found := pattern.search(path.read_text(encoding="utf-8")):
            raise PluginError(f"{path.relative_to(site)} fetches from the network: {found[0]}")


def linked(text: str, *, in_docs: bool) -> str:
    """The text with its links as the site needs them: to pages instead of files, relative to docs/.

    Args:
        text: Markdown.
        in_docs: whether the links are relative to docs/, or to the folder above.
    """

    def target(match: re.Match[str]) -> str:
        path = match[2]
        path = path.removeprefix("../") if in_docs else path.removeprefix("docs/")
        path = NOTEBOOK[1] if path == NOTEBOOK[0] else PAGES.get(path, path)
        return f"{match[1]}{path}{match[3] or ''}{match[4]}"

    return _LINK.sub(target, text)


def formulas(text: str) -> str:
    """The text with `$...$` outside of code as MathML, which browsers draw without a script."""
    parts = _CODE.split(text)
    parts[::2] = [_FORMULA.sub(lambda match: convert(match[1]), part) for part in parts[::2]]
    return "".join(parts)


def notebook_text(notebook: dict[str, Any]) -> str:
    """A notebook as Markdown: its texts and its code, without what the code printed."""
    parts = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
    return "\n\n".join(parts) + "\n"
