"""Metered totals of a period as invoicing keeps them; a higher revision replaces a lower one."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Minutes:
    """One class, direction, destination and price (R13). ``charge`` exact, major units (R12).

    A line of kind ``connect_fees`` is ``calls`` times ``price_per_call`` (R10). ``given_key`` is usage's own name
    of the line, the same in every revision. ``plan_id`` tells by which plan the calls were rated (R8).
    """

    call_class: str
    direction: str
    calls: int
    billed_seconds: int
    included_seconds: int
    charged_seconds: int
    price_per_minute: Decimal
    charge: Decimal
    kind: str = "minutes"
    given_key: str | None = None
    destination: str | None = None
    price_per_call: Decimal | None = None
    plan_id: str | None = None
    plan_version: int | None = None

    @property
    def key(self) -> str:
        if self.given_key is not None:
            return self.given_key
        return f"{self.kind}/{self.call_class}/{self.direction}/{self.price_per_minute.normalize():f}"


@dataclass(frozen=True, slots=True)
class CountsOf:
    """Extensions and DIDs in the days ``[start, end)`` of one plan (R19); days are the sum over resources."""

    start: date
    end: date
    extensions_peak: int
    dids_peak: int
    extension_days: int
    did_days: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Peaks are the most provisioned at one time (R18). ``reason`` and its words say why this revision is."""

    revision: int
    extensions_peak: int
    dids_peak: int
    minutes: tuple[Minutes, ...]
    parts: tuple[CountsOf, ...] = ()
    reason: str = "period_ended"
    reason_text: str | None = None

    def to_data(self) -> dict[str, Any]:
        """Plain JSON data; decimals as strings, days as YYYY-MM-DD."""
        return {
            "revision": self.revision,
            "extensions_peak": self.extensions_peak,
            "dids_peak": self.dids_peak,
            "minutes": [_plain(part) for part in self.minutes],
            "parts": [_plain(part) for part in self.parts],
            "reason": self.reason,
            "reason_text": self.reason_text,
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        """The inverse of ``to_data``; additional fields are ignored, and those that came later may be missing."""
        return cls(
            data["revision"],
            data["extensions_peak"],
            data["dids_peak"],
            tuple(_minutes(part) for part in data["minutes"]),
            tuple(_counts(part) for part in data.get("parts", ())),
            data.get("reason", "period_ended"),
            data.get("reason_text"),
        )


def _plain(part: Minutes | CountsOf) -> dict[str, Any]:
    values = {name: getattr(part, name) for name in type(part).__slots__}
    return {name: str(v) if isinstance(v, Decimal | date) else v for name, v in values.items()}


def _minutes(data: dict[str, Any]) -> Minutes:
    """Field by field: a month's close reads hundreds of thousands of these."""
    given = data.get
    per_call = given("price_per_call")
    return Minutes(
        data["call_class"],
        data["direction"],
        data["calls"],
        data["billed_seconds"],
        data["included_seconds"],
        data["charged_seconds"],
        Decimal(data["price_per_minute"]),
        Decimal(data["charge"]),
        given("kind", "minutes"),
        given("given_key"),
        given("destination"),
        None if per_call is None else Decimal(per_call),
        given("plan_id"),
        given("plan_version"),
    )


def _counts(data: dict[str, Any]) -> CountsOf:
    known = {name: data[name] for name in CountsOf.__slots__ if name in data}
    for name in ("start", "end"):
        known[name] = date.fromisoformat(known[name])
    return CountsOf(**known)


NOTHING_METERED = Totals(0, 0, 0, ())
