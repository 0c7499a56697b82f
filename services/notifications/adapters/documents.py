"""Facts of mails as JSON documents, by kind. Money is exact: minor units and currency."""

from typing import Any

from pydantic import TypeAdapter

from services.notifications.domain.facts import KIND_OF, Facts, Kind

_ADAPTERS: dict[Kind, TypeAdapter[Any]] = {kind: TypeAdapter(facts) for facts, kind in KIND_OF.items()}


def to_document(kind: Kind, facts: Facts) -> dict[str, Any]:
    document: dict[str, Any] = _ADAPTERS[kind].dump_python(facts, mode="json")
    return document


def from_document(kind: Kind, document: dict[str, Any]) -> Facts:
    facts: Facts = _ADAPTERS[kind].validate_python(document)
    return facts
