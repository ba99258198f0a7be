"""Settings as commands read them: a wrong value is named by its environment variable."""

from typing import TypeVar

from pydantic import ValidationError

from staffel.contracts.errors import ConfigurationError
from staffel.contracts.validation import invalid_request
from staffel.settings import Settings

AnySettings = TypeVar("AnySettings", bound=Settings)


def read_settings(kind: type[AnySettings]) -> AnySettings:
    """Settings from the environment; raises ConfigurationError naming the variable."""
    try:
        return kind()
    except ValidationError as error:
        raise wrong_settings(error) from error


def wrong_settings(error: ValidationError) -> ConfigurationError:
    names = ", ".join(f"STAFFEL_{'.'.join(map(str, fault['loc'])).upper()}" for fault in error.errors())
    return ConfigurationError(f"{names}: {_without_field(error)}")


def _without_field(error: ValidationError) -> str:
    message, field = str(invalid_request(error)), invalid_request(error).field
    return message.removeprefix(f"{field}: ") if field else message
