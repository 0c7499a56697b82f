"""What the gate leaves in traces: nothing, since its query holds the number that somebody calls."""

from collections.abc import Iterator

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.suspension.main import build
from services.suspension.settings import SuspensionSettings


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What is exported, by whatever asks for the global provider."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    yield exporter
    provider.shutdown()


async def test_a_question_about_a_call_leaves_no_span(spans: InMemorySpanExporter) -> None:
    """Not by our instrumentation, nor by the framework's own; any other request leaves one."""
    nowhere = "http://127.0.0.1:1"
    settings = SuspensionSettings.model_validate(
        {
            "database_url": "postgresql://nobody@127.0.0.1:1/none",
            "broker_url": "amqp://nobody@127.0.0.1:1/",
            "http_port": 0,
            "internal_token": "internal-token-of-the-tests",
            "auth_issuer": "https://issuer.example",
            "auth_audience": "tollgate",
            "auth_jwks": "/nowhere.json",
            "invoicing_url": nowhere,
            "payments_url": nowhere,
        }
    )
    transport = httpx.ASGITransport(build(settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://suspension") as client:
        for query in ("tenant=acme&direction=outbound&to=%2B12125550100", "to=911"):
            assert (await client.get(f"/v1/call-policy?{query}")).status_code == 401
        assert spans.get_finished_spans() == ()
        assert (await client.get("/v1/providers/nobody/policy")).status_code == 401
    assert [span.name for span in spans.get_finished_spans()] != []
