"""A paper in words and figures: what the template sets, all of it plain text."""

from typing import Any

import phonenumbers
from babel import Locale, UnknownLocaleError

from services.invoicing.adapters.documents.lines import LineText
from services.invoicing.domain.colour import ink
from services.invoicing.domain.paper import Paper, Party
from services.invoicing.domain.wording import shown_locale, words_for
from services.invoicing.domain.wording.words import DocumentWords
from shared.formats import LocalFormats
from shared.money import Money

_US_PAPER = {"US", "CA", "MX"}
# Chinese, Japanese and Korean share characters and draw them differently; the party's country says how.
_CJK = {"CN": "SC", "SG": "SC", "TW": "TC", "HK": "HK", "MO": "HK", "KR": "KR"}


def content_of(paper: Paper) -> dict[str, Any]:
    """The data of ``document.typ``."""
    words = words_for(paper.locale)
    formats = LocalFormats(shown_locale(paper.locale))
    title = words.titles[paper.kind].format(number=paper.number)
    heads, lines = _table(paper, words, formats)
    return {
        "title": title,
        "number": paper.number,
        "status": words.statuses[paper.status] if paper.status else None,
        "tone": _tone(paper),
        "language": words.language,
        "paper": "us-letter" if _territory(paper.locale) in _US_PAPER else "a4",
        "colour": paper.look.colour,
        "ink": ink(paper.look.colour),
        "cjk": next((_CJK[p.country] for p in (paper.buyer, paper.seller) if p.country in _CJK), "JP"),
        "brand": paper.look.name,
        "seller": paper.seller.name,
        "parties": [
            _party(words.billed_by, paper.seller, words, phone=False),
            _party(words.billed_to, paper.buyer, words, phone=False),
        ],
        "facts": _facts(paper, words, formats),
        "heads": heads,
        "lines": lines,
        "totals": _totals(paper, words, formats),
        "tax_heads": words.tax_heads,
        "taxes": _taxes(paper, words, formats),
        "notes": _notes(paper, words, LineText(words, formats)),
        "pay": _pay(paper, words, formats),
        "page": words.page,
        "continued": words.continued,
        "footer": words.questions.format(ways=", ".join(_ways(paper.seller))),
    }


def _territory(tag: str) -> str | None:
    try:
        return Locale.parse(tag, sep="-").territory
    except (UnknownLocaleError, ValueError):
        return None


def _tone(paper: Paper) -> str:
    tones = {"Paid": "good", "Overdue": "bad", "Cancelled": "note"}
    return tones.get(paper.status or "", "plain")


def _party(label: str, one: Party, words: DocumentWords, *, phone: bool) -> dict[str, Any]:
    rows = [*one.address]
    if one.tax_id:
        rows.append(f"{words.tax_id}: {one.tax_id}")
    return {"label": label, "name": one.name, "rows": [*rows, one.email]}


def _ways(seller: Party) -> list[str]:
    return [seller.email, *([_phone(seller.phone)] if seller.phone else [])]


def _phone(number: str) -> str:
    """``+1 212-555-0100``, in one piece; what cannot be read stays as it is."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    shown: str = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return shown.replace(" ", "\u00a0").replace("-", "\u2011")


def _facts(paper: Paper, words: DocumentWords, formats: LocalFormats) -> list[tuple[str, str]]:
    """Dates and both ranges (R28)."""
    if paper.received is not None:
        facts = [(words.received_on, formats.day(paper.received.on))]
        return [*facts, *([(words.received_with, paper.received.method)] if paper.received.method else [])]
    facts = [(words.issue_date, formats.day(paper.issued_on))]
    if paper.due_on is not None:
        facts.append((words.due_date, formats.day(paper.due_on)))
    for label, days in ((words.usage, paper.usage_days), (words.monthly_fee, paper.fee_days)):
        if days is not None:
            facts.append((label, formats.days(days.start, days.end)))
    if paper.reason:
        facts.append((words.reason, paper.reason))
    return facts


def _table(
    paper: Paper, words: DocumentWords, formats: LocalFormats
) -> tuple[list[str], list[dict[str, Any]]]:
    if paper.received is not None:
        rows = [
            {"description": number, "note": None, "cells": [formats.money(amount)]}
            for number, amount in paper.received.invoices
        ]
        if paper.received.credited:
            amount = formats.money(paper.received.credited)
            rows.append({"description": words.to_credit, "note": None, "cells": [amount]})
        return [words.received_for, words.heads[3]], rows
    text = LineText(words, formats)
    return list(words.heads), [
        {
            "description": text.description(line),
            "note": " · ".join(
                part for part in (formats.days(line.start, line.end), text.note(line)) if part
            ),
            "cells": [
                text.quantity(line),
                formats.price(line.unit_price, paper.currency),
                formats.money(line.amount),
            ],
        }
        for line in paper.lines
    ]


def _totals(paper: Paper, words: DocumentWords, formats: LocalFormats) -> list[dict[str, Any]]:
    def row(label: str, amount: Money, *, strong: bool = False) -> dict[str, Any]:
        return {"label": label, "amount": formats.money(amount), "strong": strong}

    if paper.received is not None:
        return [row(words.received_total, paper.total, strong=True)]
    rows = [row(words.subtotal, paper.subtotal)]
    for tax in paper.taxes:
        rows.append(row(f"{tax.name} {formats.percent(tax.rate)}", tax.amount))
    rows.append(row(words.total, paper.total, strong=True))
    if paper.kind == "credit_note":
        return rows
    if paper.credit_used:
        rows.append(row(words.account_credit, -paper.credit_used))
    if paper.credited:
        rows.append(row(words.credited, -paper.credited))
    rows.append(row(words.paid, -paper.paid))
    rows.append(row(words.balance, paper.balance, strong=True))
    return rows


def _taxes(paper: Paper, words: DocumentWords, formats: LocalFormats) -> list[list[str]]:
    return [
        [tax.name, formats.percent(tax.rate), formats.money(tax.base), formats.money(tax.amount)]
        for tax in paper.taxes
    ]


def _notes(paper: Paper, words: DocumentWords, text: LineText) -> list[str]:
    """What a tax auditor looks for: why no tax is charged."""
    notes = [
        text.said(tax.reason) if tax.reason else words.untaxed[tax.category]
        for tax in paper.taxes
        if tax.category in words.untaxed
    ]
    # Two rates of one category need one note.
    return [*dict.fromkeys(notes), *paper.own_notes]


def _pay(paper: Paper, words: DocumentWords, formats: LocalFormats) -> dict[str, str | None] | None:
    if paper.kind == "credit_note":
        if paper.corrects is None:
            return None
        number, day = paper.corrects
        return {
            "text": words.corrects.format(number=number, day=formats.day(day)),
            "link": None,
            "url": None,
        }
    if paper.kind == "receipt":
        return None
    if paper.balance.minor <= 0 or paper.due_on is None:
        return {"text": words.nothing_due, "link": None, "url": None}
    amount = formats.money(paper.balance)
    return {
        "text": words.pay_by.format(amount=amount, day=formats.day(paper.due_on)),
        "link": words.pay.format(amount=amount) if paper.pay_url else None,
        "url": paper.pay_url,
    }
