"""`export litellm` and `export aider`: entries in a LiteLLM config, and aider's file of model metadata."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.cli.exporting import ExportError
from app.cli.litellm_entries import Changes, Entry, edited, with_memory
from app.cli.litellm_proof import UneditableError
from app.dialects.litellm_config import write_yaml
from app.dialects.litellm_facts import PREFIX
from app.dialects.pieces import to_json

CONFIG_PATH = "/litellm/config.json"
COST_MAP_PATH = "/litellm/model_prices_and_context_window.json"
SHOWN = 20


def exact(body: bytes) -> Any:
    """Return JSON with every digit of its numbers."""
    return json.loads(body, parse_float=Decimal)


def whole_config(config: dict[str, Any]) -> bytes:
    """Return a new config file, which a later export can bring up to date."""
    return b"".join(write_yaml({**config, "model_list": [with_memory(entry) for entry in config["model_list"]]}))


def openrouter_keys(cost_map: dict[str, Any]) -> list[str]:
    """Return the keys of OpenRouter's models in a cost map."""
    return [key for key in cost_map if key.startswith(PREFIX)]


def aider_metadata(cost_map: dict[str, Any]) -> bytes:
    """Return OpenRouter's models of a cost map as `.aider.model.metadata.json`, a line each."""
    rows = [f"  {json.dumps(key)}: {to_json(cost_map[key]).decode()}" for key in openrouter_keys(cost_map)]
    return ("{\n" + ",\n".join(rows) + "\n}\n").encode()


def put_into(file: str, config: dict[str, Any], *, is_dry_run: bool) -> Changes:
    """Bring our entries in a file up to date, with a backup beside it; a file that is missing is written whole.

    Raises ExportError; the file is then as it was.
    """
    # Through a link, so that what it points to is edited, not the link replaced by a file.
    path = Path(file).resolve()
    entries: Sequence[Entry] = config["model_list"]
    try:
        before = path.read_bytes() if path.exists() else None
        if before is None:
            if not is_dry_run:
                _replace(path, whole_config(config), None)
            return Changes(added=[entry["model_name"] for entry in entries])
        text, changes = edited(before.decode("utf-8"), entries)
        after = text.encode()
        if after != before and not is_dry_run:
            _back_up(path)
            _replace(path, after, before)
    except UnicodeDecodeError:
        raise ExportError(f"{file} is not UTF-8; nothing was written") from None
    except UneditableError as error:
        raise ExportError(f"{file} can't be edited: {error}. Nothing was written") from None
    except OSError as error:
        raise ExportError(f"{file} can't be written: {error.strerror or error}") from None
    return changes


def _back_up(path: Path) -> None:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    backup = path.with_name(f"{path.name}.{stamp}.bak")
    number = 1
    while backup.exists():
        number += 1
        backup = path.with_name(f"{path.name}.{stamp}-{number}.bak")
    shutil.copy2(path, backup)


def _replace(path: Path, body: bytes, before: bytes | None) -> None:
    """Write a file whole or not at all, readable by whom it was; refuse if somebody else wrote it meanwhile."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
            if before is not None:
                shutil.copymode(path, file.name)
                if path.read_bytes() != before:
                    raise ExportError(f"{path} was changed by somebody else meanwhile; run the export again")
            Path(file.name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(file.name).unlink()
            raise


def report(changes: Changes) -> Iterator[str]:
    """Return what an edit did, a line each; long lists are cut."""
    for word, names in (("added", changes.added), ("removed", changes.removed)):
        yield from _cut([f"{word} {name}" for name in names], word)
    yield from _cut([f"updated {name}: {', '.join(keys)}" for name, keys in changes.updated.items()], "updated")
    for name, keys in changes.kept.items():
        yield f"kept your edit of {name}: {', '.join(keys)}"
    for name in changes.gone_but_kept:
        yield f"kept {name}, because you edited it, though the catalog no longer has it: delete it by hand"
    for name in changes.taken:
        yield f"left {name} to your own entry of that name"
    for name in changes.left:
        yield f"left {name} alone: it has anchors or brackets, lacks a section, or is a copy with the same id"
    counts = (len(changes.added), len(changes.updated), len(changes.removed), len(changes.kept))
    yield "{} added, {} updated, {} removed, {} with edits of yours".format(*counts)


def _cut(told: list[str], word: str) -> Iterator[str]:
    yield from told[:SHOWN]
    if len(told) > SHOWN:
        yield f"... and {len(told) - SHOWN} more {word}"
