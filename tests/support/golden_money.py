"""The same two months in four currencies: invoices, corrections, explanation and statement as plain data.

`python -m tests.support.golden_money` writes them to tests/golden/money; look at the difference before committing it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from services.invoicing.domain.books import (
    credit_note_postings,
    issue_postings,
    payment_postings,
)
from services.invoicing.domain.catalogue import Tax
from services.invoicing.domain.credit_notes import (
    Creditable,
    HeldLine,
    HeldTax,
    Note,
    credit_gross,
    credit_lines,
)
from services.invoicing.domain.explain import Bill, explain
from services.invoicing.domain.explain_words import sentence, words_of
from services.invoicing.domain.invoices import Draft, make_invoice
from services.invoicing.domain.lines import OneTimeCharge, UsageOf
from services.invoicing.domain.periods import span_from
from services.invoicing.domain.plans import Plan
from services.invoicing.domain.statement import Entry, make_statement
from services.invoicing.domain.totals import Minutes, Totals
from shared.formats import LocalFormats
from shared.ids import PlanId, ProviderId, derived_id
from shared.journal import Posting
from shared.money import Currency, Money, currency, exponent

FOLDER = Path(__file__).parents[1] / "golden" / "money"


@dataclass(frozen=True)
class Case:
    """A provider of one currency; prices in major units."""

    code: Currency
    locale: str
    zone: str
    tax: Tax
    price_minute: str
    price_extension: str
    fee: str
    inclusive: bool = False


CASES = (
    Case(currency("USD"), "en-US", "America/New_York", Tax("New York sales tax", Decimal("8.875")), "0.019", "12", "249"),
    Case(currency("EUR"), "de-DE", "Europe/Berlin", Tax("USt", Decimal(19)), "0.0185", "11.90", "238", inclusive=True),
    Case(currency("JPY"), "en-JP", "Asia/Tokyo", Tax("消費税", Decimal(10)), "2.75", "1800", "35000"),
    Case(currency("KWD"), "en-KW", "Asia/Kuwait", Tax("VAT", Decimal(5)), "0.005833", "3.625", "76.455"),
)  # fmt: skip


def _plan(case: Case) -> Plan:
    return Plan(
        provider_id=ProviderId(derived_id("golden")),
        plan_id=PlanId(derived_id("golden plan")),
        version=1,
        name="Professional",
        billing_model="flat_rate",
        currency=case.code,
        monthly_fee_minor=Money.of(case.fee, case.code).minor,
        included_extensions=20,
        included_dids=5,
        included_minutes=3000,
        price_extension=Decimal(case.price_extension),
        price_did=Decimal(0),
        price_minute=Decimal(case.price_minute),
        minimum_seconds=6,
        increment_seconds=6,
    )


def _invoice(case: Case, plan: Plan, month: int, extensions: int, seconds: int, setup: str | None) -> Draft:
    start = date(2026, month, 1)
    charge = Decimal(seconds) * plan.price_minute / 60
    calls = Minutes(
        "standard", "outbound", 1486, 180_000 + seconds, 180_000, seconds, plan.price_minute, charge
    )
    span = span_from(start, 1)
    charges = (
        [OneTimeCharge(derived_id("setup"), "Setup", Money.of(setup, case.code), start)] if setup else []
    )
    return make_invoice(
        case.code,
        usage=UsageOf(span, plan, Totals(1, extensions, 5, (calls,)), {}),
        fee=(plan, span_from(span.end, 1)),
        charges=charges,
        taxes=[case.tax],
        prices_include_tax=case.inclusive,
        rounded_on=span.end,
    )


def _creditable(case: Case, draft: Draft) -> Creditable:
    return Creditable(
        tuple(
            HeldLine(number, line.amount.minor, taxable=line.kind != "rounding")
            for number, line in enumerate(draft.lines)
        ),
        tuple(HeldTax(tax.name, tax.rate, tax.amount.minor) for tax in draft.taxes),
        case.inclusive,
    )


def _after(what: Creditable, note: Note) -> Creditable:
    return replace(
        what,
        lines=tuple(replace(one, credited_minor=note.lines.get(one.position, 0)) for one in what.lines),
        taxes=tuple(
            replace(held, credited_minor=made.amount_minor)
            for held, made in zip(what.taxes, note.taxes, strict=True)
        ),
    )


def _shown(value: Money) -> str:
    return f"{value.decimal:f}"


def _invoice_data(draft: Draft) -> dict[str, Any]:
    return {
        "lines": [
            [line.kind, line.description, f"{line.quantity:f}", _shown(line.amount)] for line in draft.lines
        ],
        "taxes": [[tax.name, f"{tax.rate:f}", _shown(tax.base), _shown(tax.amount)] for tax in draft.taxes],
        "subtotal": _shown(draft.subtotal),
        "tax": _shown(draft.tax),
        "total": _shown(draft.total),
    }


def _note_data(case: Case, note: Note) -> dict[str, Any]:
    def shown(minor: int) -> str:
        return _shown(Money(minor, case.code))

    return {
        "lines": {str(position): shown(minor) for position, minor in note.lines.items()},
        "tax": shown(note.tax_minor),
        "total": shown(note.total_minor),
    }


def _entry(case: Case, day: int, reason: str, postings: list[Posting]) -> Entry:
    at = datetime(2026, 11, day, 12, tzinfo=UTC)
    return Entry(at, reason, {one.account: one.amount.minor for one in postings})


def golden(case: Case) -> dict[str, Any]:
    """Plain data of the two months."""
    plan = _plan(case)
    before = _invoice(case, plan, 9, 21, 34_200, None)
    now = _invoice(case, plan, 10, 22, 36_744, str(Decimal(15) if exponent(case.code) else 1500))
    what = _creditable(case, now)
    setup = next(number for number, line in enumerate(now.lines) if line.kind == "one_time")
    by_line = credit_lines(what, {setup: now.lines[setup].amount.minor // 3})
    refund = credit_gross(_after(what, by_line), now.total.minor // 7)
    formats, words = LocalFormats(case.locale), words_of(case.locale)
    parts = explain(Bill(before.lines, before.tax), Bill(now.lines, now.tax))

    def money(minor: int) -> Money:
        return Money(minor, case.code)

    zero = money(0)
    credited = {"opened": money(by_line.total_minor), "kept": zero, "sent": zero}
    sent = {"opened": zero, "kept": zero, "sent": money(refund.total_minor)}
    rest = now.total - money(by_line.total_minor)
    entries = [
        _entry(case, 1, "issue KV-2026-00002", issue_postings(now.subtotal, now.tax)),
        _entry(case, 2, "credit note KVCN-2026-00001", _postings(case, by_line, credited)),
        _entry(case, 3, "payment P-1", payment_postings(rest, rest)),
        _entry(case, 4, "credit note KVCN-2026-00002", _postings(case, refund, sent)),
    ]
    statement = make_statement(entries, ZoneInfo(case.zone), None, None)
    return {
        "before": _invoice_data(before),
        "now": _invoice_data(now),
        "explanation": {
            "difference": _shown(now.total - before.total),
            "sentences": [sentence(part, words, formats) for part in parts],
        },
        "credit_by_line": _note_data(case, by_line),
        "refund": _note_data(case, refund),
        "statement": [
            [line.on.isoformat(), line.kind, line.reference, _shown(money(line.amount_minor)),
             _shown(money(line.balance_minor))]
            for line in statement.lines
        ],
    }  # fmt: skip


def _postings(case: Case, note: Note, used: Mapping[str, Money]) -> list[Posting]:
    return credit_note_postings(
        Money(note.subtotal_minor, case.code),
        Money(note.tax_minor, case.code),
        opened=used["opened"],
        kept=used["kept"],
        sent=used["sent"],
    )


def written(case: Case) -> str:
    return json.dumps(golden(case), indent=1, ensure_ascii=False) + "\n"


def path_of(case: Case) -> Path:
    return FOLDER / f"{case.code.lower()}.json"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for case in CASES:
        path_of(case).write_text(written(case), encoding="utf-8")


if __name__ == "__main__":
    main()
