"""Every primary and unique key starts with tenant or provider, so that tables can be spread by tenant unchanged."""

import importlib

import pytest
from sqlalchemy import Column, Index, MetaData, PrimaryKeyConstraint, Table, UniqueConstraint, Uuid

from shared.db.tables import add_journal_table, make_metadata
from tests.architecture.tree import service_names

LEADING = ("tenant_id", "provider_id")
# What arrives before anybody knows whose it is: Stripe names its own account, which stands for the provider.
BY_STRIPE_ACCOUNT = {"payments": frozenset({"webhook_event"})}


def wrong_keys(metadata: MetaData, but: frozenset[str] = frozenset()) -> list[str]:
    """Keys that do not begin with tenant or provider, and tables without a primary key; not of tables ``but``."""
    wrong = []
    for table in metadata.tables.values():
        if table.name in but:
            continue
        if not table.primary_key.columns:
            wrong.append(f"{table.name}: no primary key")
        keys: list[tuple[str, list[str]]] = [
            (
                str(constraint.name or type(constraint).__name__),
                [column.name for column in constraint.columns],
            )
            for constraint in table.constraints
            if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint)
        ]
        for index in table.indexes:
            if index.unique:
                keys.append(
                    (str(index.name), [getattr(part, "name", str(part)) for part in index.expressions])
                )
        wrong += [
            f"{table.name}: {name} {columns}"
            for name, columns in keys
            if columns and columns[0] not in LEADING
        ]
    return wrong


@pytest.mark.parametrize("service", service_names())
def test_keys_start_with_tenant_or_provider(service: str) -> None:
    """The house's tables included."""
    tables = importlib.import_module(f"services.{service}.adapters.tables")
    assert {"outbox", "inbox", "provider_clock"} <= set(tables.metadata.tables)
    but = BY_STRIPE_ACCOUNT.get(service, frozenset())
    assert but <= set(tables.metadata.tables)
    assert wrong_keys(tables.metadata, but) == []
    for name in but:
        assert tables.metadata.tables[name].primary_key.columns.keys()[0] == "account"


def test_the_houses_own_tables_keep_the_rule() -> None:
    """With the journal of the services that own money."""
    metadata = make_metadata()
    add_journal_table(metadata)
    assert wrong_keys(metadata) == []


def test_wrong_keys_are_caught() -> None:
    """Primary, unique constraint, unique column and unique index alike; a plain index may begin as it likes."""
    metadata = MetaData()
    Table(
        "thing",
        metadata,
        Column("thing_id", Uuid, primary_key=True),
        Column("tenant_id", Uuid, primary_key=True),
        Column("code", Uuid, unique=True),
        Column("name", Uuid),
        UniqueConstraint("name", "tenant_id", name="uq_thing_name"),
        Index("ux_thing_name", "name", unique=True),
        Index("ix_thing_name", "name"),
    )
    Table("loose", metadata, Column("a", Uuid))
    assert len(wrong_keys(metadata)) == 5
