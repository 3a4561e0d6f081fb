"""The command line."""

from __future__ import annotations

import sys

from pydantic import ValidationError

from app.serve import serve
from app.settings import Settings


def main() -> int:
    """Run."""
    try:
        settings = Settings()
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            print(fault["loc"], fault["msg"], file=sys.stderr)
        return 2
    return serve(settings)
