"""Reading an invoice of 500 lines, beside the same rows read and written as JSON by bare asyncpg and orjson."""

import time
from collections.abc import Awaitable, Callable

import asyncpg
import httpx
import orjson
import uvicorn

from services.invoicing.main import build
from services.invoicing.settings import InvoicingSettings
from tests.bench.figures import Figures, percentile
from tests.integration.invoicing.conftest import Stage, stage
from tests.integration.invoicing.money import bill
from tests.integration.invoicing.test_http import TOKEN

__all__ = ["stage"]
LINES = 500
READS = 400
WARM_UP = 40
GOAL_MS = 30.0


async def _measure(step: Callable[[], Awaitable[object]]) -> tuple[list[float], float]:
    """Milliseconds of each read, one after the other, and the CPU milliseconds of this process for one."""
    for _ in range(WARM_UP):
        await step()
    taken = []
    cpu = time.process_time()
    for _ in range(READS):
        begun = time.perf_counter()
        await step()
        taken.append((time.perf_counter() - begun) * 1000)
    return taken, (time.process_time() - cpu) * 1000 / READS


async def test_reading_an_invoice_of_500_lines(stage: Stage, figures: Figures) -> None:
    """Over real HTTP on the loopback, client and service in one process; every line arrives."""
    tenant = await stage.tenant("large")
    invoice = await bill(stage, tenant, *range(1, LINES + 1))
    url = stage.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    nowhere = "http://127.0.0.1:9"
    app = build(
        InvoicingSettings(
            database_url=stage.engine.url.set(drivername="postgresql").render_as_string(hide_password=False),
            broker_url="amqp://127.0.0.1:9/",
            http_port=0,
            internal_token=TOKEN,
            auth_issuer="https://issuer.example",
            auth_jwks="/nowhere.json",
            usage_url=nowhere,
            payments_url=nowhere,
            suspension_url=nowhere,
            notifications_url=nowhere,
        )
    )
    config = uvicorn.Config(app, host="127.0.0.1", port=0, lifespan="off", log_level="warning")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    path = f"/v1/providers/{tenant.provider_id}/tenants/{tenant.tenant_id}/invoices/{invoice.invoice_id}"
    client = httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False
    )
    bare = await asyncpg.connect(url)
    try:

        async def read() -> bytes:
            answer = await client.get(path)
            assert answer.status_code == 200
            return answer.content

        async def read_bare() -> bytes:
            rows = await bare.fetch(
                "SELECT * FROM invoice_line WHERE tenant_id = $1 AND invoice_id = $2 ORDER BY position",
                tenant.tenant_id,
                invoice.invoice_id,
            )
            return orjson.dumps([dict(row) for row in rows], default=str)

        assert len(orjson.loads(await read())["lines"]) == len(orjson.loads(await read_bare())) == LINES
        (served, cpu), (floor, bare_cpu) = await _measure(read), await _measure(read_bare)
    finally:
        await bare.close()
        await client.aclose()
        await server.shutdown()
    p99 = percentile(served, 99)
    figures.add(
        f"an invoice of {LINES} lines read over HTTP, p99",
        f"{p99:.1f} ms",
        goal=f"< {GOAL_MS:.0f} ms",
        beside=f"median {percentile(served, 50):.1f} ms, CPU of client and service {cpu:.1f} ms; bare rows as JSON p99"
        f" {percentile(floor, 99):.1f} ms, median {percentile(floor, 50):.1f} ms, CPU {bare_cpu:.1f} ms;"
        f" ratio of medians {percentile(served, 50) / percentile(floor, 50):.1f}",
    )
