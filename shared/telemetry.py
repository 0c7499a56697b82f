"""Traces, metrics and structured logs. Logs carry trace ids and never a secret, a card or a full phone number."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

# Secrets by their form, wherever they turn up: Stripe keys, tokens, passwords in addresses, card and phone numbers.
_SECRETS = (
    (re.compile(r"\b(sk|rk|whsec|pk)_(test_|live_)?[A-Za-z0-9_]{6,}"), r"\1_…"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "token…"),
    (re.compile(r"(\w+://[^:/@\s]+):[^@/\s]+@"), r"\1:…@"),
)
# Digits in a row that could be a card (12 to 19) or, with a plus sign, a telephone number; ids and stamps are shorter
# or carry other characters around them.
_CARD = re.compile(r"(?<![\w.-])(?:\d[ -]?){11,18}\d(?![\w.-])")
_PHONE = re.compile(r"(?<!\w)\+\d{4,}(?=\d{3}(?!\d))")


def redact(value: str) -> str:
    """Hides secrets; of a card or phone number only the last digits stay."""
    for pattern, replacement in _SECRETS:
        value = pattern.sub(replacement, value)
    value = _CARD.sub(lambda found: "…" + found.group()[-4:], value)
    return _PHONE.sub("+…", value)


def _redact_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: redact(value) if isinstance(value, str) else value for key, value in event.items()}


def _add_trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event["trace_id"] = format(span.trace_id, "032x")
        event["span_id"] = format(span.span_id, "016x")
    return event


def start_logging(service: str, level: str) -> None:
    """One JSON object a line on standard output, for our own and for libraries' log records."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _add_trace,
        _redact_event,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("httpx", "httpcore", "uvicorn.access", "stripe", "faststream"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # They report a lost connection at every try; the relay, the consumers and readiness say it once in our words.
    for noisy in ("aio_pika", "aiormq"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    structlog.contextvars.bind_contextvars(service=service)


def start_telemetry(service: str, otlp_endpoint: str | None) -> None:
    """Sets the global tracer and meter providers; exports over OTLP/HTTP when an endpoint is set."""
    resource = Resource.create({"service.name": f"tollgate-{service}", "service.namespace": "tollgate"})
    tracers = TracerProvider(resource=resource)
    readers = []
    if otlp_endpoint:
        # Imported here: the exporter costs memory that a service without telemetry need not pay.
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{otlp_endpoint}/v1/traces")))
        readers.append(PeriodicExportingMetricReader(OTLPMetricExporter(f"{otlp_endpoint}/v1/metrics")))
    trace.set_tracer_provider(tracers)
    metrics.set_meter_provider(MeterProvider(resource=resource, metric_readers=readers))
