"""Which commands there are and what they take; the query words come from the catalog's own table."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from app import __version__
from app.catalog.query import WORDS, Kind

PROGRAM = "model-registry"
EXIT_CODES = "exit codes: 0 fine · 1 the answer is no, or it failed · 2 wrong usage or settings · 3 nothing reachable"
# Words that decide the form of the answer; the command line has its own ways for those.
_NOT_OPTIONS = frozenset({"q", "format", "fields", "facets", "interpret"})
EXPORTED = ("models", "litellm", "aider")
EXPORTS = ("json", "jsonl", "csv", "ids")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Every LLM, its price, its limits and its lifecycle.",
        epilog=f"Settings come from the environment and .env; .env.example explains each. {EXIT_CODES}",
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    serve = _add(commands, "serve", "run the service in the foreground", "serve --port 8080")
    serve.add_argument("--host", help="address to listen on (HOST)")
    serve.add_argument("--port", type=int, help="port to listen on, 0 picks a free one (PORT)")

    refresh = _reading(commands, "refresh", "fetch the catalog now and show what changed", "refresh --dry-run")
    refresh.add_argument("--dry-run", action="store_true", help="only show what would change")
    refresh.add_argument("--force", action="store_true", help="accept a catalog that the guard refuses; recorded")

    status = _reading(commands, "status", "show the state of everything", "status")
    status.epilog = f"{status.epilog} · exit codes: 0 ok · 1 degraded, or nothing stored · 3 nothing serves"
    listing = _reading(commands, "list", "list models", "list --supports tools,vision --max-prompt-price 1")
    search = _reading(commands, "search", "find models by words", 'search "claude sonnet 4.5"')
    search.add_argument("words", nargs="+", help="what to search for")
    for command in (listing, search):
        _add_query_words(command)
    show = _reading(commands, "show", "show one model, by any spelling of its id", "show gpt-4o")
    show.add_argument("id", help="id, alias or unambiguous slug")

    export = _reading(commands, "export", "write the whole catalog to a file", "export --format csv -o models.csv")
    export.add_argument(
        "what",
        nargs="?",
        choices=EXPORTED,
        default="models",
        help="models (default), a config for LiteLLM's proxy, or model metadata for aider",
    )
    export.add_argument("--format", choices=EXPORTS, default="json", help="form of the file (default: json)")
    export.add_argument("-o", "--output", default="-", help="file to write; - is standard output (default)")
    export.add_argument("--force", action="store_true", help="replace the file if there is one")
    export.add_argument(
        "--into", metavar="FILE", help="with litellm: bring our entries in this config up to date, leave all else alone"
    )
    export.add_argument("--dry-run", action="store_true", help="with --into: only show what would change")

    doctor = _add(commands, "doctor", "point a client at a registry and see what it gets", "doctor openai --url URL")
    doctor.add_argument("client", nargs="?", help="which client; without it, every client with its switch")
    doctor.add_argument("--url", help="address of the registry (default: MODEL_REGISTRY_URL, or HOST and PORT)")

    for name, meaning in (
        ("health", "is the service alive? (GET /livez)"),
        ("ready", "may traffic come? (GET /readyz)"),
    ):
        probe = _add(commands, name, meaning, name)
        probe.add_argument("--url", help="address of the service (default: MODEL_REGISTRY_URL, or HOST and PORT)")
        probe.add_argument("--timeout", type=float, default=3.0, help="seconds to wait (default: 3)")
    return parser


if TYPE_CHECKING:
    _Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse names it nowhere else


def _add(commands: _Commands, name: str, meaning: str, example: str) -> argparse.ArgumentParser:
    epilog = f"example: {PROGRAM} {example}"
    added: argparse.ArgumentParser = commands.add_parser(
        name, help=meaning, description=meaning.capitalize() + ".", epilog=epilog
    )
    return added


def _reading(commands: _Commands, name: str, meaning: str, example: str) -> argparse.ArgumentParser:
    """Add a command that asks a registry; it tries a running one first, then the local store."""
    parser = _add(commands, name, meaning, example)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--url", help="address of a running registry (or MODEL_REGISTRY_URL)")
    where.add_argument("--local", action="store_true", help="read the local store, even if a registry runs")
    parser.add_argument("--json", action="store_true", help="print the API's JSON, for scripts")
    parser.add_argument("--token-file", help="file with the ADMIN_TOKEN, for refresh; never give it as an argument")
    return parser


def _add_query_words(parser: argparse.ArgumentParser) -> None:
    words = parser.add_argument_group("filters, order, paging", "The API's own query words; repeat one to mean OR.")
    for word in WORDS.values():
        if word.name in _NOT_OPTIONS:
            continue
        option = "--" + word.name.replace("_", "-")
        # Apart, what begins with a hyphen would be taken for another option.
        example = f"{option}={word.example}" if word.example.startswith("-") else word.example
        is_list = word.kind in {Kind.ONE_OF, Kind.SET_OF, Kind.IDS}
        words.add_argument(
            option,
            dest=f"word_{word.name}",
            action="append" if is_list else "store",
            metavar="VALUE",
            help=f"{word.meaning} e.g. {example}".replace("%", "%%"),
        )
