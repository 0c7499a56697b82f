"""HTTP between the services: rate decks, time bands, re-ratings, spend limits."""

import asyncio
from collections.abc import Callable
from datetime import date
from hashlib import blake2b
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Body, Depends, Path, Query, Request
from fastapi.responses import Response

from services.usage.domain.deck_file import BadDeck, read_deck
from services.usage.domain.time_bands import DAYS, minutes_of
from services.usage.entrypoints.rating_shapes import (
    BandsBody,
    ReleaseBody,
    ReleaseShown,
    ReRatingBody,
    ReRatingShown,
    RowShown,
    UploadShown,
    VersionShown,
    shown_re_rating,
    shown_row,
    shown_upload,
    shown_version,
)
from services.usage.use_cases.ports import OpenWork
from services.usage.use_cases.re_rate_periods import ask_re_rating, get_re_rating
from services.usage.use_cases.upload_deck import DeckUpload, today_of, upload_deck
from services.usage.use_cases.watch_limits import release_spend_limit
from shared.errors import Invalid, NotFound
from shared.http.problems import problem
from shared.ids import ProviderId, TenantId

DeckName = Annotated[str, Path(pattern="^[a-z0-9][a-z0-9-]{0,40}$", description="like standard")]


async def take_deck(
    open_work: OpenWork,
    provider_id: ProviderId,
    name: str,
    content: bytes,
    *,
    effective: date | None,
    dry_run: bool,
) -> DeckUpload:
    """Reads a file apart from the loop and keeps it. Raises ``BadDeck``, ``Invalid`` for text that is not UTF-8."""
    async with open_work() as work:
        day = effective or await today_of(work, provider_id)
    try:
        lines = content.decode("utf-8-sig").splitlines(keepends=True)
    except UnicodeDecodeError as error:
        raise Invalid(
            f"The deck is not UTF-8 (byte {error.start}); save it as CSV UTF-8.", field="file"
        ) from None
    rows = await asyncio.to_thread(read_deck, lines, day)
    async with open_work() as work:
        await today_of(work, provider_id)
        return await upload_deck(
            work,
            provider_id,
            name,
            rows,
            effective=day,
            content_hash=blake2b(content, digest_size=16).digest(),
            dry_run=dry_run,
        )


def rating_router(
    open_work: OpenWork, internal: Callable[..., Any], changed: Callable[[], None]
) -> APIRouter:
    """Everything of rating under a provider; ``changed`` wakes the loops that may have work now."""
    router = APIRouter(prefix="/v1/providers/{provider_id}", dependencies=[Depends(internal)])
    _add_decks(router, open_work, changed)
    _add_bands(router, open_work, changed)
    _add_re_ratings(router, open_work, changed)
    return router


