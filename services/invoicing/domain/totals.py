"""Metered totals of a period as invoicing keeps them; a higher revision replaces a lower one."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Minutes:
    """One class and direction at one price (R13). ``charge`` exact, major units (R12)."""

    call_class: str
    direction: str
    calls: int
    billed_seconds: int
    included_seconds: int
    charged_seconds: int
    price_per_minute: Decimal
    charge: Decimal

    @property
    def key(self) -> str:
        return f"minutes/{self.call_class}/{self.direction}/{self.price_per_minute.normalize():f}"


@dataclass(frozen=True, slots=True)
class Totals:
    """Peaks are the most provisioned at one time (R18)."""

    revision: int
    extensions_peak: int
    dids_peak: int
    minutes: tuple[Minutes, ...]

    def to_data(self) -> dict[str, Any]:
        """Plain JSON data; decimals as strings."""
        return {
            "revision": self.revision,
            "extensions_peak": self.extensions_peak,
            "dids_peak": self.dids_peak,
            "minutes": [
                {
                    **{name: getattr(part, name) for name in Minutes.__slots__},
                    "price_per_minute": str(part.price_per_minute),
                    "charge": str(part.charge),
                }
                for part in self.minutes
            ],
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        """The inverse of ``to_data``; additional fields are ignored."""
        parts = tuple(
            Minutes(
                call_class=part["call_class"],
                direction=part["direction"],
                calls=part["calls"],
                billed_seconds=part["billed_seconds"],
                included_seconds=part["included_seconds"],
                charged_seconds=part["charged_seconds"],
                price_per_minute=Decimal(part["price_per_minute"]),
                charge=Decimal(part["charge"]),
            )
            for part in data["minutes"]
        )
        return cls(data["revision"], data["extensions_peak"], data["dids_peak"], parts)


NOTHING_METERED = Totals(0, 0, 0, ())
