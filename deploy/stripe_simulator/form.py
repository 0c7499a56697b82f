"""Stripe's form encoding: ``a[b][0]=c`` into nested values, and strings into what a schema asks for."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from deploy.stripe_simulator.errors import Json, StripeRefusal

PARAMETERS_MAX = 1000
"""More parameters than any real request has; a bound against runaway input."""

_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_PART = re.compile(r"\[([^\[\]]*)\]")
_INTEGER = re.compile(r"^-?\d{1,18}$")
_NUMBER = re.compile(r"^-?\d+(\.\d+)?$")


def parse(text: str) -> Json:
    """Return nested objects with string leaves; ``[]`` appends, indices stay keys until a schema wants a list.

    Raises StripeRefusal where a key is malformed or used both as a value and as an object.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=PARAMETERS_MAX, errors="strict")
    except ValueError as problem:
        raise StripeRefusal(f"The request body could not be read as a form: {problem}.") from problem
    tree: Json = {}
    for key, value in pairs:
        match = _KEY.match(key)
        if match is None:
            raise StripeRefusal(f"Invalid parameter name: {key}", param=key)
        path = [match.group(1), *_PART.findall(match.group(2))]
        _place(tree, path, value, key)
    return tree


def _place(tree: Json, path: list[str], value: str, key: str) -> None:
    node = tree
    for part in path[:-1]:
        node = node.setdefault(part or str(len(node)), {})
        if not isinstance(node, dict):
            raise StripeRefusal(f"Invalid parameter: {key} is both a value and an object", param=key)
    last = path[-1] or str(len(node))
    if isinstance(node.get(last), dict):
        raise StripeRefusal(f"Invalid parameter: {key} is both a value and an object", param=key)
    node[last] = value


def coerce(value: Any, schema: Json) -> Any:
    """Return ``value`` in the types ``schema`` asks for; what does not fit stays as it came, to be refused."""
    if "anyOf" in schema:
        return coerce(value, _branch(value, schema["anyOf"]))
    wanted = schema.get("type")
    if isinstance(value, str):
        return _scalar(value, wanted)
    if wanted == "array" and all(key.isdigit() for key in value):
        items = [value[key] for key in sorted(value, key=int)]
        return [coerce(item, schema.get("items", {})) for item in items]
    if wanted == "object":
        return {name: coerce(child, _member(schema, name)) for name, child in value.items()}
    return value


def _member(schema: Json, name: str) -> Json:
    rest = schema.get("additionalProperties")
    known: Json = schema.get("properties", {}).get(name, rest if isinstance(rest, dict) else {})
    return known


def _scalar(value: str, wanted: Any) -> Any:
    if wanted == "integer" and _INTEGER.match(value):
        return int(value)
    if wanted == "number" and _NUMBER.match(value):
        return float(value)
    if wanted == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


def _branch(value: Any, branches: list[Json]) -> Json:
    """Return the alternative that fits best: for text the first that reads it, else the first of its shape."""
    if isinstance(value, str):
        for branch in branches:
            read = _scalar(value, branch.get("type"))
            if not isinstance(read, str):
                return branch
        return next((branch for branch in branches if branch.get("type") == "string"), branches[0])
    shapes = ("object", "array")
    fitting = [branch for branch in branches if branch.get("type") in shapes]
    for branch in fitting:
        if branch["type"] == "array" and all(key.isdigit() for key in value):
            return branch
        if branch["type"] == "object" and set(value) <= set(branch.get("properties", value)):
            return branch
    return fitting[0] if fitting else branches[0]
