"""What the routes of tax, credit and provider settings answer, as plain JSON data."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from services.invoicing.domain.catalogue import Provider, Tax
from services.invoicing.domain.explain_words import sentence, words_of
from services.invoicing.domain.settlement import Credit
from services.invoicing.domain.wording import shown_locale
from services.invoicing.entrypoints.shapes import amount, money, plain, provider
from services.invoicing.use_cases.explain_invoice import Explanation
from services.invoicing.use_cases.money_ports import CreditNote, NoteDocument
from shared.formats import LocalFormats


def rate(one: Tax) -> dict[str, Any]:
    return {
        "name": one.name,
        "rate": plain(one.rate),
        "country": one.country,
        "region": one.region,
        "valid_from": one.valid_from,
        "valid_to": one.valid_to,
    }


def settings(one: Provider, card_minimums: Mapping[str, int]) -> dict[str, Any]:
    return {
        **provider(one),
        "tax_rates": [rate(each) for each in one.taxes],
        "tax_registrations": [asdict(each) for each in one.registrations],
        "billing": asdict(one.billing) | {"credit_note_prefix": one.credit_note_prefix},
        "card_minimums": dict(card_minimums),
    }


def credit_note_row(one: CreditNote) -> dict[str, Any]:
    """Amounts are negative: a note takes off what was billed (guide, Refunds)."""
    return {
        "credit_note_id": one.credit_note_id,
        "number": one.number,
        "invoice_id": one.invoice_id,
        "invoice_number": one.invoice_number,
        "issued_on": one.issued_on,
        "reason": one.reason,
        "subtotal": amount(-one.subtotal_minor, one.currency),
        "tax": amount(-one.tax_minor, one.currency),
        "total": amount(-one.total_minor, one.currency),
        "used_for": {
            "open_balance": amount(one.open_balance_minor, one.currency),
            "account_credit": amount(one.account_credit_minor, one.currency),
            "refund": amount(one.refund_minor, one.currency),
        },
        "refund_id": one.refund_id,
    }


def credit_note(document: NoteDocument) -> dict[str, Any]:
    note = document.note
    return {
        **credit_note_row(note),
        "lines": [
            {
                "line_id": line.position,
                "kind": line.kind,
                "description": line.description,
                "amount": amount(-line.amount_minor, note.currency),
            }
            for line in document.lines
        ],
        "taxes": [
            {
                "name": tax.name,
                "rate": plain(tax.rate),
                "category": tax.category,
                "base": amount(-tax.base_minor, note.currency),
                "amount": amount(-tax.amount_minor, note.currency),
            }
            for tax in document.taxes
        ],
    }


def credit(one: Credit, code: str) -> dict[str, Any]:
    return {
        "credit_id": one.credit_id,
        "remaining": amount(one.remaining_minor, code),
        "created_at": one.created_at,
    }


def explanation(one: Explanation, locale: str) -> dict[str, Any]:
    """Each part as a sentence and as figures; the amounts sum to the difference (R56)."""
    words, formats = words_of(locale), LocalFormats(shown_locale(locale))
    return {
        "invoice_id": one.now.invoice_id,
        "number": one.now.number,
        "total": amount(one.now.total_minor, one.now.currency),
        "compared_with": None
        if one.before is None
        else {
            "invoice_id": one.before.invoice_id,
            "number": one.before.number,
            "total": amount(one.before.total_minor, one.before.currency),
        },
        "difference": money(one.difference),
        "sentences": [sentence(part, words, formats) for part in one.parts] or [words.none],
        "parts": [
            {
                "kind": part.kind,
                "of": part.subject.kind,
                "name": part.subject.name or None,
                "direction": part.subject.direction,
                "call_class": part.subject.call_class,
                "quantity_change": None if part.quantity is None else plain(part.quantity),
                "old_price": None if part.old_price is None else plain(part.old_price),
                "new_price": None if part.new_price is None else plain(part.new_price),
                "amount": money(part.amount),
                "sentence": sentence(part, words, formats),
            }
            for part in one.parts
        ],
    }
