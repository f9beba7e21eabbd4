"""Config source `class://`: options of the group `optimizer`, and their search spaces, that are named by a class.

See `nnbench.config.named_classes`. It is searched last, so that a YAML file of the same name takes precedence.
"""

# No `from __future__ import annotations` here: it breaks the plugin scanner of Hydra 1.3.
from typing import Optional

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

from nnbench.config.folder import CONF
from nnbench.core.keys import SUBJECT

GROUPS = (SUBJECT.name, "space")


class NamedClassSource(ConfigSource):
    """Options that are named by a class; those of other names are not there."""

    @staticmethod
    def scheme() -> str:
        return "class"

    def load_config(self, config_path: str) -> ConfigResult:
        from nnbench.config.named_classes import option

        group, name = self._split(config_path)
        if (values := option(group, name)) is None:
            raise ConfigLoadError(f"{config_path}: no such option")
        return ConfigResult(
            config=OmegaConf.create(values), path=self.full_path(), provider=self.provider, header={"package": None}
        )

    def is_config(self, config_path: str) -> bool:
        group, name = self._split(config_path)
        if group not in GROUPS or not ({".", ":"} & {*name}):
            return False
        from nnbench.config.named_classes import is_named_class, option  # after the cheap test: most names are of files

        return is_named_class(name) and (group == SUBJECT.name or option(group, name) is not None)

    def is_group(self, config_path: str) -> bool:
        return False

    def available(self) -> bool:
        return True

    def list(self, config_path: str, results_filter: Optional[ObjectType]) -> list[str]:
        return []

    @staticmethod
    def _split(config_path: str) -> tuple[str, str]:
        group, _, name = config_path.removesuffix(".yaml").rpartition("/")
        return group, name


class NamedClassSearchPath(SearchPathPlugin):
    """Adds the source to the search path of nnbench's own commands, and of no other Hydra application."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        paths = [str(element.path) for element in search_path.get_path() if element.provider == "main"]
        if str(CONF) in (path.removeprefix("file://") for path in paths):
            search_path.append(provider="nnbench", path="class://")
