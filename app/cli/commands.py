"""The command line: settings, exit codes, and the commands that need no catalog."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from app.cli.ending import FINE, INTERRUPTED, NO, UNREACHABLE, USAGE, UsageError, complain
from app.cli.parser import build_parser

if TYPE_CHECKING:
    from app.settings import Settings


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
        return complain(str(error), UNREACHABLE)
    except ExportError as error:
        return complain(str(error), NO)
    except (UsageError, UnusableSettingError) as error:
        return complain(str(error), USAGE)
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
        from app.memory import without_collections
        from app.runtime import SPARED, leaving_out

        with leaving_out(*SPARED):
            # What is imported stays; to look at it again and again for cycles takes 75 of 500 ms.
            with without_collections():
                from app.serve import serve

            # FastAPI asks again for each route.
            return serve(settings)
    if options.command in _PROBES:
        return _probe(options, settings)
    if options.command == "doctor":
        return _doctor(options, settings)
    from app.cli.asking import COMMANDS
    from app.cli.ways import way_to

    _quiet_logs()
    way = way_to(settings, url=options.url, is_local=options.local, token=_token(options, settings))
    if not options.json:
        print(f"asking {way.name}", file=sys.stderr)
    return COMMANDS[options.command](options, way)


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
            name = "_".join(map(str, fault["loc"])).upper()
            reason = fault["msg"].removeprefix("Value error, ")
            # What settings must be together names them itself.
            print(f"{name}: {reason[:1].lower()}{reason[1:]}" if name else reason, file=sys.stderr)
        print("Nothing was started. .env.example explains every setting.", file=sys.stderr)
        return None


def _token(options: argparse.Namespace, settings: Settings) -> str | None:
    if options.token_file:
        try:
            return Path(options.token_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--token-file {options.token_file} can't be read ({type(error).__name__})") from None
    from app.setting_values import HASHED

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
        return complain(str(error), USAGE)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        return complain(f"! {url} does not answer ({reason}); check --url or start the service", UNREACHABLE)
    return code
