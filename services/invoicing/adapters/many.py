"""Rows of many tenants in one query, as one array: a list of parameters would be planned anew for each length."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, Column, ColumnElement, Date, Uuid, any_, column, func, literal, select, tuple_


def is_one_of(of: Column[UUID], ids: Collection[UUID]) -> ColumnElement[bool]:
    """``of = ANY(ids)``."""
    return of == any_(literal(list(ids), ARRAY(Uuid)))


def are_one_of(
    of: tuple[Column[UUID], Column[date]], keys: Collection[tuple[UUID, date]]
) -> ColumnElement[bool]:
    """Pairs of id and day, found one by one through the key's index."""
    wanted = (
        func.unnest(
            literal([one for one, _ in keys], ARRAY(Uuid)), literal([day for _, day in keys], ARRAY(Date))
        )
        .table_valued(column("id", Uuid), column("day", Date), name="wanted")
        .render_derived()
    )
    return tuple_(*of).in_(select(wanted.c.id, wanted.c.day))
