"""Sections of the config whose class is chosen by name: an optimizer, a dataset.

In YAML, such a section holds the name of the class, keys of its own, and the fields of the class, side by side.
`validate.parse` checks the fields against the annotations of the class and makes one instance of it, which the section holds.

To add a group, for example `schedule`:

1. In `schema`, define `class ScheduleConfig(Choice["Schedule"])` with `CLASS_KEY`, `find` and the keys of its own, and add a
   field `schedule` to `Config` and to `SourceConfig`.
2. In `nnbench.core.keys`, add `Group(name="schedule", class_field=..., source="schedule_source")`.
3. Write `conf/schedule/*.yaml`, and add the group to the defaults of `conf/config.yaml`.

Validation, identity, pickling, the stored record of a run and its stored source then include the group.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Generic, TypeVar

from nnbench.core.fields import field_values

T = TypeVar("T")


class Section:
    """Section of the config; unknown keys, non-finite numbers and type conversions are refused."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "allow_inf_nan": False, "strict": True}


@dataclass(frozen=True, kw_only=True)
class Choice(Section, ABC, Generic[T]):
    """A class chosen by name, and an instance of it with checked fields.

    A pickle holds the class's name and the fields, from which a worker makes the instance again. So the class need not be
    importable under the name that it was defined with, and `__post_init__` may store what cannot be pickled.

    Attributes:
        CLASS_KEY: the section's key that names the class.
        instance: shared by equal sections, and so never to be changed; `new_instance` makes another one.
    """

    CLASS_KEY: ClassVar[str]
    instance: T

    @staticmethod
    @abstractmethod
    def find(name: str) -> type[Any]:
        """Return the class called `name`.

        Raises:
            UserError: there is none.
        """

    @property
    def class_name(self) -> str:
        """The name of the class: a module of nnbench's package, or `package.module:Class`."""
        return str(getattr(self, self.CLASS_KEY))

    @property
    def values(self) -> dict[str, Any]:
        """The fields of the instance, the defaults included, as plain data."""
        return field_values(self.instance)

    def new_instance(self) -> T:
        """Make an instance with the same fields, which its user may change."""
        return type(self.instance)(**self.values)

    def keys(self) -> dict[str, Any]:
        """Return the keys of the section itself."""
        return {key: getattr(self, key) for key in own_keys(type(self))}

    def __reduce__(self) -> tuple[Any, ...]:
        return _from_values, (type(self), self.keys(), self.values)


def own_keys(section: type[Choice[Any]]) -> tuple[str, ...]:
    """Return the names of a section's own keys, in the order of the class."""
    return tuple(field.name for field in fields(section) if field.name != "instance")


def _from_values(section: type[Choice[Any]], keys: dict[str, Any], values: dict[str, Any]) -> Choice[Any]:
    kind = section.find(keys[section.CLASS_KEY])
    return section(**keys, instance=kind(**values))
