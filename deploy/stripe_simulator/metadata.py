"""Changes to an object as Stripe applies them: metadata keys are merged, an empty string unsets."""

from __future__ import annotations

from deploy.stripe_simulator.errors import Json


def merged(kept: Json | None, given: Json | str) -> Json:
    """Return metadata after an update: ``""`` clears all of it, a key's ``""`` clears that key."""
    if isinstance(given, str):
        return {}
    both = (kept or {}) | given
    return {key: value for key, value in both.items() if value != ""}


def apply(body: Json, params: Json, *names: str) -> None:
    """Set the named fields that a request gives; an empty string becomes null."""
    for name in names:
        if name in params:
            body[name] = None if params[name] == "" else params[name]
    if "metadata" in params:
        body["metadata"] = merged(body.get("metadata"), params["metadata"])
