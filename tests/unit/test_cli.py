"""The command line on a local store, and on a server that always says the same, and how it fails."""

from __future__ import annotations

import csv
import gc
import io
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import structlog

from app import __version__
from app.catalog.query import WORDS
from app.cli import main
from app.cli.parser import build_parser
from tests.simulator import generate_catalog, make_record

Run = Callable[..., tuple[int, str, str]]
CANARY = "canary-7f3a"


@pytest.fixture
def untouched_logs() -> Iterator[None]:
    """Put the process's logging back as it was: a command configures it for itself."""
    loggers = [logging.getLogger(name) for name in (None, "httpx", "httpcore", "uvicorn.error", "uvicorn.access")]
    before = [(logger, logger.handlers[:], logger.level) for logger in loggers]
    yield
    structlog.reset_defaults()
    for logger, handlers, level in before:
        logger.handlers[:] = handlers
        logger.setLevel(level)


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], untouched_logs: None
) -> Run:
    """Return what runs a command on a store of its own, filled from a bootstrap file, and gives code and output."""
    records = [make_record("acme/rocket-1", name="Acme: Rocket 1"), make_record("acme/rocket-2", name="Acme: Rocket 2")]
    (tmp_path / "bootstrap.json").write_text(json.dumps({"data": [*records, *generate_catalog(60, seed=3)]}))
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "DATA_DIR": str(tmp_path / "data"),
        "BOOTSTRAP_FILE": str(tmp_path / "bootstrap.json"),
        "OPENROUTER_ENABLED": "false",
        "PORT": "1",
        "NO_COLOR": "1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MODEL_REGISTRY_URL", raising=False)

    def run_command(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main(list(arguments))
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return run_command


@contextmanager
def answering(document: object) -> Iterator[str]:
    """Answer every GET with a document, at the address that is given."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_without_a_command_it_prints_help_and_all_is_fine(run: Run) -> None:
    code, out, _ = run()
    assert code == 0
    assert all(
        name in out for name in ("serve", "refresh", "status", "list", "search", "show", "export", "health", "ready")
    )
    assert "exit codes: 0 fine" in " ".join(out.split())


def test_an_unknown_command_names_the_known_ones(run: Run) -> None:
    code, _, err = run("lst")
    assert code == 2
    assert "list" in err


def test_every_query_word_that_filters_is_an_option_of_list() -> None:
    helped = build_parser().parse_args(["list"])
    missing = {name for name in WORDS if f"word_{name}" not in vars(helped)}
    assert missing <= {"q", "format", "fields", "facets", "interpret"}


def test_list_shows_models_with_prices_as_words_or_numbers(run: Run) -> None:
    code, out, err = run("list", "--author", "acme")
    assert code == 0
    assert "acme/rocket-1" in out
    assert "2 of 2 models" in err


def test_list_as_json_is_the_answer_of_the_api(run: Run) -> None:
    code, out, err = run("list", "--author", "acme", "--limit", "1", "--json")
    assert code == 0
    assert err == ""
    document = json.loads(out)
    assert (len(document["models"]), document["total"]) == (1, 2)


def test_it_tells_its_version(run: Run) -> None:
    assert run("--version")[:2] == (0, f"model-registry {__version__}\n")


def test_a_wrong_value_gets_the_message_of_the_api_and_exit_code_2(run: Run) -> None:
    code, _, err = run("list", "--price", "gratis")
    assert code == 2
    assert "free, priced, dynamic, per_unit, unknown" in err


def test_search_finds_and_says_when_it_does_not(run: Run) -> None:
    code, out, _ = run("search", "rocket", "2", "--limit", "1")
    assert (code, "acme/rocket-2" in out) == (0, True)
    code, out, _ = run("search", "qqqqzzzz")
    assert code == 1
    assert "No model matches." in out


def test_search_says_what_it_read_as_a_filter_and_what_it_left_out(run: Run) -> None:
    code, out, err = run("search", "rocket", "under", "$50", "free")
    assert (code, "acme/rocket-1" in out) == (0, True)
    assert "read as query words: under $50 (max_prompt_price=50)" in err
    assert "no such filter: free (price=free)" in err
    plain = run("search", "rocket")[2]
    assert "read as" not in plain
    assert "left out" not in plain


def test_show_knows_every_spelling_and_suggests(run: Run) -> None:
    code, out, _ = run("show", "ROCKET-1")
    assert code == 0
    assert "acme/rocket-1" in out
    code, _, err = run("show", "acme/rocket-9")
    assert code == 1
    assert "acme/rocket" in err
    code, _, err = run("show", "qqqqzzzz")
    assert (code, "Search with model-registry search WORDS" in err) == (1, True)


def test_status_of_the_store_tells_what_is_stored_and_how_old_it_is(run: Run) -> None:
    code, out, _ = run("status", "--local")
    assert code == 0
    assert "sqlite" in out
    assert "bootstrap" in out


def test_status_says_so_when_nothing_serves(run: Run) -> None:
    code, out, err = run("status")
    assert code == 3
    assert "not serving: nothing answers" in out
    assert "(nothing answers at http://127.0.0.1:1)" in err
    code, out, _ = run("status", "--json")
    assert (code, json.loads(out)["status"]) == (3, "not_serving")


def test_status_says_so_when_nothing_is_stored(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOTSTRAP_FILE", "")
    code, out, _ = run("status", "--local")
    assert code == 1
    assert "nothing is stored; a start serves the core models" in out
    code, out, _ = run("status", "--local", "--json")
    assert (code, json.loads(out)["status"]) == (1, "nothing_stored")
    code, out, _ = run("status")
    assert (code, "none is stored" in out, "next refresh" in out) == (3, True, False)


def test_status_of_a_degraded_registry_exits_with_1(run: Run, tmp_path: Path) -> None:
    _, out, _ = run("status", "--local", "--json")
    status = json.loads(out)
    assert run("status", "--url", "http://127.0.0.1:1")[0] == 3
    with answering(status) as url:
        code, out, _ = run("status", "--url", url)
        assert (code, out.split()[:2]) == (0, ["status", "ok"])
    with answering(status | {"status": "degraded"}) as url:
        code, out, _ = run("status", "--url", url)
        assert (code, out.split()[:2]) == (1, ["status", "degraded;"])
        code, out, _ = run("status", "--url", url, "--json")
        assert (code, json.loads(out)["status"]) == (1, "degraded")


def test_an_option_of_redis_that_cannot_be_is_told_in_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", f"rediss://:{CANARY}@127.0.0.1?ssl_cert_reqs=foo")
    code, out, err = run("status", "--local")
    assert (code, out) == (2, "")
    assert "REDIS_URL has ssl_cert_reqs='foo', but ssl_cert_reqs takes none, optional or required" in err
    assert CANARY not in err


def test_the_help_of_status_tells_its_exit_codes(run: Run) -> None:
    _, out, _ = run("status", "--help")
    assert "0 ok · 1 degraded, or nothing stored · 3 nothing serves" in " ".join(out.split())


def test_a_local_refresh_without_upstream_merges_the_local_files(run: Run) -> None:
    code, out, _ = run("refresh", "--dry-run")
    assert code == 0
    assert "unchanged (dry run)" in out


def test_exports_hold_every_model_in_every_form(run: Run, tmp_path: Path) -> None:
    _, listed, _ = run("list", "--json")
    ids = [model["id"] for model in json.loads(listed)["models"]]
    assert run("export", "--format", "ids")[1].split() == ids
    lines = run("export", "--format", "jsonl")[1].splitlines()
    assert [json.loads(line)["id"] for line in lines] == ids
    assert [row["id"] for row in csv.DictReader(io.StringIO(run("export", "--format", "csv")[1]))] == ids
    assert run("export", "-o", str(tmp_path / "out.json"))[0] == 0
    assert [model["id"] for model in json.loads((tmp_path / "out.json").read_text())["models"]] == ids


def test_an_export_into_a_litellm_config_says_what_it_did(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "config.yaml"
    target.write_text("# mine\nmodel_list:\n  - model_name: mine\n    litellm_params: {model: openai/gpt-4o}\n")
    code, out, err = run("export", "litellm", "--into", str(target), "--dry-run")
    assert (code, "nothing was written" in err) == (0, True)
    assert "acme-rocket-1" not in target.read_text()
    code, again, _ = run("export", "litellm", "--into", str(target))
    assert (code, again) == (0, out)
    assert out.splitlines()[-1].endswith("added, 0 updated, 0 removed, 0 with edits of yours")
    assert target.read_text().startswith("# mine\nmodel_list:\n  - model_name: mine\n")
    assert "model_name: openrouter/acme-rocket-1\n" in target.read_text()
    assert run("export", "litellm", "--into", str(target))[1].startswith("0 added, 0 updated, 0 removed, ")
    target.write_text("[")
    assert run("export", "litellm", "--into", str(target))[0] == 1


def test_a_litellm_config_and_aiders_metadata_go_to_a_file_or_to_the_terminal(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("export", "litellm")
    assert code == 0
    assert "model_name: openrouter/acme-rocket-1\n" in out
    target = tmp_path / ".aider.model.metadata.json"
    code, _, err = run("export", "aider", "-o", str(target))
    assert code == 0
    assert f"wrote {len(json.loads(target.read_text()))} entries to {target}" in err
    assert json.loads(target.read_text())["openrouter/acme/rocket-1"]["input_cost_per_token"] == 1e-06
    assert run("export", "aider", "-o", str(target))[0] == 1


@pytest.mark.parametrize(
    "switches", [("--into", "x"), ("aider", "--into", "x"), ("litellm", "--dry-run"), ("--dry-run",), ("unknown",)]
)
def test_switches_of_an_export_that_do_not_fit_are_refused(run: Run, switches: tuple[str, ...]) -> None:
    assert run("export", *switches)[0] == 2


def test_an_export_for_litellm_says_why_there_is_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOTSTRAP_FILE", "")
    monkeypatch.setenv("DATA_DIR", "empty")
    code, _, err = run("export", "litellm")
    assert code == 1
    assert "nothing to say" in err


def test_an_export_replaces_a_file_only_when_forced(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    target.write_text("mine")
    code, _, err = run("export", "-o", str(target))
    assert (code, target.read_text()) == (1, "mine")
    assert "--force" in err
    assert run("export", "-o", str(target), "--force")[0] == 0
    assert run("export", "-o", str(tmp_path / "missing" / "out.json"))[0] == 1


def test_bad_settings_are_one_line_each_without_values_and_exit_code_2(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", "99999")
    monkeypatch.setenv("REFRESH_INTERVAL_MINUTES", "0")
    monkeypatch.setenv("REDIS_URL", f"http://:{CANARY}@redis")
    monkeypatch.setenv("ADMIN_TOKEN", f"{CANARY} with a space")
    for command in ("serve", "list", "health"):
        code, out, err = run(command)
        assert code == 2
        assert {line.split(":")[0] for line in err.splitlines()[:-1]} == {
            "PORT",
            "REFRESH_INTERVAL_MINUTES",
            "REDIS_URL",
            "ADMIN_TOKEN",
        }
        assert CANARY not in out + err
        assert gc.isenabled(), "serve lets it sleep while it starts"


def test_settings_that_do_not_go_together_are_named_as_they_are_written(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEASE_SECONDS", "5")
    code, _, err = run("serve")
    assert code == 2
    assert err.startswith("FETCH_DEADLINE_SECONDS must not be above LEASE_SECONDS")


def test_what_cannot_be_reached_is_exit_code_3_and_says_what_to_do(run: Run) -> None:
    code, _, err = run("list", "--url", "http://127.0.0.1:1")
    assert code == 3
    assert "--url" in err


@pytest.mark.parametrize("command", ["health", "ready"])
def test_probes_ask_the_registry_that_the_environment_names(
    run: Run, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_REGISTRY_URL", "http://127.0.0.1:2")
    code, out, _ = run(command)
    assert (code, out.split()[0]) == (1, "http://127.0.0.1:2")


def test_probes_say_no_with_exit_code_1(run: Run) -> None:
    assert run("health")[0] == 1
    assert run("ready")[0] == 1


def test_the_hash_of_a_token_is_no_token_to_show(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_TOKEN", f"sha256:{'0' * 64}")
    code, _, err = run("refresh", "--url", "http://127.0.0.1:9")
    assert code == 2
    assert "--token-file" in err


def test_a_token_file_that_cannot_be_read_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    code, _, err = run("refresh", "--token-file", str(tmp_path / "none"))
    assert code == 2
    assert "--token-file" in err


@pytest.mark.parametrize("arguments", [["--help"], ["health"]])
def test_help_and_probes_do_without_the_web_framework(arguments: list[str], tmp_path: Path) -> None:
    program = (
        "import sys\nfrom app.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print({'fastapi', 'uvicorn', 'redis', 'httpx', 'rich'} & sys.modules.keys() or 'light', file=sys.stderr)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        env={"PYTHONPATH": str(root), "PORT": "1"},
        cwd=tmp_path,
        check=False,
    )
    assert done.stderr.strip().endswith("light")


def test_a_reader_that_has_seen_enough_ends_it_quietly(run: Run, tmp_path: Path) -> None:
    run("status")
    root = Path(__file__).parents[2]
    command = f"{sys.executable} -m app export --format jsonl | head -c 10 > /dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        text=True,
        timeout=30,
        env={
            "PYTHONPATH": str(root),
            "DATA_DIR": str(tmp_path / "data"),
            "OPENROUTER_ENABLED": "false",
            "PORT": "1",
            "PATH": "/usr/bin:/bin",
        },
        cwd=tmp_path,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.stdout.strip() == "0"
