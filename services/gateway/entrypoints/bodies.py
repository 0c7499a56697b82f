"""Bodies of the tenants' changing requests. Unknown fields are refused; sizes are bounded."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from shared.ids import InvoiceId, MethodId


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AmountBody(Body):
    """Minor units of an ISO 4217 currency: 17895 USD is $178.95."""

    minor: int = Field(strict=True, gt=0, le=10**15, examples=[17895])
    currency: str = Field(pattern=r"^[A-Z]{3}$", examples=["USD"])


class SaveMethodBody(Body):
    """The SetupIntent that Stripe.js confirmed."""

    setup_intent: str = Field(
        pattern=r"^seti_[A-Za-z0-9_]{1,200}$", examples=["seti_1QabcXYZ0123456789abcdef"]
    )


class AutoPayBody(Body):
    enabled: StrictBool = Field(examples=[True])


class PaymentBody(Body):
    """What Pay Now sends: for invoices, or towards a payment plan. ``request_id`` is made by the page, once per press
    of Pay.
    """

    invoice_ids: Annotated[list[InvoiceId] | None, Field(None, min_length=1, max_length=50)]
    payment_plan_id: UUID | None = Field(None, description="pay towards this plan, its `next_amount` or more")
    amount: AmountBody
    method_id: MethodId | None = Field(None, description="a saved payment method")
    new_method: StrictBool = Field(False, description="a method that Stripe Elements asks for")
    save_method: StrictBool = Field(False, description="keep the new method for later")
    request_id: str = Field(
        min_length=8,
        max_length=64,
        pattern=r"^[A-Za-z0-9_-]+$",
        examples=["0192f0c4-7d7e-7b55-8f51-3a1c5d0e9b10"],
    )

    @model_validator(mode="after")
    def _one_method(self) -> Self:
        if (self.method_id is None) != self.new_method:
            raise ValueError("give method_id, or new_method: true")
        if (self.invoice_ids is None) == (self.payment_plan_id is None):
            raise ValueError("give invoice_ids, or a payment_plan_id")
        if self.save_method and not self.new_method:
            raise ValueError("save_method goes with new_method")
        return self
