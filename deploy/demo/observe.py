"""Looks at what happened, through public interfaces, and compares it with the oracle."""

import asyncio
import email
import email.policy
import json
import re
import uuid
from collections.abc import Iterable
from decimal import Decimal
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx

from deploy.demo.api import Api, DemoFailed, eventually
from deploy.demo.cast import BILLING, PROVIDER, Stage, StagedTenant
from deploy.demo.facts import Facts
from deploy.demo.month import Month
from deploy.demo.oracle import (
    CENT,
    Billed,
    ExpectedInvoice,
    billed_calls,
    late_amounts,
    month_invoice,
    opening_invoice,
    totals,
)
from deploy.demo.scenario import OPENED, PERIOD_END


def everybody(stage: Stage) -> list[StagedTenant]:
    return [tenant for provider in stage.providers.values() for tenant in provider.tenants.values()]


def expected_calls(tenant: StagedTenant, month: Month, *, late: bool) -> list[Billed]:
    sent = month.records if late else month.in_time + month.straggling
    return billed_calls(tenant.spec, sent)


async def _period_usage(tenant: StagedTenant) -> dict[str, Any]:
    path = f"{PROVIDER}/tenants/{tenant.tenant_id}"
    known = await tenant.provider.admin.get(path)
    window = {
        "start_date": OPENED.isoformat(),
        "end_date": PERIOD_END.isoformat(),
        "plan_id": known["plan_id"],
        "plan_version": known["plan_version"],
    }
    found: dict[str, Any] = await tenant.provider.admin.get(f"{path}/usage", params=window)
    return found


def _by_direction(usage: dict[str, Any]) -> dict[str, int]:
    found = {"inbound": 0, "outbound": 0}
    for line in usage["minutes"]:
        found[line["direction"]] += int(line["billed_seconds"])
    return found


async def minutes(stage: Stage, month: Month, facts: Facts, *, late: bool) -> None:
    """Fact 1: totals of minutes equal the independent computation, repeats counted once."""
    name = "late_calls_are_metered" if late else "minutes_equal_independent_computation"
    figures: dict[str, Any] = {}
    holds = True
    for tenant in everybody(stage):
        billed = expected_calls(tenant, month, late=late)
        usage = await _period_usage(tenant)
        wanted, found = totals(billed), _by_direction(usage)
        calls = sum(int(day["calls"]) for day in usage["days"])
        holds = holds and wanted == found and calls == len(billed)
        figures[tenant.spec.slug] = {
            "minutes": str((Decimal(sum(found.values())) / 60).quantize(Decimal("0.1"))),
            "expected_seconds": wanted,
            "found_seconds": found,
            "expected_calls": len(billed),
            "found_calls": calls,
        }
    repeated = len(month.in_time) - len({call.uuid for call in month.in_time})
    facts.note(name, holds, records_sent=len(month.records), repeats_sent=repeated, tenants=figures)


async def invoices_of(tenant: StagedTenant) -> list[dict[str, Any]]:
    listed = await tenant.admin.get(f"{BILLING}/invoices", params={"limit": 50})
    rows: list[dict[str, Any]] = listed["invoices"]
    return sorted(rows, key=lambda row: str(row["issued_on"]))


async def invoice_of(tenant: StagedTenant, issued_on: str) -> dict[str, Any]:
    """The whole invoice issued on a day."""
    rows = [row for row in await invoices_of(tenant) if row["issued_on"] == issued_on]
    if len(rows) != 1:
        raise DemoFailed(f"{tenant.spec.name} has {len(rows)} invoices of {issued_on}, not one")
    found: dict[str, Any] = await tenant.admin.get(f"{BILLING}/invoices/{rows[0]['invoice_id']}")
    return found


def _major(amount: dict[str, Any]) -> Decimal:
    return Decimal(amount["minor"]) * CENT


def shown(invoice: dict[str, Any]) -> ExpectedInvoice:
    """An invoice as the API shows it, in the oracle's form."""
    return ExpectedInvoice(
        sorted(_major(line["amount"]) for line in invoice["lines"]),
        _major(invoice["subtotal"]),
        sum((_major(tax["amount"]) for tax in invoice["taxes"]), Decimal(0)),
        _major(invoice["total"]),
    )


