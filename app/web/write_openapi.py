"""Write the OpenAPI document to a file: `python -m app.web.write_openapi [FILE]`, by default openapi/openapi.json."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from app import __version__
from app.web.application import described

DEFAULT_FILE = Path("openapi/openapi.json")


def openapi_text() -> str:
    """Return the document as sorted, indented JSON: the same for the same routes."""
    return json.dumps(described(version=__version__), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write the file that is named."""
    file = Path(arguments[0]) if arguments else DEFAULT_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(openapi_text(), encoding="utf-8")
    print(f"wrote {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
