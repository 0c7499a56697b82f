"""EN 16931 as UN/CEFACT Cross Industry Invoice, the data of Factur-X and ZUGFeRD, by drafthorse."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from services.invoicing.domain.einvoice import EInvoice, ELine, EParty

GUIDELINE = "urn:cen.eu:en16931:2017"
SCHEMA = "FACTUR-X_EN16931"


def write_cii(invoice: EInvoice) -> bytes:
    """The XML, checked against the published schema."""
    # Loaded when the first electronic invoice is wanted: most services never make one.
    from drafthorse.models.accounting import ApplicableTradeTax
    from drafthorse.models.document import Document
    from drafthorse.models.note import IncludedNote
    from drafthorse.models.party import TaxRegistration
    from drafthorse.models.payment import PaymentTerms
    from drafthorse.models.tradelines import LineItem

    document = Document()
    document.context.guideline_parameter.id = GUIDELINE
    document.header.id = invoice.number
    document.header.type_code = invoice.type_code
    document.header.issue_date_time = _day(invoice.issued_on)
    for text in invoice.notes:
        note = IncludedNote()
        note.content.add(text)
        document.header.notes.add(note)
    agreement, settlement = document.trade.agreement, document.trade.settlement
    _party(agreement.seller, invoice.seller, TaxRegistration, seller=True)
    _party(agreement.buyer, invoice.buyer, TaxRegistration, seller=False)
    for line in invoice.lines:
        document.trade.items.add(_line(line, LineItem()))
    document.trade.delivery.event.occurrence = _day(invoice.last_day)
    settlement.currency_code = invoice.currency
    settlement.period.start = _day(invoice.first_day)
    settlement.period.end = _day(invoice.last_day)
    for row in invoice.breakdown:
        tax = ApplicableTradeTax()
        tax.calculated_amount, tax.basis_amount = row.tax, row.base
        tax.type_code, tax.category_code = "VAT", row.category
        if row.rate is not None:
            tax.rate_applicable_percent = _plain(row.rate)
        if row.reason and row.category not in ("S", "Z"):
            tax.exemption_reason = row.reason
            if row.reason_code:
                tax.exemption_reason_code = row.reason_code
        settlement.trade_tax.add(tax)
    if invoice.due_on is not None and invoice.due > 0:
        settlement.terms.add(PaymentTerms(due=_day(invoice.due_on)))
    _totals(settlement.monetary_summation, invoice)
    if invoice.preceding is not None:
        number, day = invoice.preceding
        settlement.invoice_referenced_document.issuer_assigned_id = number
        settlement.invoice_referenced_document.issue_date_time = _day(day)
    written: bytes = document.serialize(schema=SCHEMA)
    return written


def _day(value: date) -> datetime:
    """drafthorse writes the calendar day of what it is given."""
    return datetime(value.year, value.month, value.day)  # noqa: DTZ001 (a day has no zone)


def _plain(value: Decimal) -> Decimal:
    """Without an exponent, which the schema does not know."""
    return Decimal(f"{value.normalize():f}")


def _party(made: Any, party: EParty, registration: Any, *, seller: bool) -> None:
    made.name = party.name
    address = made.address
    for place, row in zip(("line_one", "line_two", "line_three"), party.address, strict=False):
        setattr(address, place, row)
    address.country_id = party.country
    made.electronic_address.uri_ID = ("EM", party.email)
    if seller:
        made.contact.person_name = party.name
        if party.phone:
            made.contact.telephone.number = party.phone
        made.contact.email.address = party.email
    if party.vat_id:
        made.tax_registrations.add(registration(id=("VA", party.vat_id)))
    if party.registration:
        # BR-CO-26 asks for one way to identify the seller besides a number of its tax office.
        made.legal_organization.id = ("", party.registration)
    if party.tax_registration:
        made.tax_registrations.add(registration(id=("FC", party.tax_registration)))


def _line(line: ELine, item: Any) -> Any:
    item.document.line_id = line.line_id
    item.product.name = line.name
    if line.note:
        item.product.description = line.note
    item.agreement.net.amount = _plain(line.price)
    item.delivery.billed_quantity = (_plain(line.quantity), line.unit)
    tax = item.settlement.trade_tax
    tax.type_code, tax.category_code = "VAT", line.category
    if line.rate is not None:
        tax.rate_applicable_percent = _plain(line.rate)
    item.settlement.period.start = _day(line.first_day)
    item.settlement.period.end = _day(line.last_day)
    item.settlement.monetary_summation.total_amount = line.amount
    return item


def _totals(sums: Any, invoice: EInvoice) -> None:
    sums.line_total = invoice.line_total
    sums.charge_total = sums.allowance_total = Decimal(0)
    sums.tax_basis_total = invoice.line_total
    sums.tax_total = (invoice.tax_total, invoice.currency)
    if invoice.rounding:
        sums.rounding_amount = invoice.rounding
    sums.grand_total = invoice.grand_total
    sums.prepaid_total = invoice.prepaid
    sums.due_amount = invoice.due
