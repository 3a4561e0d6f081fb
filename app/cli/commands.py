"""What each command does."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from app.cli.parser import build_parser

if TYPE_CHECKING:
    from app.cli.ways import Reply, Way
    from app.settings import Settings

FINE, NO, USAGE, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 130


class UsageError(Exception):
    """An argument can't be used; the message says which and why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; nothing gets out but SystemExit of argparse."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return FINE
    from app.cli.exporting import ExportError
    from app.cli.ways import NotReachableError, UnusableSettingError

    try:
        return _run(options)
    except NotReachableError as error:
        return _complain(str(error), UNREACHABLE)
    except ExportError as error:
        return _complain(str(error), NO)
    except (UsageError, UnusableSettingError) as error:
        return _complain(str(error), USAGE)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has seen enough; keep Python from complaining when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE


def _run(options: argparse.Namespace) -> int:
    settings = _settings({"host": getattr(options, "host", None), "port": getattr(options, "port", None)})
    if settings is None:
        return USAGE
    if options.command == "serve":
        from app.runtime import leaving_out

        with leaving_out("rich"):
            from app.serve import serve

        return serve(settings)
    if options.command in _PROBES:
        return _probe(options, settings)
    if options.command == "doctor":
        return _doctor(options, settings)
    from app.cli.ways import way_to

    _quiet_logs()
    way = way_to(settings, url=options.url, is_local=options.local, token=_token(options, settings))
    if not options.json:
        print(f"asking {way.name}", file=sys.stderr)
    return _COMMANDS[options.command](options, way)


def _quiet_logs() -> None:
    from app.logs import configure_logs

    configure_logs("error", "text")


def _settings(given: Mapping[str, Any]) -> Settings | None:
    """Return the settings, or None after one line on standard error for each that is wrong; values never show."""
    from pydantic import ValidationError

    from app.settings import Settings

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False, include_context=False):
            name = "_".join(map(str, fault["loc"])).upper() or "settings"
            reason = fault["msg"].removeprefix("Value error, ")
            print(f"{name}: {reason[:1].lower()}{reason[1:]}", file=sys.stderr)
        print("Nothing was started. .env.example explains every setting.", file=sys.stderr)
        return None


def _token(options: argparse.Namespace, settings: Settings) -> str | None:
    if options.token_file:
        try:
            return Path(options.token_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--token-file {options.token_file} can't be read ({type(error).__name__})") from None
    from app.settings import HASHED

    token = settings.admin_token.get_secret_value() if settings.admin_token else None
    if token is not None and token.startswith(HASHED):
        raise UsageError("ADMIN_TOKEN holds a hash, which opens nothing; give the token itself with --token-file")
    return token


_PROBES = MappingProxyType({"health": "/livez", "ready": "/readyz"})


def _probe(options: argparse.Namespace, settings: Settings) -> int:
    from app.cli.ways import answers, own_url

    url = options.url or os.environ.get("MODEL_REGISTRY_URL") or own_url(settings)
    is_fine = answers(url, _PROBES[options.command], options.timeout)
    print(f"{url} is {'fine' if is_fine else 'not ' + ('alive' if options.command == 'health' else 'ready')}")
    return FINE if is_fine else NO


def _doctor(options: argparse.Namespace, settings: Settings) -> int:
    import httpx

    from app.cli.doctor import UnknownClientError, client_named, examine, table_of_clients
    from app.cli.ways import own_url

    url = (options.url or os.environ.get("MODEL_REGISTRY_URL") or own_url(settings)).rstrip("/")
    if options.client is None:
        print(table_of_clients(url))
        return FINE
    _quiet_logs()
    code = FINE
    try:
        client = client_named(options.client)
        print(client.title)
        for finding in examine(client, url):
            mark = " " if finding.is_fine is None else "+" if finding.is_fine else "!"
            print(f"{mark} {finding.text}")
            code = NO if finding.is_fine is False else code
    except UnknownClientError as error:
        return _complain(str(error), USAGE)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        return _complain(f"! {url} does not answer ({reason}); check --url or start the service", UNREACHABLE)
    return code


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
    if not models:
        near = ", ".join(reply.document.get("suggestions", []))
        print("No model matches." + (f" Near: {near}" if near else " Try fewer filters."))
        return NO
    console().print(models_table(models))
    print(f"{len(models)} of {total} models" + (", stale" if reply.document["stale"] else ""), file=sys.stderr)
    return FINE


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

    console().print(status_report(reply.document, standing, is_running=way.is_running))
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
        return _complain(f"{way.name} gave {reply.status}: {fault['message']}", NO)
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
    near = ", ".join(reply.document.get("suggestions", []))
    return _complain(str(reply.document.get("detail", reply.document)) + (f" Near: {near}" if near else ""), code)


def _complain(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code


_COMMANDS: Mapping[str, Callable[[argparse.Namespace, Way], int]] = MappingProxyType(
    {
        "list": _list,
        "search": _search,
        "show": _show,
        "status": _status,
        "refresh": _refresh,
        "export": _export,
    }
)
