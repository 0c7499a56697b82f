"""A mail on its way: what becomes of it after each try.

A mail server that is away delays all mails and is nobody's fault; a temporary refusal delays one mail, for days at
most (RFC 5321, section 4.5.4.1); a permanent refusal of an address is final for it and stays on the record.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.notifications.domain.facts import FOR_PROVIDER, Facts, Kind
from shared.ids import EventId, ProviderId, TenantId, derived_id

FIRST_PAUSE = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(hours=1)
# While the mail server is away: asked again after seconds, doubling, a minute at most.
FIRST_AWAY_PAUSE = timedelta(seconds=2)
LONGEST_AWAY_PAUSE = timedelta(seconds=60)
GIVE_UP_AFTER = timedelta(days=5)
# One try, connection included, ends within this; a lease outlives it, so that only a crash lets one run out.
TRY_SECONDS = 60
LEASE = timedelta(seconds=90)


class State(StrEnum):
    """``waiting`` for its (next) try; ``sent`` to whoever could be reached; ``refused`` by or for everybody."""

    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the mail server said to one try, by address. Replies are its words."""

    taken: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    deferred: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail of one event. ``event_at`` is the provider's clock; all other instants are real time."""

    provider_id: ProviderId
    mail_id: UUID
    tenant_id: TenantId
    kind: Kind
    event_id: EventId
    event_at: datetime
    facts: Facts
    created_at: datetime
    due_at: datetime
    state: State = State.WAITING
    attempts: int = 0
    taken: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None
    sent_at: datetime | None = None
    deferred_since: datetime | None = None
    trace: Mapping[str, str] = field(default_factory=dict)

    def still_to_reach(self, recipients: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the tenant's addresses that neither took the mail nor refused it for good."""
        return tuple(r for r in recipients if r not in self.taken and r not in self.refused)


def mail_id_of(provider_id: ProviderId, event_id: EventId, kind: Kind) -> UUID:
    """The same for the same event, so that a mail that had to be sent twice carries one Message-ID."""
    return derived_id("mail", provider_id, event_id, kind.value)


def message_id(mail_id: UUID, domain: str) -> str:
    return f"<{mail_id.hex}@{domain}>"


def pause_after(attempts: int) -> timedelta:
    """Before the next try of a mail that was deferred ``attempts`` times: a minute, doubling, an hour at most."""
    return min(FIRST_PAUSE * (1 << min(attempts - 1, 10)), LONGEST_PAUSE)


def after_delivery(mail: Mail, delivery: Delivery, now: datetime) -> Mail:
    """The mail after the server answered for every address that was still to be reached."""
    tried = replace(
        mail,
        attempts=mail.attempts + 1,
        taken=(*mail.taken, *delivery.taken),
        refused={**mail.refused, **delivery.refused},
        problem=_told({**mail.refused, **delivery.refused, **delivery.deferred}),
    )
    since = mail.deferred_since or now
    if delivery.deferred and now - since < GIVE_UP_AFTER:
        return replace(tried, deferred_since=since, due_at=now + pause_after(tried.attempts))
    if delivery.deferred:
        given_up = {a: f"given up after {GIVE_UP_AFTER.days} days: {r}" for a, r in delivery.deferred.items()}
        tried = replace(
            tried, refused={**tried.refused, **given_up}, problem=_told({**tried.refused, **given_up})
        )
    if tried.taken:
        return replace(tried, state=State.SENT, sent_at=now)
    return replace(tried, state=State.REFUSED)


def after_failure(mail: Mail, problem: str, now: datetime) -> Mail:
    """The mail after a try that failed on our side: nothing is lost, it is tried again."""
    attempts = mail.attempts + 1
    return replace(mail, attempts=attempts, problem=problem[:1000], due_at=now + pause_after(attempts))


def unreachable(mail: Mail, now: datetime) -> Mail:
    """The mail to somebody none of whose addresses is left to try."""
    if mail.taken:
        return replace(mail, state=State.SENT, sent_at=mail.sent_at or now)
    who = "provider" if mail.kind in FOR_PROVIDER else "tenant"
    problem = mail.problem or f"The {who} has no address that can be used; correct it, then retry."
    return replace(mail, state=State.REFUSED, attempts=mail.attempts + 1, problem=problem)


def after_bounce(mail: Mail, address: str, reply: str) -> Mail:
    """The mail after a server further on gave it back (RFC 3464): this address did not take it after all.

    The same bounce again changes nothing. A mail that still waits for another address goes on waiting.
    """
    refused = {**mail.refused, address: f"bounced: {reply}"[:300]}
    taken = tuple(one for one in mail.taken if one != address)
    state = State.REFUSED if mail.state is State.SENT and not taken else mail.state
    return replace(mail, taken=taken, refused=refused, state=state, problem=_told(refused))


def again(mail: Mail, now: datetime) -> Mail:
    """The mail as an operator sends it once more: to every address that has not taken it yet."""
    return replace(
        mail, state=State.WAITING, attempts=0, refused={}, problem=None, deferred_since=None, due_at=now
    )


def _told(replies: Mapping[str, str]) -> str | None:
    return "; ".join(f"{address}: {reply}" for address, reply in replies.items())[:1000] or None
