"""How long things are kept, and what went: values."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Keep:
    """For how many days after its end something stays where a tenant says nothing else; 0 is for ever."""

    jobs_days: int
    failed_days: int
    payloads_days: int
    keys_days: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows went, a table each."""

    jobs: int = 0
    payloads: int = 0
    results: int = 0
    attempts: int = 0
    calls: int = 0
    decisions: int = 0
    callbacks: int = 0
    batches: int = 0
    keys: int = 0

    @property
    def total(self) -> int:
        return sum(asdict(self).values())

    def __add__(self, other: "Pruned") -> "Pruned":
        return Pruned(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> Self:
        return cls(**{field.name: row[field.name] for field in fields(cls) if field.name in row})
