"""Before anybody is barred for not paying, and now and then while it is, invoicing itself is asked what is open, and
payments what is on its way.

Events may be lost or late; this is what keeps a lost one from suspending who has paid, or from keeping it suspended.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.suspension.domain.account import Fact, FactKind, Invoice
from services.suspension.domain.invoices import Kept, correct
from services.suspension.domain.on_its_way import corrections, of_payments
from services.suspension.use_cases.ports import AuditEntry, Said, SuspensionWork, Tenant
from services.suspension.use_cases.recompute_standing import BY_POLICY, facts_of, recompute_standing
from shared.ids import InvoiceId, ProviderId, TenantId


@dataclass(frozen=True, slots=True)
class Question:
    """What was known when the others were asked: an answer says nothing about what changed meanwhile."""

    provider_id: ProviderId
    tenant_id: TenantId
    revisions: Mapping[InvoiceId, int]
    facts: frozenset[tuple[FactKind, UUID, datetime, bool]]


async def ask_about(work: SuspensionWork, tenant_id: TenantId) -> Question | None:
    """None: the tenant is not known (yet)."""
    tenant = await work.tenants.get(tenant_id)
    if tenant is None:
        return None
    kept = await work.ledger.kept_invoices(tenant_id)
    revisions = {one.invoice.invoice_id: one.revision for one in kept}
    facts = of_payments(await work.ledger.facts(tenant_id))
    return Question(tenant.provider_id, tenant_id, revisions, facts)


async def confirm_standing(work: SuspensionWork, question: Question, said: Said) -> bool:
    """Corrects what was known by what they said, then looks again. False: something changed meanwhile, ask again."""
    await work.lock_tenant(question.tenant_id)
    tenant = await work.tenants.get(question.tenant_id)
    if tenant is None:
        return True
    known = {one.invoice.invoice_id: one for one in await work.ledger.kept_invoices(tenant.tenant_id)}
    facts = await work.ledger.facts(tenant.tenant_id)
    true = {invoice.invoice_id: invoice for invoice in said.owed}
    revisions = {invoice_id: one.revision for invoice_id, one in known.items()}
    current = revisions == dict(question.revisions) and of_payments(facts) == question.facts
    if current:
        now = await work.now(tenant.provider_id)
        for fact in corrections(facts, said.on_its_way, at=now):
            await _correct_fact(work, tenant, fact, now)
        for invoice_id in {*known, *true}:
            await _correct(work, tenant, known.get(invoice_id), true.get(invoice_id))
    await recompute_standing(work, tenant.tenant_id, confirmed=current)
    if not current:
        await work.standings.ask_truth(tenant.tenant_id, work.system_now())
    return current


async def _correct(work: SuspensionWork, tenant: Tenant, known: Kept | None, true: Invoice | None) -> None:
    now = await work.now(tenant.provider_id)
    corrected = correct(known, true, at=now)
    if corrected is None:
        return
    await work.ledger.correct_invoice(tenant.provider_id, tenant.tenant_id, corrected)
    was_open = known is None or known.invoice.is_open
    if was_open != corrected.invoice.is_open:
        invoice_id = corrected.invoice.invoice_id
        fact = Fact(invoice_id, now, corrected.invoice.is_open, frozenset({invoice_id}), "paid")
        await work.ledger.keep_fact(tenant.provider_id, tenant.tenant_id, fact)
    details: dict[str, Any] = {
        "before": facts_of(known.invoice) if known else None,
        "after": facts_of(corrected.invoice),
    }
    await _note(work, tenant, now, "as invoicing and payments say; an event did not arrive", details)


async def _correct_fact(work: SuspensionWork, tenant: Tenant, fact: Fact, now: datetime) -> None:
    await work.ledger.keep_fact(tenant.provider_id, tenant.tenant_id, fact)
    details = {
        "kind": fact.kind,
        "source_id": str(fact.source_id),
        "ended" if fact.ended else "since": fact.at.isoformat(),
        "invoice_ids": sorted(map(str, fact.invoice_ids)),
    }
    await _note(work, tenant, now, "as payments says; an event did not arrive", details)


async def _note(
    work: SuspensionWork, tenant: Tenant, now: datetime, reason: str, details: dict[str, Any]
) -> None:
    entry = AuditEntry(now, work.system_now(), "corrected", BY_POLICY, reason, details)
    await work.audit.add(tenant.provider_id, tenant.tenant_id, entry)
