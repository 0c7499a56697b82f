"""Ids that tests share."""

from uuid import UUID

from shared.ids import ProviderId

SOME_PROVIDER = ProviderId(UUID("0b0e8f5e-6a1c-4a57-9d0c-7f1c1f3b2a11"))