async def invoices(stage: Stage, month: Month, facts: Facts) -> None:
    """Fact 2: each due invoice is issued with the right lines, tax and number; trial tenants get none."""
    numbers: dict[str, list[str]] = {}
    for tenant in everybody(stage):
        provider = tenant.provider.spec
        rows = await invoices_of(tenant)
        numbers.setdefault(provider.slug, []).extend(str(row["number"]) for row in rows)
        wanted = {
            OPENED.isoformat(): opening_invoice(provider, tenant.spec),
            PERIOD_END.isoformat(): month_invoice(
                provider, tenant.spec, expected_calls(tenant, month, late=False)
            ),
        }
        found = {row["issued_on"]: shown(await invoice_of(tenant, row["issued_on"])) for row in rows}
        expected = {day: invoice for day, invoice in wanted.items() if invoice is not None}
        name = (
            "trial_tenant_gets_no_invoice" if tenant.spec.trial_ends_on else f"invoices_of_{tenant.spec.slug}"
        )
        facts.same(
            name.replace("-", "_"),
            expected={day: str(invoice.total) for day, invoice in expected.items()},
            actual={day: str(invoice.total) for day, invoice in found.items()},
            lines_and_tax_agree=expected == found,
        )
        facts.note(
            "invoice_lines_and_taxes_equal_independent_computation",
            expected == found,
            checked=sum(len(v) for v in numbers.values()),
        )
    holds = all(_gapless(stage, slug, found) for slug, found in numbers.items())
    facts.note(
        "invoice_numbers_run_without_gaps", holds, **{slug: sorted(found) for slug, found in numbers.items()}
    )


def _gapless(stage: Stage, slug: str, found: list[str]) -> bool:
    prefix = stage.providers[slug].spec.prefix
    forms = [re.fullmatch(rf"{prefix}-2026-(\d+)", number) for number in found]
    counted = sorted(int(form[1]) for form in forms if form is not None)
    # A number of another form is missing here, and so no run without gaps.
    return counted == list(range(1, len(found) + 1))


async def late_usage(stage: Stage, month: Month, facts: Facts, issued_on: str) -> None:
    """Late calls are on the next invoice as the difference of rating the whole period again."""
    figures: dict[str, Any] = {}
    holds = True
    for tenant in everybody(stage):
        if tenant.spec.trial_ends_on is not None:
            continue
        wanted = late_amounts(
            tenant.spec.plan,
            expected_calls(tenant, month, late=False),
            expected_calls(tenant, month, late=True),
        )
        invoice = await invoice_of(tenant, issued_on)
        found = sorted(_major(line["amount"]) for line in invoice["lines"] if line["kind"] == "late_usage")
        holds = holds and wanted == found
        figures[tenant.spec.slug] = {"expected": [str(x) for x in wanted], "found": [str(x) for x in found]}
    facts.note("late_calls_are_on_the_next_invoice", holds, late_calls=len(month.late), **figures)


# -- mail ---------------------------------------------------------------------------------------------------------


def _read_mails(folder: Path, since: float) -> list[EmailMessage]:
    found = []
    for file in sorted(folder.glob("*.eml")):
        if file.stat().st_mtime < since:
            continue
        message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        found.append(message)
    return found


def mails_to(stage: Stage, address: str) -> list[EmailMessage]:
    return [
        mail
        for mail in _read_mails(Path(stage.endpoints["mail_folder"]), stage.began_at)
        if address in str(mail["to"])
    ]


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(preferencelist=("plain",))
    return str(body.get_content()) if body is not None else ""


async def mail_about(stage: Stage, tenant: StagedTenant, *words: str) -> list[EmailMessage]:
    """Mails to the tenant's billing address that say all these words; waits for the first."""

    async def look() -> list[EmailMessage] | None:
        found = [
            mail
            for mail in mails_to(stage, tenant.spec.billing_email)
            if all(word.lower() in (str(mail["subject"]) + text_of(mail)).lower() for word in words)
        ]
        return found or None

    try:
        return await eventually(f"a mail to {tenant.spec.billing_email} about {words}", look, seconds=20)
    except DemoFailed:
        return []


# -- walls and leftovers --------------------------------------------------------------------------------------------


async def isolation(stage: Stage, facts: Facts) -> None:
    """Fact 6a: nothing of provider one is visible with a token of provider two."""
    kestrel, mainton = stage.providers.values()
    stranger = next(iter(mainton.tenants.values()))
    statuses: dict[str, int] = {}
    for tenant in kestrel.tenants.values():
        base = f"{PROVIDER}/tenants/{tenant.tenant_id}"
        for path in (base, f"{base}/usage", f"{base}/invoices", f"{base}/standing", f"{base}/audit"):
            window = {
                "start_date": OPENED.isoformat(),
                "end_date": PERIOD_END.isoformat(),
                "plan_id": str(uuid.uuid4()),
                "plan_version": "1",
            }
            answer = await mainton.admin.send("GET", path, params=window if path.endswith("usage") else None)
            statuses[f"provider {path.removeprefix(PROVIDER)}"] = answer.status_code
        for invoice in await invoices_of(tenant):
            for suffix in ("", "/pdf"):
                answer = await stranger.admin.send(
                    "GET", f"{BILLING}/invoices/{invoice['invoice_id']}{suffix}"
                )
                statuses[f"tenant /invoices/{invoice['number']}{suffix}"] = answer.status_code
        answer = await mainton.calls.send(
            "GET",
            "/v1/call-policy",
            params={"tenant": tenant.spec.sip_domain, "direction": "outbound", "to": "+12125550111"},
        )
        statuses[f"switch {tenant.spec.slug}"] = answer.status_code
    listed = await mainton.admin.get(f"{PROVIDER}/tenants")
    names = {tenant.spec.name for tenant in kestrel.tenants.values()}
    leaked = [name for name in names if name in json.dumps(listed)]
    user = await stranger.user.send("GET", f"{BILLING}/overview")
    facts.note(
        "nothing_of_one_provider_is_visible_to_another",
        set(statuses.values()) == {404} and not leaked,
        asked=len(statuses),
        not_404={name: status for name, status in statuses.items() if status != 404},
        leaked=leaked,
    )
    facts.same("tenant_user_never_sees_billing", expected=403, actual=user.status_code)


