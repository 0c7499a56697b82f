"""A call's rating as the columns of ``call`` have it, there and back (docs/design-rating.md)."""

from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import RowMapping

from services.usage.domain.call_rating import Rating
from services.usage.domain.metering import TimedCall
from services.usage.domain.rating import RatedCall, Segment, shown

RATING_TYPES = {
    "call_class": "text",
    "billed_seconds": "int8",
    "destination": "text",
    "deck_version_id": "uuid",
    "deck_prefix": "text",
    "price_per_minute": "numeric",
    "connect_fee": "numeric",
    "segments": "jsonb",
    "charge_cap": "numeric",
    "charge": "numeric",
    "chargeable": "bool",
    "known_class": "text",
}


def rating_values(rating: Rating) -> dict[str, Any]:
    """The columns; prices are null where nothing is billed, segments where the whole call has one price."""
    rated = rating.rated
    billed = bool(rated.segments)
    several = [[one.seconds, str(one.price_per_minute), one.band] for one in rated.segments]
    return {
        "call_class": rating.call_class,
        "billed_seconds": rated.billed_seconds,
        "destination": rating.destination,
        "deck_version_id": rating.version_id,
        "deck_prefix": rating.prefix,
        "price_per_minute": rated.price_per_minute if billed else None,
        "connect_fee": rated.connect_fee if billed else None,
        "segments": orjson.dumps(several).decode() if len(several) > 1 else None,
        "charge_cap": rated.cap if rated.capped else None,
        "charge": shown(rated.charge) if billed else None,
        "chargeable": rated.chargeable,
        "known_class": rating.known_class,
    }


def read_rating(row: RowMapping) -> Rating:
    """The rating of a row of ``call`` that is billed. A kept ``segments`` is JSON text or what came of it."""
    kept = row["segments"]
    if isinstance(kept, str | bytes):
        kept = orjson.loads(kept)
    price = Decimal(row["price_per_minute"] or 0).normalize()
    segments = (
        tuple(Segment(seconds, Decimal(each).normalize(), band) for seconds, each, band in kept)
        if kept
        else (Segment(row["billed_seconds"], price),)
        if row["billed_seconds"]
        else ()
    )
    cap = row["charge_cap"]
    return Rating(
        call_class=row["call_class"],
        rated=RatedCall(
            billed_seconds=row["billed_seconds"],
            segments=segments,
            connect_fee=Decimal(row["connect_fee"] or 0).normalize(),
            cap=None if cap is None else Decimal(cap).normalize(),
            chargeable=row["chargeable"],
        ),
        destination=row["destination"],
        version_id=row["deck_version_id"],
        prefix=row["deck_prefix"],
        known_class=row["known_class"],
    )


def read_timed_call(row: RowMapping, *, by_extension: bool) -> TimedCall:
    """A billed row of ``call`` as metering reads it."""
    rating = read_rating(row)
    return TimedCall(
        answered_at=row["placed_at"],
        call_id=row["call_key"],
        plan=(row["plan_id"], row["plan_version"]),
        call_class=rating.call_class,
        direction=row["direction"],
        destination=rating.destination or "",
        extension=(row["extension"] or "") if by_extension else "",
        rated=rating.rated,
    )
