"""Data classes of jobs and residencies of providers."""

from enum import StrEnum


class DataClass(StrEnum):
    """How sensitive a job's content is, from open to closed."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    RESTRICTED = "restricted"


class Residency(StrEnum):
    """Where a provider processes what it is sent."""

    LOCAL = "local"
    EU = "eu"
    WORLD = "world"


#: Where each class may be processed unless `fleet.toml` says otherwise.
DEFAULT_RESIDENCIES: dict[DataClass, frozenset[Residency]] = {
    DataClass.PUBLIC: frozenset(Residency),
    DataClass.INTERNAL: frozenset(Residency),
    DataClass.CONFIDENTIAL: frozenset({Residency.LOCAL, Residency.EU}),
    DataClass.RESTRICTED: frozenset({Residency.LOCAL}),
}
