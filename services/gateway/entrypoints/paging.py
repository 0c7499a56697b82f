"""How lists are paged."""

from typing import Annotated

from fastapi import Query

Cursor = Annotated[str | None, Query(max_length=400, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=100, description="most rows of a page")]