def _add_decks(router: APIRouter, open_work: OpenWork, changed: Callable[[], None]) -> None:
    @router.post(
        "/decks/{name}",
        tags=["rating"],
        status_code=201,
        response_model=UploadShown,
        responses={
            200: {"model": UploadShown, "description": "a dry run"},
            422: {"description": "wrong lines"},
        },
        openapi_extra={"requestBody": {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    )
    async def post_deck(
        request: Request,
        provider_id: ProviderId,
        name: DeckName,
        effective: Annotated[date | None, Query(description="in force from this day on; today")] = None,
        dry_run: Annotated[bool, Query(description="say what would change, and change nothing")] = False,
    ) -> Response:
        """Upload a whole rate deck (CSV with a head line) as a new version; refused as a whole if a line is wrong."""
        content = await request.body()
        try:
            upload = await take_deck(
                open_work, provider_id, name, content, effective=effective, dry_run=dry_run
            )
        except BadDeck as bad:
            first = bad.problems[0]
            return problem(
                422,
                "bad-deck",
                f"Line {first.line}: {first.detail} Nothing of the deck was taken.",
                field=first.field,
                errors=[{"line": one.line, "field": one.field, "detail": one.detail} for one in bad.problems],
            )
        changed()
        body = shown_upload(upload).model_dump_json()
        return Response(body, status_code=200 if dry_run else 201, media_type="application/json")

    @router.get("/decks", tags=["rating"])
    async def get_decks(provider_id: ProviderId) -> list[VersionShown]:
        """Every version of every deck of the provider."""
        async with open_work() as work:
            found = await work.decks.versions(provider_id)
        return [shown_version(one) for name in sorted(found) for one in found[name]]

    @router.get("/decks/{name}/{number}", tags=["rating"])
    async def get_rows(
        provider_id: ProviderId,
        name: DeckName,
        number: int,
        prefix: Annotated[str, Query(max_length=20, description="rows that begin so")] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        after: Annotated[str | None, Query(description="direction|prefix|begins of the last row")] = None,
    ) -> list[RowShown]:
        """Rows of a version, by direction and prefix."""
        place = None
        if after is not None:
            try:
                direction, last, begins = after.split("|")
                place = (direction, last, date.fromisoformat(begins))
            except ValueError:
                raise Invalid("`after` is direction|prefix|date of the last row.", field="after") from None
        async with open_work() as work:
            versions = (await work.decks.versions(provider_id)).get(name, [])
            found = [one for one in versions if one.number == number]
            if not found:
                raise NotFound("There is no such version of that deck.", field="number")
            rows = await work.decks.some_rows(
                provider_id, found[0].version_id, prefix=prefix, after=place, limit=limit
            )
        return [shown_row(one) for one in rows]


def _add_bands(router: APIRouter, open_work: OpenWork, changed: Callable[[], None]) -> None:
    @router.put("/time-bands", tags=["rating"])
    async def put_bands(provider_id: ProviderId, body: BandsBody) -> dict[str, Any]:
        """Keep time bands from a day on. Days that were rated already keep theirs until a re-rating."""
        kept = _checked_bands(body)
        async with open_work() as work:
            await today_of(work, provider_id)
            now = await work.now(provider_id)
            version = await work.decks.keep_calendar(provider_id, body.effective_from, kept, now)
            await work.directory.changed(provider_id)
        changed()
        return {"version": version, "effective_from": body.effective_from, **kept}

    @router.get("/time-bands", tags=["rating"])
    async def get_bands(provider_id: ProviderId) -> list[dict[str, Any]]:
        """Every version; for a day the latest effective date holds, of equal ones the newest version."""
        async with open_work() as work:
            return await work.decks.calendars(provider_id)


def _checked_bands(body: BandsBody) -> dict[str, Any]:
    """The body as it is kept. Raises ``Invalid`` with the field that is wrong."""
    if body.time_zone is not None:
        try:
            ZoneInfo(body.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise Invalid(
                f"{body.time_zone!r} is no time zone; write Europe/Berlin.", field="time_zone"
            ) from None
    for position, band in enumerate(body.bands):
        for field, clock in (("from", band.from_), ("to", band.to)):
            try:
                minutes_of(clock)
            except ValueError:
                raise Invalid(
                    f"{clock!r} is no local time from 00:00 to 24:00.", field=f"bands.{position}.{field}"
                ) from None
        if band.from_ == "24:00" or band.from_ == band.to:
            raise Invalid(
                "A band needs a length; the whole day is 00:00 to 24:00.", field=f"bands.{position}.to"
            )
    kept = body.model_dump(mode="json", by_alias=True, exclude={"effective_from"})
    for band in kept["bands"]:
        band["days"] = sorted(set(band["days"]), key=DAYS.index)
    return kept


def _add_re_ratings(router: APIRouter, open_work: OpenWork, changed: Callable[[], None]) -> None:
    @router.post("/re-ratings", tags=["rating"], status_code=202)
    async def post_re_rating(provider_id: ProviderId, body: Annotated[ReRatingBody, Body()]) -> ReRatingShown:
        """Rate days that are past again by decks and plans as they are now; the same request twice is one."""
        async with open_work() as work:
            made = await ask_re_rating(
                work,
                provider_id,
                tenant_id=None if body.tenant == "all" else body.tenant,
                start=body.start_date,
                end=body.end_date,
                reason=body.reason,
            )
        changed()
        return shown_re_rating(made)

    @router.get("/re-ratings", tags=["rating"])
    async def get_re_ratings(
        provider_id: ProviderId, limit: Annotated[int, Query(ge=1, le=500)] = 50
    ) -> list[ReRatingShown]:
        """The newest first."""
        async with open_work() as work:
            return [shown_re_rating(one) for one in await work.re_ratings.listed(provider_id, limit)]

    @router.get("/re-ratings/{re_rating_id}", tags=["rating"])
    async def get_one_re_rating(provider_id: ProviderId, re_rating_id: UUID) -> ReRatingShown:
        """How far it is."""
        async with open_work() as work:
            return shown_re_rating(await get_re_rating(work, provider_id, re_rating_id))

    @router.post("/tenants/{tenant_id}/spend-limit/release", tags=["rating"])
    async def post_release(
        provider_id: ProviderId, tenant_id: TenantId, body: Annotated[ReleaseBody, Body()]
    ) -> ReleaseShown:
        """Let a tenant call again that came to its spend limit, for the rest of the period."""
        async with open_work() as work:
            row = await release_spend_limit(
                work, provider_id, tenant_id, by=body.by, limit_minor=body.limit_minor
            )
        changed()
        return ReleaseShown(start_date=row.start_date, end_date=row.end_date, limit_minor=row.limit_minor)
