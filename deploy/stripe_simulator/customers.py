"""Customers and the default payment method on their invoices."""

from __future__ import annotations

import copy

from deploy.stripe_simulator import events, listing, metadata, payment_methods
from deploy.stripe_simulator.call import Call, Operation, operation
from deploy.stripe_simulator.errors import Json, no_such

FIELDS = ("name", "email", "description", "phone", "preferred_locales", "tax_exempt")
WRITABLE = "name email description phone preferred_locales tax_exempt address shipping invoice_settings metadata expand"


def create(call: Call, path: dict[str, str], params: Json) -> Json:
    """Make a customer, with a first payment method when one is given."""
    customer = call.new(
        "customer",
        "cus",
        {
            "balance": 0,
            "delinquent": False,
            "invoice_prefix": None,
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "metadata": {},
            "next_invoice_sequence": 1,
            "tax_exempt": "none",
        },
    )
    _fill(customer, params)
    call.keep(customer)
    if "payment_method" in params:
        method = payment_methods.resolve(call, params["payment_method"])
        payment_methods.attach_to(call, method, customer["id"])
    _set_default(call, customer, params)
    call.save(customer)
    events.record(call, "customer.created", customer)
    return customer


def update(call: Call, path: dict[str, str], params: Json) -> Json:
    """Change a customer; the default method must already be attached."""
    customer = _alive(call, path["customer"])
    before = copy.deepcopy(customer)
    _fill(customer, params)
    _set_default(call, customer, params)
    call.save(customer)
    events.record(call, "customer.updated", customer, events.changed(before, customer))
    return customer


def _alive(call: Call, identifier: str) -> Json:
    customer = call.fetch("customer", identifier, param="id", in_path=True)
    if customer.get("deleted"):
        raise no_such("customer", identifier, param="id", in_path=True)
    return customer


def _fill(customer: Json, params: Json) -> None:
    metadata.apply(customer, params, *FIELDS)
    address_names = ("city", "country", "line1", "line2", "postal_code", "state")
    if isinstance(params.get("address"), dict):
        customer["address"] = dict.fromkeys(address_names) | params["address"]
    elif "address" in params:
        customer["address"] = None
    if isinstance(params.get("shipping"), dict):
        shipping = params["shipping"]
        address = dict.fromkeys(address_names) | shipping["address"]
        customer["shipping"] = {"phone": None} | shipping | {"address": address}
    elif "shipping" in params:
        customer["shipping"] = None


def _set_default(call: Call, customer: Json, params: Json) -> None:
    settings = params.get("invoice_settings", {})
    if "default_payment_method" not in settings:
        return
    wanted = settings["default_payment_method"] or None
    if wanted is not None:
        payment_methods.owned_by(call, wanted, customer["id"], "invoice_settings[default_payment_method]")
    customer["invoice_settings"]["default_payment_method"] = wanted


def retrieve(call: Call, path: dict[str, str], params: Json) -> Json:
    """Return a customer; a deleted one as its stub."""
    return call.fetch("customer", path["customer"], param="id", in_path=True)


def delete(call: Call, path: dict[str, str], params: Json) -> Json:
    """Delete a customer: its methods are detached, its identifier answers with a stub."""
    customer = _alive(call, path["customer"])
    for method in payment_methods.of_customer(call, customer["id"]):
        payment_methods.release(call, method)
    stub: Json = {"id": customer["id"], "object": "customer", "deleted": True}
    call.save(stub)
    events.record(call, "customer.deleted", customer)
    return stub


def list_customers(call: Call, path: dict[str, str], params: Json) -> Json:
    """List customers that are not deleted."""
    wanted = listing.conditions(params, "email", "created")
    wanted.append(("$.created", ">", 0))
    return listing.page(call, "customer", params, "/v1/customers", wanted)


OPERATIONS: tuple[Operation, ...] = (
    operation("POST", "/v1/customers", create, f"{WRITABLE} payment_method"),
    operation("GET", "/v1/customers", list_customers, f"{listing.PAGE} email created"),
    operation("GET", "/v1/customers/{customer}", retrieve, "expand"),
    operation("POST", "/v1/customers/{customer}", update, WRITABLE),
    operation("DELETE", "/v1/customers/{customer}", delete),
)