async def queues(stage: Stage, facts: Facts) -> None:
    """Fact 6b: every queue is empty and there are no dead letters."""
    url = httpx.URL(stage.endpoints["broker_management_url"])
    auth = (url.username, url.password)
    async with httpx.AsyncClient(
        base_url=url.copy_with(username=None, password=None), auth=auth, timeout=10
    ) as http:

        async def depths() -> dict[str, int]:
            answer = await http.get("/api/queues")
            answer.raise_for_status()
            return {str(row["name"]): int(row.get("messages", 0)) for row in answer.json()}

        async def empty() -> dict[str, int] | None:
            found = await depths()
            return found if found and not any(found.values()) else None

        try:
            found = await eventually("the queues to be empty", empty, seconds=30)
        except DemoFailed:
            found = await depths()
    full = {name: depth for name, depth in found.items() if depth}
    dead = {name: depth for name, depth in full.items() if name.endswith(".dead")}
    facts.note("every_queue_is_empty", bool(found) and not full, queues=len(found), not_empty=full)
    facts.note("no_dead_letters", bool(found) and not dead, dead=dead)


async def journals(stage: Stage, facts: Facts) -> None:
    """Fact 6c: every journal sums to zero, entry by entry and per currency."""
    figures: dict[str, Any] = {}
    holds = True
    for service in ("invoicing", "payments"):
        api = Api(stage.services[service], stage.endpoints["internal_token"])
        found = await api.get("/internal/v1/journal")
        await api.close()
        holds = (
            holds
            and found["postings"] > 0
            and not any(found["sums"].values())
            and not found["unbalanced_entries"]
        )
        figures[service] = {"postings": found["postings"], "sums": found["sums"]}
        figures[service]["unbalanced_entries"] = found["unbalanced_entries"]
    facts.note("every_journal_sums_to_zero", holds, **figures)


async def pdfs(stage: Stage, facts: Facts, tenants: Iterable[StagedTenant]) -> None:
    """Each invoice can be downloaded as a PDF, with the same bytes twice."""
    sizes: dict[str, int] = {}
    holds = True
    for tenant in tenants:
        for row in await invoices_of(tenant):
            path = f"{BILLING}/invoices/{row['invoice_id']}/pdf"
            first, again = await asyncio.gather(
                tenant.admin.send("GET", path), tenant.admin.send("GET", path)
            )
            holds = holds and first.content.startswith(b"%PDF-") and first.content == again.content
            sizes[str(row["number"])] = len(first.content)
    facts.note("invoices_download_as_pdf", holds and bool(sizes), bytes=sizes)


async def bad_input(stage: Stage, facts: Facts) -> None:
    """Refusals name the field and what to do; what cannot be placed is kept."""
    kestrel = next(iter(stage.providers.values()))
    plan = {**next(iter(kestrel.tenants.values())).spec.plan.body("USD"), "name": f"Bad {uuid.uuid4()}"}
    plan["prices"] = {**plan["prices"], "minute": "-0.01"}
    negative = await kestrel.admin.send("POST", f"{PROVIDER}/plans", json=plan)
    forged = await Api(
        stage.services["gateway"], stage.people[f"{kestrel.spec.slug}-admin"][:-6] + "AAAAAA"
    ).send("GET", f"{PROVIDER}/tenants")
    unreadable = await kestrel.cdrs.send("POST", "/v1/cdrs/freeswitch", content=b"cdr=%7Bnot json")
    statuses = [negative.status_code, forged.status_code, unreadable.status_code]
    kinds = {
        answer.headers.get("content-type", "").split(";")[0] for answer in (negative, forged, unreadable)
    }
    held = await kestrel.admin.get(f"{PROVIDER}/quarantine")
    facts.note(
        "bad_input_is_refused_with_a_problem_document_and_kept",
        statuses == [422, 401, 422] and kinds == {"application/problem+json"} and len(held["records"]) >= 1,
        statuses=statuses,
        negative_price_names=negative.json().get("field"),
        quarantined=len(held["records"]),
    )
