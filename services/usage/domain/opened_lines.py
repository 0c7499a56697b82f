"""A usage line opened into its calls: what each of them adds to it (R12, R13)."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from services.usage.domain.metering import CallPart


@dataclass(frozen=True, slots=True)
class LineShare:
    """What a call adds to a line: billed seconds, those of them that are included, and the exact charge.

    The shares of a line's calls sum to the line, to the last digit. Between two revisions they may be negative.
    """

    billed_seconds: int = 0
    included_seconds: int = 0
    charge: Fraction = Fraction(0)

    def __sub__(self, other: "LineShare") -> "LineShare":
        return LineShare(
            self.billed_seconds - other.billed_seconds,
            self.included_seconds - other.included_seconds,
            self.charge - other.charge,
        )


NOTHING = LineShare()


def share_in(parts: Iterable[CallPart], key: str) -> LineShare | None:
    """A call's share in the line with this key; None when it is no part of it."""
    found = [part for part in parts if part.line.key == key]
    if not found:
        return None
    return LineShare(
        sum(part.billed_seconds for part in found),
        sum(part.included_seconds for part in found),
        sum((part.charge for part in found), Fraction(0)),
    )
