"""The smallest JSON value a schema allows, for the common part of JSON schema (no `pattern` or `not`)."""

import math
import random
from typing import Any

MAX_DEPTH = 40

FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "email": "someone@example.org",
    "uri": "https://example.org/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1",
}


class UnanswerableSchemaError(ValueError):
    """The schema asks for something that has no end or no value."""


def instance_of(schema: Any, dice: random.Random) -> Any:
    """A value valid under `schema`; `dice` chooses among the values of an enum."""
    return _Instances(schema, dice).build(schema, 0)


class _Instances:
    """Builds values; references are resolved in the whole schema."""

    def __init__(self, root: Any, dice: random.Random) -> None:
        self._root = root
        self._dice = dice

    def build(self, schema: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise UnanswerableSchemaError("the schema requires itself")
        if not isinstance(schema, dict):
            return None
        schema = self._plain(schema, depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._dice.choice(schema["enum"])
        return self._typed(schema, depth)

    def _plain(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        """The schema with references and combinations merged in, the first choice of each."""
        while parts := _combined(schema):
            rest = {k: v for k, v in schema.items() if k not in {"$ref", "allOf", "anyOf", "oneOf"}}
            for part in parts:
                found = self._referenced(part["$ref"]) if set(part) == {"$ref"} else part
                rest = _merged(rest, found)
            schema, depth = rest, depth + 1
            if depth > MAX_DEPTH:
                raise UnanswerableSchemaError("the schema refers to itself")
        return schema

    def _referenced(self, reference: str) -> dict[str, Any]:
        node = self._root
        for step in reference.removeprefix("#").split("/")[1:]:
            node = node.get(step.replace("~1", "/").replace("~0", "~"), {})
        return node if isinstance(node, dict) else {}

    def _typed(self, schema: dict[str, Any], depth: int) -> Any:
        kinds = schema.get("type", _implied_type(schema))
        kind = kinds[0] if isinstance(kinds, list) else kinds
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "boolean":
                return self._dice.random() < 0.5
            case _:
                return _plain_value(kind, schema)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        return {name: self.build(properties.get(name, {}), depth + 1) for name in schema.get("required", ())}

    def _array(self, schema: dict[str, Any], depth: int) -> list[Any]:
        first = schema.get("prefixItems", [])
        count = max(schema.get("minItems", 0), len(first) if schema.get("items") is False else 0)
        kinds = [first[n] if n < len(first) else schema.get("items", {}) for n in range(count)]
        return [self.build(kind, depth + 1) for kind in kinds]


def _combined(schema: dict[str, Any]) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"$ref": schema["$ref"]}] if "$ref" in schema else []
    parts += schema.get("allOf", ())
    return parts + [schema[key][0] for key in ("anyOf", "oneOf") if schema.get(key)]


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    merged = {**other, **one}
    if "properties" in one and "properties" in other:
        merged["properties"] = {**other["properties"], **one["properties"]}
    if "required" in one and "required" in other:
        merged["required"] = [
            *one["required"],
            *(name for name in other["required"] if name not in one["required"]),
        ]
    return merged


def _implied_type(schema: dict[str, Any]) -> str | None:
    if "properties" in schema or "required" in schema:
        return "object"
    return "array" if "items" in schema or "minItems" in schema else None


def _plain_value(kind: str | None, schema: dict[str, Any]) -> str | float | None:
    match kind:
        case "string":
            return _string(schema)
        case "integer":
            return int(_number(schema, step=1))
        case "number":
            return _number(schema, step=0.5)
        case _:
            return None


def _string(schema: dict[str, Any]) -> str:
    if (known := FORMATS.get(schema.get("format", ""))) is not None:
        return known
    least, most = schema.get("minLength", 0), schema.get("maxLength", math.inf)
    word = "word".ljust(least, "x")
    return word if most == math.inf else word[: int(most)]


def _number(schema: dict[str, Any], *, step: float) -> float:
    """The allowed number nearest above the lower bound, or below the upper one."""
    step = float(schema.get("multipleOf", step))
    if "minimum" in schema or "exclusiveMinimum" in schema:
        low = float(max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf)))
        number = math.ceil(low / step) * step
        return number + step if number == schema.get("exclusiveMinimum") else number
    high = float(min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf)))
    if high >= step:
        return step
    number = math.floor(high / step) * step
    return number - step if number == schema.get("exclusiveMaximum") else number
