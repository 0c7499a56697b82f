"""What all services' answers have in common."""

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Amount(Answer):
    """An exact amount: ``minor`` units of ``currency``."""

    minor: int
    currency: str = Field(min_length=3, max_length=3)
