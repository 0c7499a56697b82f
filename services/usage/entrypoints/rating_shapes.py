"""Bodies and answers of the routes of rating."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.usage.domain.deck import Change, DeckRow, DeckVersion
from services.usage.use_cases.rating_ports import ReRating
from services.usage.use_cases.upload_deck import DeckUpload
from shared.ids import TenantId


class RowShown(BaseModel):
    """A row of a deck; ``terms`` are price, fee, minimum, increment and cap in one line of words."""

    direction: Literal["inbound", "outbound"]
    prefix: str
    begins: date
    destination: str
    call_class: str
    terms: str


class VersionShown(BaseModel):
    """An uploaded deck; it never changes."""

    version_id: UUID
    name: str
    number: int
    effective_from: date
    rows: int


class ChangeShown(BaseModel):
    """One prefix: added without ``before``, removed without ``after``."""

    direction: Literal["inbound", "outbound"]
    prefix: str
    before: RowShown | None
    after: RowShown | None


class UploadShown(BaseModel):
    """What an upload does, or (``kept`` false) would do, on its effective date."""

    kept: bool
    version: VersionShown
    before: VersionShown | None = Field(description="the version in force on that date until now")
    replaced_on: date | None = Field(description="a later version takes over on this day")
    added: int
    removed: int
    changed: int
    unchanged: int
    price_up: int
    price_down: int
    samples: list[ChangeShown]


class BandBody(BaseModel):
    """When a band holds; the first that matches wins. ``from`` after ``to`` goes over midnight."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern="^[a-z][a-z0-9_]{0,30}$", description="as in the deck's columns price_NAME")
    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]]
    from_: str = Field(alias="from", description="local time, 08:00")
    to: str = Field(description="local time, 18:00; 24:00 is the end of the day")
    holidays: bool = Field(False, description="whether it holds on public holidays, which are no weekdays")


class HolidaysBody(BaseModel):
    """Whose public holidays count."""

    model_config = ConfigDict(extra="forbid")

    country: str = Field(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2")
    region: str | None = Field(None, max_length=10, description="ISO 3166-2 without the country, like NY")


class BandsBody(BaseModel):
    """Time bands of a provider from a day on; calls answered before keep theirs."""

    model_config = ConfigDict(extra="forbid")

    effective_from: date
    time_zone: str | None = Field(None, description="None: the provider's")
    bands: list[BandBody] = Field(max_length=50)
    holidays: HolidaysBody | None = None
    own_holidays: list[date] = Field(default_factory=list, max_length=1000)
    working_days: list[date] = Field(
        default_factory=list, max_length=1000, description="public holidays that are none here"
    )


class ReRatingBody(BaseModel):
    """Rate days that are past again."""

    model_config = ConfigDict(extra="forbid")

    tenant: TenantId | Literal["all"]
    start_date: date
    end_date: date = Field(description="the day after the last")
    reason: str = Field(min_length=1, max_length=300, description="printed with the difference")


class ReRatingShown(BaseModel):
    """How far a re-rating is. ``unrated`` calls have no rate now and keep the one that they had."""

    re_rating_id: UUID
    tenant: TenantId | Literal["all"]
    start_date: date
    end_date: date
    reason: str
    state: Literal["running", "done"]
    asked_at: datetime
    finished_at: datetime | None
    at_tenant: TenantId | None
    at: datetime | None
    calls: int
    changed: int
    unrated: int


class ReleaseBody(BaseModel):
    """Who lets a tenant call again, and up to which usage in this period."""

    model_config = ConfigDict(extra="forbid")

    by: str = Field(min_length=1, max_length=120)
    limit_minor: int | None = Field(
        None, gt=0, description="a higher limit for the rest of the period; none: no limit in it"
    )


class ReleaseShown(BaseModel):
    """The period in which the limit was released."""

    start_date: date
    end_date: date
    limit_minor: int | None


def shown_row(row: DeckRow) -> RowShown:
    return RowShown(
        direction=row.direction,
        prefix=row.prefix,
        begins=row.begins,
        destination=row.destination,
        call_class=row.call_class,
        terms=row.terms,
    )


def shown_version(one: DeckVersion) -> VersionShown:
    return VersionShown(
        version_id=one.version_id,
        name=one.name,
        number=one.number,
        effective_from=one.effective_from,
        rows=one.rows,
    )


def shown_change(one: Change) -> ChangeShown:
    return ChangeShown(
        direction=one.direction,
        prefix=one.prefix,
        before=shown_row(one.before) if one.before else None,
        after=shown_row(one.after) if one.after else None,
    )


def shown_upload(upload: DeckUpload) -> UploadShown:
    """An upload, for people and programs."""
    changes = upload.changes
    return UploadShown(
        kept=upload.kept,
        version=shown_version(upload.version),
        before=shown_version(upload.before) if upload.before else None,
        replaced_on=upload.replaced_on,
        added=changes.added,
        removed=changes.removed,
        changed=changes.changed,
        unchanged=changes.unchanged,
        price_up=changes.price_up,
        price_down=changes.price_down,
        samples=[shown_change(one) for one in changes.samples],
    )


def shown_re_rating(one: ReRating) -> ReRatingShown:
    return ReRatingShown(
        re_rating_id=one.re_rating_id,
        tenant=one.tenant_id or "all",
        start_date=one.start_date,
        end_date=one.end_date,
        reason=one.reason,
        state="done" if one.state == "done" else "running",
        asked_at=one.asked_at,
        finished_at=one.finished_at,
        at_tenant=one.at_tenant,
        at=one.after[0] if one.after else None,
        calls=one.calls,
        changed=one.changed,
        unrated=one.unrated,
    )
