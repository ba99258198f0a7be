"""Options that several commands share, declared once as a dataclass."""

import inspect
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any


def with_options(command: Callable[..., None], group: type, parameter: str) -> Callable[..., None]:
    """Replaces a parameter of the command, of the type of the group, by one option a field of the group."""
    signature = inspect.signature(command)
    names = [field.name for field in fields(group)]

    @wraps(command)
    def expanded(**given: Any) -> None:
        values = group(**{name: given.pop(name) for name in names})
        command(**given, **{parameter: values})

    own = [own for own in signature.parameters.values() if own.name != parameter]
    options = [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=field.type
        )
        for field in fields(group)
    ]
    expanded.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
    return expanded
