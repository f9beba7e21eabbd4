"""Source files of the user's own classes, which are sent to workers on other machines."""

from nnbench.config.schema import Config
from nnbench.config.source import is_included, sources_of


def user_files(config: Config) -> dict[str, str]:
    """Return the source files of the user's classes in a config, text by path; without nnbench and installed packages."""
    files = {path: text for source in sources_of(config).values() for path, text in source.files.items()}
    return {path: text for path, text in files.items() if _is_users(path.partition("/")[0].removesuffix(".py"))}


def _is_users(package: str) -> bool:
    return package != "nnbench" and is_included(package, home="")
