"""Take a provider's rate deck as a new version, or say what it would change."""

import asyncio
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from services.usage.domain.deck import Changes, Deck, DeckRow, DeckVersion, carry_over, compare, version_on
from services.usage.use_cases.ports import UsageWork
from shared.clock import local_date
from shared.errors import Invalid
from shared.ids import ProviderId, new_id


@dataclass(frozen=True, slots=True)
class DeckUpload:
    """What an upload does on its effective date, against the version that holds then; ``kept`` False: a dry run.

    ``replaced_on``: the effective date of a later version, which ends this one's time.
    """

    version: DeckVersion
    before: DeckVersion | None
    replaced_on: date | None
    changes: Changes
    kept: bool


async def today_of(work: UsageWork, provider_id: ProviderId) -> date:
    """The provider's local day. Raises ``Invalid`` for an unknown provider."""
    if (await work.directory.state(provider_id))[0] == 0:
        raise Invalid(f"No provider {provider_id} is known here.", field="provider_id")
    zone = ZoneInfo(await work.decks.zone(provider_id) or "UTC")
    return local_date(await work.now(provider_id), zone)


async def upload_deck(
    work: UsageWork,
    provider_id: ProviderId,
    name: str,
    rows: list[DeckRow],
    *,
    effective: date,
    content_hash: bytes,
    dry_run: bool,
) -> DeckUpload:
    """A version of a deck never changes: an upload is a new one, whole, from its effective date on.

    The same file with the same date again is the version that it made before. Records that waited for a rate are
    taken by themselves afterwards.
    """
    await work.lock("deck", provider_id, name)
    versions = (await work.decks.versions(provider_id)).get(name, [])
    before = version_on(versions, effective)
    later = min((one.effective_from for one in versions if one.effective_from > effective), default=None)
    if (
        before is not None
        and before.effective_from == effective
        and await work.decks.content_hash(provider_id, before.version_id) == content_hash
    ):
        known = await work.decks.load(provider_id, before.version_id)
        return DeckUpload(before, before, later, compare(known, known, effective), kept=not dry_run)
    old = await work.decks.load(provider_id, before.version_id) if before else None
    # Work for seconds, apart from the loop that records calls.
    whole = await asyncio.to_thread(carry_over, old, rows, effective)
    number = max((one.number for one in versions), default=0) + 1
    version = DeckVersion(new_id(), name, number, effective, len(whole))
    deck = await asyncio.to_thread(Deck, version.version_id, whole)
    changes = await asyncio.to_thread(compare, old, deck, effective)
    if not dry_run:
        await work.decks.add(
            provider_id,
            version,
            deck,
            content_hash=content_hash,
            uploaded_at=await work.now(provider_id),
        )
        await work.directory.changed(provider_id)
    return DeckUpload(version, before, later, changes, kept=not dry_run)
