"""Money: integer minor units and an ISO 4217 currency. No float ever.

Rules of money in design/product.md; R30 (half up means away from zero).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import NewType, Self

from shared.errors import Invalid

Currency = NewType("Currency", str)

# ISO 4217 list one: the currencies whose exponent is not 2.
_EXPONENTS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}
_TWO_DECIMALS = frozenset(
    [
        "AED",
        "AFN",
        "ALL",
        "AMD",
        "ANG",
        "AOA",
        "ARS",
        "AUD",
        "AWG",
        "AZN",
        "BAM",
        "BBD",
        "BDT",
        "BGN",
        "BMD",
        "BND",
        "BOB",
        "BRL",
        "BSD",
        "BTN",
        "BWP",
        "BYN",
        "BZD",
        "CAD",
        "CDF",
        "CHF",
        "CNY",
        "COP",
        "CRC",
        "CUP",
        "CVE",
        "CZK",
        "DKK",
        "DOP",
        "DZD",
        "EGP",
        "ERN",
        "ETB",
        "EUR",
        "FJD",
        "FKP",
        "GBP",
        "GEL",
        "GHS",
        "GIP",
        "GMD",
        "GTQ",
        "GYD",
        "HKD",
        "HNL",
        "HTG",
        "HUF",
        "IDR",
        "ILS",
        "INR",
        "IRR",
        "JMD",
        "KES",
        "KGS",
        "KHR",
        "KPW",
        "KYD",
        "KZT",
        "LAK",
        "LBP",
        "LKR",
        "LRD",
        "LSL",
        "MAD",
        "MDL",
        "MGA",
        "MKD",
        "MMK",
        "MNT",
        "MOP",
        "MRU",
        "MUR",
        "MVR",
        "MWK",
        "MXN",
        "MYR",
        "MZN",
        "NAD",
        "NGN",
        "NIO",
        "NOK",
        "NPR",
        "NZD",
        "PAB",
        "PEN",
        "PGK",
        "PHP",
        "PKR",
        "PLN",
        "QAR",
        "RON",
        "RSD",
        "RUB",
        "SAR",
        "SBD",
        "SCR",
        "SDG",
        "SEK",
        "SGD",
        "SHP",
        "SLE",
        "SOS",
        "SRD",
        "SSP",
        "STN",
        "SYP",
        "SZL",
        "THB",
        "TJS",
        "TMT",
        "TOP",
        "TRY",
        "TTD",
        "TWD",
        "TZS",
        "UAH",
        "USD",
        "UYU",
        "UZS",
        "VES",
        "WST",
        "XCD",
        "XCG",
        "YER",
        "ZAR",
        "ZMW",
        "ZWG",
    ]
)


def currency(code: str) -> Currency:
    """The currency of an ISO 4217 code. Raises ``Invalid`` for an unknown one."""
    if code in _TWO_DECIMALS or code in _EXPONENTS:
        return Currency(code)
    raise Invalid(f"{code!r} is not an ISO 4217 currency code; write it like USD or EUR.", field="currency")


def exponent(code: Currency) -> int:
    """Decimal places of the minor unit: 2 for USD, 0 for JPY, 3 for KWD."""
    return _EXPONENTS.get(code, 2)


def round_half_up(value: Decimal) -> int:
    """To a whole number, half away from zero (R30)."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


@dataclass(frozen=True, order=False, slots=True)
class Money:
    """An exact amount: ``minor`` units of ``currency`` (cents of a dollar, whole yen)."""

    minor: int
    currency: Currency

    @classmethod
    def zero(cls, code: Currency) -> Self:
        return cls(0, code)

    @classmethod
    def of(cls, value: Decimal | str | int, code: Currency) -> Self:
        """From major units, which must be a whole number of minor units. Raises ``Invalid``."""
        scaled = Decimal(value).scaleb(exponent(code))
        if scaled != scaled.to_integral_value():
            raise Invalid(f"{value} has fractions of a minor unit of {code}; round it first.", field="amount")
        return cls(int(scaled), code)

    @property
    def decimal(self) -> Decimal:
        """In major units, with the currency's places."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")
        return other.minor

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{self.decimal} {self.currency}"


def total(amounts: Iterable[Money], code: Currency) -> Money:
    """The sum of already rounded amounts, zero for none."""
    zero = Money.zero(code)
    return Money(sum(zero._same(amount) for amount in amounts), code)


def line_amount(quantity: Decimal, unit_price: Decimal, code: Currency, *, per: int = 1) -> Money:
    """``quantity x unit_price / per``, rounded once, half up, multiply before divide (rules of money).

    ``unit_price`` in major units with up to 6 places; ``per`` is 60 when the quantity is in seconds and the
    price per minute.
    """
    exact = (quantity * unit_price).scaleb(exponent(code)) / per
    return Money(round_half_up(exact), code)
