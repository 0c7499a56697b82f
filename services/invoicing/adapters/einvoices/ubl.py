"""EN 16931 as UBL 2.1 (OASIS), Invoice or CreditNote; the order of elements is the schema's."""

import xml.etree.ElementTree as ET
from datetime import date
from decimal import Decimal

from services.invoicing.domain.einvoice import CREDIT_NOTE, EInvoice, ELine, EParty

_NAMESPACES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
_ROOTS = {
    "Invoice": "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
    "CreditNote": "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2",
}
for _prefix, _space in (
    *_NAMESPACES.items(),
    ("invoice", _ROOTS["Invoice"]),
    ("credit", _ROOTS["CreditNote"]),
):
    ET.register_namespace(_prefix, _space)
CUSTOMIZATION = "urn:cen.eu:en16931:2017"


class _Branch:
    """An element that grows: ``leaf`` adds text, ``branch`` a part."""

    def __init__(self, element: ET.Element) -> None:
        self.element = element

    def branch(self, name: str) -> "_Branch":
        return _Branch(ET.SubElement(self.element, _qualified("cac", name)))

    def leaf(self, name: str, text: str | None, **attributes: str) -> None:
        if text is not None:
            ET.SubElement(self.element, _qualified("cbc", name), attributes).text = text


def _qualified(prefix: str, name: str) -> str:
    return f"{{{_NAMESPACES[prefix]}}}{name}"


def write_ubl(invoice: EInvoice) -> bytes:
    """The XML document."""
    is_credit = invoice.type_code == CREDIT_NOTE
    kind = "CreditNote" if is_credit else "Invoice"
    root = _Branch(ET.Element(f"{{{_ROOTS[kind]}}}{kind}"))
    root.leaf("CustomizationID", CUSTOMIZATION)
    root.leaf("ID", invoice.number)
    root.leaf("IssueDate", invoice.issued_on.isoformat())
    is_due = invoice.due_on is not None and invoice.due > 0
    if is_due and not is_credit:
        root.leaf("DueDate", invoice.due_on.isoformat() if invoice.due_on else None)
    root.leaf(f"{kind}TypeCode", invoice.type_code)
    for note in invoice.notes:
        root.leaf("Note", note)
    root.leaf("DocumentCurrencyCode", invoice.currency)
    _period(root, invoice.first_day, invoice.last_day)
    if invoice.preceding is not None:
        number, day = invoice.preceding
        reference = root.branch("BillingReference").branch("InvoiceDocumentReference")
        reference.leaf("ID", number)
        reference.leaf("IssueDate", day.isoformat())
    _party(root.branch("AccountingSupplierParty"), invoice.seller, seller=True)
    _party(root.branch("AccountingCustomerParty"), invoice.buyer, seller=False)
    root.branch("Delivery").leaf("ActualDeliveryDate", invoice.last_day.isoformat())
    if is_due and is_credit and invoice.due_on is not None:
        means = root.branch("PaymentMeans")
        means.leaf("PaymentMeansCode", "1")
        means.leaf("PaymentDueDate", invoice.due_on.isoformat())
    _taxes(root, invoice)
    _totals(root, invoice)
    for line in invoice.lines:
        _line(root.branch(f"{kind}Line"), line, invoice.currency, is_credit=is_credit)
    ET.indent(root.element)
    written: bytes = ET.tostring(root.element, "utf-8", xml_declaration=True)
    return written


def _text(value: Decimal) -> str:
    return f"{value:f}"


def _period(parent: _Branch, first: date, last: date) -> None:
    period = parent.branch("InvoicePeriod")
    period.leaf("StartDate", first.isoformat())
    period.leaf("EndDate", last.isoformat())


def _party(parent: _Branch, one: EParty, *, seller: bool) -> None:
    party = parent.branch("Party")
    party.leaf("EndpointID", one.email, schemeID="EM")
    address = party.branch("PostalAddress")
    rows = (*one.address, None, None, None)
    address.leaf("StreetName", rows[0])
    address.leaf("AdditionalStreetName", rows[1])
    if rows[2]:
        address.branch("AddressLine").leaf("Line", rows[2])
    address.branch("Country").leaf("IdentificationCode", one.country)
    numbers = [(one.vat_id, "VAT"), (one.tax_registration, "TAX")]
    for number, scheme in numbers:
        if number:
            tax = party.branch("PartyTaxScheme")
            tax.leaf("CompanyID", number)
            tax.branch("TaxScheme").leaf("ID", scheme)
    legal = party.branch("PartyLegalEntity")
    legal.leaf("RegistrationName", one.name)
    legal.leaf("CompanyID", one.registration)
    if seller:
        contact = party.branch("Contact")
        contact.leaf("Name", one.name)
        contact.leaf("Telephone", one.phone)
        contact.leaf("ElectronicMail", one.email)


def _taxes(root: _Branch, invoice: EInvoice) -> None:
    total = root.branch("TaxTotal")
    total.leaf("TaxAmount", _text(invoice.tax_total), currencyID=invoice.currency)
    for row in invoice.breakdown:
        part = total.branch("TaxSubtotal")
        part.leaf("TaxableAmount", _text(row.base), currencyID=invoice.currency)
        part.leaf("TaxAmount", _text(row.tax), currencyID=invoice.currency)
        category = part.branch("TaxCategory")
        category.leaf("ID", row.category)
        category.leaf("Percent", None if row.rate is None else _text(row.rate))
        if row.category not in ("S", "Z"):
            category.leaf("TaxExemptionReasonCode", row.reason_code)
            category.leaf("TaxExemptionReason", row.reason)
        category.branch("TaxScheme").leaf("ID", "VAT")


def _totals(root: _Branch, invoice: EInvoice) -> None:
    totals = root.branch("LegalMonetaryTotal")
    for name, amount in (
        ("LineExtensionAmount", invoice.line_total),
        ("TaxExclusiveAmount", invoice.line_total),
        ("TaxInclusiveAmount", invoice.grand_total),
        ("PrepaidAmount", invoice.prepaid),
        *((("PayableRoundingAmount", invoice.rounding),) if invoice.rounding else ()),
        ("PayableAmount", invoice.due),
    ):
        totals.leaf(name, _text(amount), currencyID=invoice.currency)


def _line(made: _Branch, line: ELine, currency: str, *, is_credit: bool) -> None:
    made.leaf("ID", line.line_id)
    quantity = "CreditedQuantity" if is_credit else "InvoicedQuantity"
    made.leaf(quantity, _text(line.quantity), unitCode=line.unit)
    made.leaf("LineExtensionAmount", _text(line.amount), currencyID=currency)
    _period(made, line.first_day, line.last_day)
    item = made.branch("Item")
    item.leaf("Description", line.note)
    item.leaf("Name", line.name)
    category = item.branch("ClassifiedTaxCategory")
    category.leaf("ID", line.category)
    category.leaf("Percent", None if line.rate is None else _text(line.rate))
    category.branch("TaxScheme").leaf("ID", "VAT")
    made.branch("Price").leaf("PriceAmount", _text(line.price), currencyID=currency)
