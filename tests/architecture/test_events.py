"""The contract between the services: schemas in the tree, names, publishers and listeners as the code has them."""

import ast
import importlib
import inspect
import json
import pkgutil
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema

import shared.events
from shared.events import ALL, BY_TYPE, asyncapi, export
from shared.events.envelope import Event
from shared.messaging.topology import SUBSCRIPTIONS
from tests.architecture.tree import ROOT, SERVICES, modules_below, service_names, uses

NOT_PUBLISHERS = {"envelope", "export", "asyncapi"}


def publishing_modules() -> dict[str, ModuleType]:
    """The modules of shared.events by the service that publishes them."""
    names = [info.name for info in pkgutil.iter_modules(shared.events.__path__) if not info.ispkg]
    return {
        name: importlib.import_module(f"shared.events.{name}") for name in names if name not in NOT_PUBLISHERS
    }


def events_of(module: ModuleType) -> list[type[Event]]:
    """Events with a type of their own that a module defines."""
    return [
        found
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, Event) and found.__module__ == module.__name__ and "TYPE" in vars(found)
    ]


def test_every_event_is_in_the_list_once() -> None:
    """`ALL` is what the modules define, and no type is given twice."""
    defined = [event for module in publishing_modules().values() for event in events_of(module)]
    assert sorted(event.TYPE for event in ALL) == sorted(event.TYPE for event in defined)
    assert len(BY_TYPE) == len(ALL)


def test_every_publishing_module_is_a_service() -> None:
    """One module per service that publishes."""
    assert set(publishing_modules()) <= set(SUBSCRIPTIONS)


@pytest.mark.parametrize("event", ALL, ids=lambda event: event.TYPE)
def test_a_type_is_named_after_module_and_class(event: type[Event]) -> None:
    """`<service>.<noun>.<verb>.v<n>`: module invoicing, class InvoiceIssued → invoicing.invoice.issued.v1."""
    found = re.fullmatch(r"([a-z_]+)\.([a-z_]+)\.([a-z_]+)\.v([1-9][0-9]*)", event.TYPE)
    assert found is not None
    service, noun, verb, version = found.groups()
    camel = "".join(word.capitalize() for word in f"{noun}_{verb}".split("_"))
    assert event.__module__ == f"shared.events.{service}"
    assert event.__name__ == camel + ("" if version == "1" else f"V{version}")


@pytest.mark.parametrize("event", ALL, ids=lambda event: event.TYPE)
def test_an_event_is_frozen_and_tolerant(event: type[Event]) -> None:
    """Nobody changes a fact; a newer publisher's extra field does not stop an older consumer. No float anywhere."""
    assert event.model_config.get("frozen") is True
    assert event.model_config.get("extra") == "ignore"
    assert '"type": "number"' not in json.dumps(export.data_schema(event))
    assert inspect.getdoc(event)


def test_schemas_in_the_tree_are_those_of_the_code() -> None:
    """A change of the contract is seen in review. `make docs` writes them."""
    in_tree = {path.name: path.read_bytes() for path in export.FOLDER.glob("*.json")}
    assert in_tree == export.documents(), "run `make docs` and look at the difference: additive changes only"


def test_exporting_writes_every_schema_and_removes_stale_ones(tmp_path: Path) -> None:
    """So that a renamed event leaves no file behind."""
    (tmp_path / "gone.event.v1.json").write_text("{}")
    export.main(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == export.documents()


def _constructed(source: str) -> set[str]:
    """Events that a source makes, like `invoicing.InvoiceIssued`."""
    made = set()
    by_name = {f"{event.__module__}.{event.__name__}": event for event in ALL}
    for use in uses(source):
        if use.called and use.name in by_name:
            made.add(use.name.removeprefix("shared.events."))
    return made


@pytest.mark.parametrize("service", service_names())
def test_a_service_makes_only_its_own_events(service: str) -> None:
    """Each fact has one publisher."""
    made = {name for path in modules_below(SERVICES / service) for name in _constructed(path.read_text())}
    assert {name for name in made if name.partition(".")[0] != service} == set()


def test_a_foreign_event_that_is_made_is_caught() -> None:
    """Through the module, by name, and under another name; hearing one is fine."""
    assert _constructed("from shared.events import payments\npayments.PaymentFailed(a=1)") == {
        "payments.PaymentFailed"
    }
    assert _constructed("from shared.events.payments import PaymentFailed as F\nF(a=1)") == {
        "payments.PaymentFailed"
    }
    assert (
        _constructed("from shared.events.payments import PaymentFailed\ndef f(e: PaymentFailed): ...")
        == set()
    )


@pytest.mark.parametrize("service", [name for name in service_names() if SUBSCRIPTIONS.get(name)])
def test_a_service_handles_what_it_subscribed(service: str) -> None:
    """Otherwise its queue fills for ever, or a handler waits for nothing."""
    consumers = importlib.import_module(f"services.{service}.entrypoints.consumers")
    assert set(consumers.HANDLERS) == set(SUBSCRIPTIONS[service])
    assert f"services.{service}.entrypoints.consumers.HANDLERS" in {
        use.name for use in uses((SERVICES / service / "main.py").read_text())
    }


def test_no_service_hears_an_event_twice() -> None:
    """One queue per consumer and type."""
    for service, events in SUBSCRIPTIONS.items():
        assert len(events) == len(set(events)), service
        assert set(events) <= set(ALL), service


def test_the_asyncapi_document_in_the_tree_is_that_of_the_code() -> None:
    """`make docs` writes it."""
    assert (ROOT / asyncapi.FILE).read_bytes() == export.pretty(asyncapi.document())


def test_the_asyncapi_document_fits_the_specification() -> None:
    """AsyncAPI 3.0 as FastStream models it; each operation of a known channel, each reference leads somewhere."""
    document: dict[str, Any] = json.loads(export.pretty(asyncapi.document()))
    ApplicationSchema.model_validate(document)
    references = list(_references(document))
    assert len(references) > len(ALL)
    for reference in references:
        assert _follow(document, reference) is not None, reference


def test_the_asyncapi_document_tells_every_sender_and_listener() -> None:
    """One send per event, one receive per subscription."""
    operations = asyncapi.document()["operations"]
    sends = {name for name, operation in operations.items() if operation["action"] == "send"}
    receives = {name for name, operation in operations.items() if operation["action"] == "receive"}
    assert sends == {f"{asyncapi.publisher_of(event)}.sends.{event.TYPE}" for event in ALL}
    assert receives == {
        f"{service}.receives.{event.TYPE}" for service, events in SUBSCRIPTIONS.items() for event in events
    }


def _references(node: Any) -> Any:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _follow(document: Any, reference: str) -> Any:
    assert reference.startswith("#/")
    for part in reference[2:].split("/"):
        document = document.get(part.replace("~1", "/").replace("~0", "~")) if document else None
    return document


def test_sources_of_events_can_be_parsed() -> None:
    """Guards the tests above: an unreadable source would make them pass for nothing."""
    for path in modules_below(SERVICES):
        ast.parse(path.read_text())
