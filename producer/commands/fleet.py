"""`staffel fleet`: the fleet as `fleet.toml` declares it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from producer.commands.session import settings
from staffel.cli.printing import console, note, print_json, table, warn
from staffel.contracts.errors import ConfigurationError
from staffel.settings import provider_keys

if TYPE_CHECKING:
    from staffel.fleet import Fleet

fleet = typer.Typer(no_args_is_help=True, help="The fleet as fleet.toml declares it.")

FLEET_FILE = Path("fleet.toml")


def register(app: typer.Typer) -> None:
    app.add_typer(fleet, name="fleet", rich_help_panel="Fleet")


@fleet.command()
def check(
    file: Annotated[Path | None, typer.Argument(help="The fleet file in use if not given.")] = None,
) -> None:
    """Check a fleet file; every fault is named with its line and field."""
    from producer.fleet_description import cautions
    from staffel.fleet import load_fleet

    path = file or settings().fleet_path()
    declared = load_fleet(path)
    for caution in cautions(declared, provider_keys()):
        warn(caution)
    counted = ", ".join(
        f"{len(part)} {name}"
        for name, part in (
            ("tiers", declared.tiers),
            ("pools", declared.pools),
            ("models", declared.models),
            ("providers", declared.providers),
        )
    )
    typer.echo(f"{path or 'default fleet.toml'}: {counted}: valid")


@fleet.command()
def show(as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False) -> None:
    """Show tiers, pools, models, providers and data classes; keys are never shown."""
    from producer.fleet_description import describe
    from staffel.fleet import load_fleet

    path = settings().fleet_path()
    declared = load_fleet(path)
    description = {"file": path, **describe(declared, provider_keys())}
    if as_json:
        print_json(description)
    else:
        _print(description, declared)


@fleet.command()
def init() -> None:
    """Write the default fleet.toml here, to start from."""
    from staffel.fleet.loader import default_fleet_text

    try:
        with FLEET_FILE.open("x", encoding="utf-8") as file:
            file.write(default_fleet_text())
    except FileExistsError as error:
        raise ConfigurationError(f"{FLEET_FILE} exists already") from error
    except OSError as error:
        raise ConfigurationError(f"{FLEET_FILE}: {error.strerror}") from error
    note(f"wrote {FLEET_FILE}")


def _print(description: dict[str, Any], declared: "Fleet") -> None:
    out = console()
    out.print(f"fleet: {description['file'] or 'default fleet.toml'}", markup=False)
    for part in ("tiers", "pools", "models", "providers", "data_classes"):
        rows = description[part]
        columns = list(rows[0]) if rows else []
        cells = [[_cell(row[column]) for column in columns] for row in rows]
        out.print(
            table([column.replace("_", " ") for column in columns], cells, title=part.replace("_", " "))
        )
    out.print(f"baseline model: {declared.baseline_model}", markup=False)


def _cell(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value
