"""Registrations, tax profiles and billing terms as JSON columns keep them; days as ISO 8601 text."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from services.invoicing.domain.billing_terms import Exemption, Registration, TaxProfile


def _plain(one: Any) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(one).items()
    }


def _days(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its days read; columns that were added later may be missing."""
    return dict(row) | {
        name: date.fromisoformat(row[name])
        for name in ("valid_from", "valid_to")
        if row.get(name) is not None
    }


def registrations_data(registrations: Iterable[Registration]) -> list[dict[str, Any]]:
    return [_plain(one) for one in registrations]


def read_registrations(rows: Iterable[Mapping[str, Any]]) -> tuple[Registration, ...]:
    return tuple(Registration(**_days(row)) for row in rows)


def profile_data(profile: TaxProfile) -> dict[str, Any]:
    return {
        "region": profile.region,
        "vat_number": profile.vat_number,
        "exemptions": [_plain(one) for one in profile.exemptions],
    }


def read_profile(row: Mapping[str, Any]) -> TaxProfile:
    return TaxProfile(
        row.get("region"),
        row.get("vat_number"),
        tuple(Exemption(**_days(one)) for one in row.get("exemptions", ())),
    )
