"""A gateway whose services and database are fakes; everything between them is real."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from services.gateway.main import build
from tests.support.billing_people import People, gateway_settings, make_people
from tests.support.fake_audit import FakeAuditLog, FakeKeptAnswers, FakeWork
from tests.support.fake_services import FakeServices


@dataclass
class Gateway:
    """The application, a client for it, and what stands behind it."""

    app: FastAPI
    client: httpx.AsyncClient
    services: FakeServices
    audit: FakeAuditLog
    people: People


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    folder: Path = tmp_path_factory.mktemp("issuer")
    return make_people(folder)


@pytest.fixture
async def gateway(people: People) -> AsyncIterator[Gateway]:
    services, audit, kept = FakeServices(), FakeAuditLog(), FakeKeptAnswers()
    app = build(gateway_settings(people), transport=services, open_work=lambda: FakeWork(audit, kept))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as client:
        yield Gateway(app, client, services, audit, people)
