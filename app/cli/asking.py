"""The commands that ask a registry: one that runs, or the local store."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from app.cli.ending import FINE, NO, UNREACHABLE, USAGE, UsageError, complain

if TYPE_CHECKING:
    from app.cli.ways import Reply, Way


_SEARCH_BY_URL = "/models/search?q=..."
_SAID_OF_FILTERS: Mapping[str, str] = MappingProxyType(
    {
        "interpreted": "read as query words",
        "unmet": "left out, as nothing that is meant is so, or there is no such filter",
    }
)


def _list(options: argparse.Namespace, way: Way) -> int:
    return _models(options, way, "/models", [])


def _search(options: argparse.Namespace, way: Way) -> int:
    return _models(options, way, "/models/search", [("q", " ".join(options.words))])


def _models(options: argparse.Namespace, way: Way, path: str, pairs: list[tuple[str, str]]) -> int:
    for name, value in vars(options).items():
        if name.startswith("word_") and value is not None:
            values = value if isinstance(value, list) else [value]
            pairs += [(name.removeprefix("word_"), str(one)) for one in values]
    reply = way.get(path, pairs)
    if options.json or not reply.is_fine:
        return _as_json(options, reply)
    from app.cli.tables import console, models_table

    models, total = reply.document["models"], reply.document["total"]
    for line in _how_read(reply.document):
        print(line, file=sys.stderr)
    if not models:
        near = ", ".join(reply.document.get("suggestions", []))
        print("No model matches." + (f" Near: {near}" if near else " Try fewer filters, or other words."))
        return NO
    console().print(models_table(models))
    print(f"{len(models)} of {total} models" + (", stale" if reply.document["stale"] else ""), file=sys.stderr)
    return FINE


def _how_read(document: Mapping[str, Any]) -> Iterator[str]:
    """Return what a search made of its words, if they were more than words; an older registry says less."""
    for member, said in _SAID_OF_FILTERS.items():
        if readings := document.get(member):
            yield f"{said}: " + ", ".join(f"{one['text']} ({one['word']}={one['value']})" for one in readings)


def _show(options: argparse.Namespace, way: Way) -> int:
    reply = way.get(f"/models/{options.id}")
    if options.json or not reply.is_fine:
        return _as_json(options, reply)
    from app.cli.tables import console, model_report

    console().print(model_report(reply.document))
    return FINE


def _status(options: argparse.Namespace, way: Way) -> int:
    reply = way.get("/status")
    if not reply.is_fine:
        return _as_json(options, reply)
    from app.cli.standing import Standing, standing_of

    standing = standing_of(reply.document, is_running=way.is_running, is_store_meant=options.local)
    code = {Standing.OK: FINE, Standing.NOT_SERVING: UNREACHABLE}.get(standing, NO)
    if options.json:
        _as_json(options, replace(reply, document={**reply.document, "status": standing}))
        return code
    from app.cli.tables import console, status_report

    console().print(status_report(reply.document, standing, is_running=way.is_running, now=datetime.now(UTC)))
    return code


def _refresh(options: argparse.Namespace, way: Way) -> int:
    from rich.console import Console

    with Console(stderr=True).status("refreshing ..."):
        reply = way.refresh(is_dry_run=options.dry_run, is_forced=options.force)
    if "outcome" not in reply.document or options.json:
        return _as_json(options, reply)
    from app.cli.tables import console, outcome_report

    console().print(outcome_report(reply.document))
    return NO if reply.document["outcome"] in {"refused", "failed"} else FINE


def _export(options: argparse.Namespace, way: Way) -> int:
    from app.cli.exporting import exported, write

    if options.what != "models":
        return _export_for_client(options, way)
    if options.into or options.dry_run:
        raise UsageError("--into and --dry-run are for `export litellm`")
    reply = way.get("/models")
    if not reply.is_fine:
        return _as_json(options, reply)
    models = reply.document["models"]
    write(exported(models, options.format), options.output, may_replace=options.force)
    if options.output != "-":
        print(f"wrote {len(models)} models to {options.output}", file=sys.stderr)
    return FINE


def _export_for_client(options: argparse.Namespace, way: Way) -> int:
    from app.cli import litellm_file
    from app.cli.exporting import write

    is_config = options.what == "litellm"
    if (options.into and not is_config) or (options.dry_run and not options.into):
        raise UsageError("--into is for `export litellm`, and --dry-run for --into")
    reply = way.get(litellm_file.CONFIG_PATH if is_config else litellm_file.COST_MAP_PATH)
    if not reply.is_fine:
        # LiteLLM's error shape, or a problem document of a registry that is older than this command.
        fault = reply.document.get("error") or {"message": reply.document.get("detail")}
        return complain(f"{way.name} gave {reply.status}: {fault['message']}", NO)
    document = litellm_file.exact(reply.body)
    if options.into:
        changes = litellm_file.put_into(options.into, document, is_dry_run=options.dry_run)
        if options.dry_run:
            print("nothing was written (--dry-run)", file=sys.stderr)
        for line in litellm_file.report(changes):
            print(line)
        return FINE
    body = litellm_file.whole_config(document) if is_config else litellm_file.aider_metadata(document)
    write(body, options.output, may_replace=options.force)
    if options.output != "-":
        count = len(document["model_list"] if is_config else litellm_file.openrouter_keys(document))
        print(f"wrote {count} entries to {options.output}", file=sys.stderr)
    return FINE


def _as_json(options: argparse.Namespace, reply: Reply) -> int:
    """Print the API's own JSON, or for people what a problem says."""
    import orjson

    outcome = reply.document.get("outcome") if isinstance(reply.document, dict) else None
    code = FINE if reply.is_fine and outcome not in {"refused", "failed"} else USAGE if reply.status == 422 else NO
    if options.json:
        sys.stdout.buffer.write(orjson.dumps(reply.document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        sys.stdout.buffer.flush()
        return code
    # What the API says of itself, in the words of this command line.
    detail = str(reply.document.get("detail", reply.document)).replace(_SEARCH_BY_URL, "model-registry search WORDS")
    near = ", ".join(one for one in reply.document.get("suggestions", []) if one not in detail)
    return complain(detail + (f" Near: {near}" if near else ""), code)


COMMANDS: Mapping[str, Callable[[argparse.Namespace, Way], int]] = MappingProxyType(
    {
        "list": _list,
        "search": _search,
        "show": _show,
        "status": _status,
        "refresh": _refresh,
        "export": _export,
    }
)
