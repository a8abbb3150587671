"""What all parts of a plan are made of: closed models, and the shapes of names."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", examples=["ap-northeast-1"])]
Account = Annotated[str, Field(pattern=r"^\d{12}$", examples=["123456789012"])]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}[a-z0-9]$", examples=["fileflow"])]


class Part(BaseModel):
    """A part of a plan: closed to unknown fields, never changed after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True)
