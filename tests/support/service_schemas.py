"""What the services say of the routes that the gateway passes on: statuses, bodies and answers, for the public document.

``python -m tests.support.service_schemas`` writes them anew, from the services' own applications.
"""

import importlib
import json
import re
from pathlib import Path
from typing import Any

from services.gateway.entrypoints.provider_routes import PROVIDER_ROUTES, ProviderRoute

FILE = Path(__file__).parents[2] / "services" / "gateway" / "entrypoints" / "service_schemas.json"
_REFERENCE = "#/components/schemas/"
_NOWHERE = {
    "database_url": "postgresql://nobody:nothing@127.0.0.1:1/none",
    "broker_url": "amqp://nobody:nothing@127.0.0.1:1/none",
    "http_port": 0,
    "internal_token": "internal-token-of-nobody",
    "auth_issuer": "https://issuer.example",
    "auth_jwks": "/nowhere.json",
    **{f"{one}_url": "http://127.0.0.1:9" for one in ("usage", "invoicing", "payments", "suspension", "notifications")},
    "billing_url": "http://127.0.0.1:9/billing",
    "stripe_secret_key": "sk_test_nobody_at_all",
    "stripe_publishable_key": "pk_test_nobody_at_all",
    "stripe_webhook_secret": "whsec_nobody_at_all",
    "smtp_host": "127.0.0.1",
    "smtp_port": 25,
    "smtp_tls": "none",
    "mail_from": "billing@tollgate.example",
}  # fmt: skip


def _document(service: str) -> dict[str, Any]:
    settings = importlib.import_module(f"services.{service}.settings")
    kind = getattr(settings, f"{service.capitalize()}Settings")
    wanted = {name: value for name, value in _NOWHERE.items() if name in kind.model_fields}
    app = importlib.import_module(f"services.{service}.main").build(kind.model_validate(wanted))
    found: dict[str, Any] = app.openapi()
    return found


def _shape(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


class _Schemas:
    """Schemas that were used, under a name that says whose they are."""

    def __init__(self) -> None:
        self.used: dict[str, Any] = {}

    def named(self, service: str, document: dict[str, Any], node: Any) -> Any:
        if isinstance(node, list):
            return [self.named(service, document, one) for one in node]
        if not isinstance(node, dict):
            return node
        copied = {key: self.named(service, document, value) for key, value in node.items()}
        reference = node.get("$ref")
        if isinstance(reference, str):
            name = reference.removeprefix(_REFERENCE)
            public = f"{service}.{name}"
            copied["$ref"] = _REFERENCE + public
            if public not in self.used:
                self.used[public] = None
                self.used[public] = self.named(service, document, document["components"]["schemas"][name])
        mapping = copied.get("discriminator", {}).get("mapping") if "discriminator" in copied else None
        if mapping:
            copied["discriminator"]["mapping"] = {
                key: value.replace(_REFERENCE, f"{_REFERENCE}{service}.") for key, value in mapping.items()
            }
        return copied


def _json_schema(content: dict[str, Any]) -> Any:
    return content.get("application/json", {}).get("schema")


def _of_route(route: ProviderRoute, document: dict[str, Any], schemas: _Schemas) -> dict[str, Any] | None:
    wanted = _shape(route.target or f"/v1/providers/{{p}}{route.path}")
    for path, item in document["paths"].items():
        if _shape(path) == wanted and route.method.lower() in item:
            operation = item[route.method.lower()]
            answers = {
                status: schemas.named(route.service, document, _json_schema(one.get("content", {})))
                for status, one in operation["responses"].items()
                if status.startswith("2")
            }
            body = _json_schema(operation.get("requestBody", {}).get("content", {}))
            return {"answers": answers, "body": schemas.named(route.service, document, body)}
    return None


def make_schemas() -> dict[str, Any]:
    """``routes`` by method and path, and the ``schemas`` that they name."""
    documents = {service: _document(service) for service in {route.service for route in PROVIDER_ROUTES}}
    schemas = _Schemas()
    routes = {
        f"{route.method} {route.path}": _of_route(route, documents[route.service], schemas)
        for route in PROVIDER_ROUTES
    }
    return {
        "routes": {name: one for name, one in routes.items() if one is not None},
        "schemas": dict(sorted(schemas.used.items())),
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(make_schemas(), indent=1) + "\n")
    print(FILE)
