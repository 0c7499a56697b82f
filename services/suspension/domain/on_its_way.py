"""Debits, disputes and plans as payments itself says that they are, against what events told of them."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from services.suspension.domain.account import Fact, FactKind

# What payments knows; it is asked before anybody is barred.
PAYMENTS_KINDS: tuple[FactKind, ...] = ("debit", "dispute", "plan")
_LEAST = timedelta(microseconds=1)
Source = tuple[FactKind, UUID]


def of_payments(facts: Iterable[Fact]) -> frozenset[tuple[FactKind, UUID, datetime, bool]]:
    """The facts that payments told of, to be compared with later ones."""
    return frozenset(
        (fact.kind, fact.source_id, fact.at, fact.ended) for fact in facts if fact.kind in PAYMENTS_KINDS
    )


def corrections(facts: Iterable[Fact], true: Iterable[Fact], *, at: datetime) -> list[Fact]:
    """What has to be kept beside ``facts`` so that exactly ``true`` (beginnings) is on its way at ``at``.

    A beginning that was lost counts since it truly began, so that the ladder's days since then do not count; an end
    that was lost counts from now on. Nothing that is kept is taken back, so repeats and late news do no harm.
    """
    newest = _newest(facts)
    said = {(fact.kind, fact.source_id): fact for fact in true}
    found = []
    for source, fact in said.items():
        last = newest.get(source)
        if last is None:
            found.append(fact)
        elif last.ended:
            begun_at = max(fact.at, last.at + _LEAST)
            found.append(Fact(fact.source_id, begun_at, False, fact.invoice_ids, fact.kind))
    for source, last in newest.items():
        if not last.ended and source not in said:
            found.append(Fact(last.source_id, max(at, last.at), True, last.invoice_ids, last.kind))
    return found


def _newest(facts: Iterable[Fact]) -> Mapping[Source, Fact]:
    """The last word about each source; of one instant the end."""
    newest: dict[Source, Fact] = {}
    for fact in sorted(
        (one for one in facts if one.kind in PAYMENTS_KINDS), key=lambda one: (one.at, one.ended)
    ):
        newest[fact.kind, fact.source_id] = fact
    return newest
