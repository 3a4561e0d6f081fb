"""Options: their bounds, their defaults, and that a secret among them is never shown."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr, ValidationError

from app.env_example import example_env
from app.setting_values import is_loopback
from app.settings import SECTIONS, Settings

ROOT = Path(__file__).parents[2]
CANARY = "kanarienvogel"
NUMBERS = {
    "PORT": ("0", "65535", "-1", "65536"),
    "CACHE_MAX_AGE_SECONDS": ("0", "86400", "-1", "86401"),
    "GRACEFUL_SECONDS": ("1", "300", "0", "301"),
    "LIMIT_CONCURRENCY": ("10", "1000000", "9", None),
    "RENDERINGS_MAX_COUNT": ("100", "100000", "99", "100001"),
    "RENDERINGS_MAX_BYTES": ("1048576", "999999999999", "1048575", None),
    "STORE_DEADLINE_SECONDS": ("0.051", "30", "0.05", "30.1"),
    "FETCH_DEADLINE_SECONDS": ("0.11", "600", "0.1", "600.1"),
    "FETCH_ATTEMPTS": ("1", "10", "0", "11"),
    "FETCH_MAX_WIRE_BYTES": ("1024", "999999999999", "1023", None),
    "FETCH_MAX_DECODED_BYTES": ("1024", "999999999999", "1023", None),
    "LIVE_FRESH_SECONDS": ("1", "86400", "0.9", "86401"),
    "LIVE_DEADLINE_SECONDS": ("0.11", "60", "0.1", "60.1"),
    "LIVE_MAX_BYTES": ("65536", "999999999999", "65535", None),
    "REFRESH_INTERVAL_MINUTES": ("1", "10080", "0.99", "10081"),
    "REFRESH_COOLDOWN_SECONDS": ("0", "3600", "-0.1", "3601"),
    "ADMIN_REQUESTS_PER_MINUTE": ("1", "1000000", "0", "1000001"),
    "PREFERENCES_REQUESTS_PER_MINUTE": ("1", "1000000", "0", "1000001"),
    "LEASE_SECONDS": ("5", "3600", "4.9", "3601"),
    "FOLLOW_SECONDS": ("0.1", "60", "0.09", "61"),
    "DELISTED_DAYS": ("0", "3650", "-1", "3651"),
    "GUARD_MAX_VANISHED_PERCENT": ("5", "100", "-1", "101"),
    "GUARD_MIN_MODELS": ("1", "1000000", "0", None),
    "GUARD_MAX_UNREADABLE_PERCENT": ("0", "100", "-1", "101"),
    "GUARD_MAX_PRICE_FLIP_PERCENT": ("0", "100", "-1", "101"),
    "GUARD_WARN_PERCENT": ("0", "20", "-1", "101"),
    "FILTER_MAX_PROMPT_PRICE": ("0", "1000000", "-0.01", None),
    "FILTER_MAX_COMPLETION_PRICE": ("0", "1000000", "-0.01", None),
    "FILTER_MIN_CONTEXT": ("1", "1000000000", "0", None),
}
"""Each number: the least and the greatest that are accepted, and those just beyond; None where there is no end."""


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave none of our variables in the environment."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def read(**environment: str) -> Settings:
    """Return the settings of an environment, with no .env file."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        return Settings(_env_file=None)


def refusal(**environment: str) -> str:
    """Return what is said about settings that are refused."""
    with pytest.raises(ValidationError) as caught:
        read(**environment)
    return str(caught.value)


def test_an_empty_environment_is_enough() -> None:
    settings = read()
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.openrouter_base_url == "https://openrouter.ai/api/v1"
    assert settings.refresh_interval_minutes == 60
    assert settings.redis_url is None
    assert settings.admin_token is None


def test_empty_variables_count_as_absent() -> None:
    empty = {name.upper(): "" for name in Settings.model_fields}
    assert read(**empty) == read()


class TestNumbers:
    """Every number has bounds, and no number escapes them."""

    def test_every_number_is_in_the_table(self) -> None:
        numbers = {
            name.upper()
            for name, field in Settings.model_fields.items()
            if field.annotation in {int, float, int | None, float | None, Decimal | None}
        }
        assert numbers == NUMBERS.keys()

    @pytest.mark.parametrize("name", NUMBERS)
    def test_the_bounds_themselves_are_accepted(self, name: str) -> None:
        least, greatest, _, _ = NUMBERS[name]
        others = {
            "GUARD_MAX_VANISHED_PERCENT": {"GUARD_WARN_PERCENT": "0"},
            "LEASE_SECONDS": {"FETCH_DEADLINE_SECONDS": "5"},
            "FETCH_DEADLINE_SECONDS": {"LEASE_SECONDS": "600"},
        }.get(name, {})
        for text in (least, greatest):
            assert float(getattr(read(**{name: text}, **others), name.lower())) == float(text)

    @pytest.mark.parametrize("name", NUMBERS)
    def test_what_lies_beyond_is_refused_by_name(self, name: str) -> None:
        _, _, below, above = NUMBERS[name]
        for text in (below, above):
            if text is not None:
                assert name.lower() in refusal(**{name: text})

    @pytest.mark.parametrize("text", ["nan", "inf", "-inf", "many", "1,5", "0x10"])
    @pytest.mark.parametrize("name", NUMBERS)
    def test_what_is_no_number_is_refused(self, name: str, text: str) -> None:
        assert name.lower() in refusal(**{name: text})


class TestWords:
    """Options that are not numbers."""

    @pytest.mark.parametrize(
        "name",
        [
            "OPENROUTER_OUTPUT_MODALITIES",
            "FILTER_DROP_VARIANTS",
            "FILTER_KEEP_VARIANTS",
            "FILTER_ALLOW",
            "FILTER_DENY",
            "FILTER_ALLOW_AUTHORS",
            "FILTER_DENY_AUTHORS",
        ],
    )
    def test_a_list_is_written_with_commas(self, name: str) -> None:
        assert getattr(read(**{name: " one, two ,,three,"}), name.lower()) == ("one", "two", "three")

    @pytest.mark.parametrize("name", ["CORS_ORIGINS", "PREFERENCES_CORS_ORIGINS"])
    def test_sites_are_kept_as_browsers_send_them(self, name: str) -> None:
        given = "https://App.example, http://localhost:3000,, http://[::1]:8080, tauri://localhost"
        kept = ("https://app.example", "http://localhost:3000", "http://[::1]:8080", "tauri://localhost")
        assert getattr(read(**{name: given}), name.lower()) == kept

    @pytest.mark.parametrize(
        "site",
        [
            *("https://a.example/", "a.example", "https://a.example/app", "https://", "https://u@a.example", "null"),
            *("https://a.example:443", "http://a.example:80", "https://a:b:c", "https://[", "https://:81"),
            *("https://a.example;", "https://bücher.example", "https://a.example:99999"),
        ],
    )
    @pytest.mark.parametrize("name", ["CORS_ORIGINS", "PREFERENCES_CORS_ORIGINS"])
    def test_what_names_no_site_as_browsers_do_is_refused(self, name: str, site: str) -> None:
        assert f"{site!r} is no origin" in refusal(**{name: f"https://b.example, {site}"})

    def test_any_site_may_read_but_no_pattern_stands_for_some(self) -> None:
        assert read(CORS_ORIGINS="*").cors_origins == ("*",)
        assert "'https://*.example' is no origin" in refusal(CORS_ORIGINS="https://*.example")

    @pytest.mark.parametrize("sites", ["*", "https://a.example,*", "https://*.example"])
    def test_preferences_are_not_for_any_site(self, sites: str) -> None:
        assert "must name the sites" in refusal(PREFERENCES_CORS_ORIGINS=sites)

    @pytest.mark.parametrize("name", ["FILTER_ALLOW", "CORS_ORIGINS"])
    def test_a_list_of_nothing_is_empty(self, name: str) -> None:
        assert getattr(read(**{name: " , "}), name.lower()) == ()

    def test_at_least_one_modality_is_needed(self) -> None:
        assert "OPENROUTER_OUTPUT_MODALITIES must name at least one" in refusal(OPENROUTER_OUTPUT_MODALITIES=",")

    @pytest.mark.parametrize(
        ("name", "good", "bad"),
        [
            ("LOG_LEVEL", "debug", "loud"),
            ("LOG_FORMAT", "json", "xml"),
            ("ACCESS_LOG", "true", "perhaps"),
            ("OPENROUTER_ENABLED", "false", "perhaps"),
            ("FILTER_REQUIRE_PRICE", "1", "2"),
            ("FILTER_DROP_DEPRECATED", "yes", "oui"),
            ("REDIS_KEY_PREFIX", "team-a.models_1", "team a"),
            ("REDIS_KEY_PREFIX", "x" * 64, "x" * 65),
            ("REDIS_KEY_PREFIX", "a", "a{b}"),
            ("REDIS_KEY_PREFIX", "a", "a\n"),
            ("OPENROUTER_USER_AGENT", "ours/1.0 (mail)", "a\r\nX-Evil: 1"),
            ("OPENROUTER_USER_AGENT", "x" * 200, "x" * 201),
            ("OPENROUTER_HTTP_REFERER", "https://example.org/app", "https://example.org/a b"),
            ("OPENROUTER_HTTP_REFERER", "https://example.org", "https://example.org\n"),
            ("OPENROUTER_X_TITLE", "Our models", "Modèles"),
            ("FORWARDED_ALLOW_IPS", "10.0.0.1,10.0.0.2", "*"),
            ("FORWARDED_ALLOW_IPS", "::1", "10.0.0.1,*"),
        ],
    )
    def test_a_good_word_is_taken_and_a_bad_one_refused_by_name(self, name: str, good: str, bad: str) -> None:
        read(**{name: good})
        assert name.lower() in refusal(**{name: bad})

    @pytest.mark.parametrize(
        "url",
        [
            "https://openrouter.ai/api/v1",
            "https://mirror.example.org:8443/v1",
            "http://127.0.0.1:9000/api/v1",
            "http://localhost/api/v1",
            "http://[::1]:9000",
        ],
    )
    def test_a_base_url_is_absolute_and_safe(self, url: str) -> None:
        assert read(OPENROUTER_BASE_URL=url + "/").openrouter_base_url == url

    @pytest.mark.parametrize(
        "url",
        [
            "openrouter.ai/api/v1",
            "ftp://openrouter.ai",
            "https://",
            "file:///etc/passwd",
            "http://openrouter.ai/api/v1",
            "http://127.0.0.1.example.org/",
            "http://10.0.0.1/",
            f"https://user:{CANARY}@openrouter.ai",
            f"https://openrouter.ai/?key={CANARY}",
            "https://openrouter.ai/#x",
            "https://[::1",
            "https://openrouter.ai:99999",
            "https://openrouter.ai:port",
        ],
    )
    def test_a_base_url_that_could_betray_somebody_is_refused(self, url: str) -> None:
        said = refusal(OPENROUTER_BASE_URL=url)
        assert "openrouter_base_url" in said
        assert CANARY not in said

    def test_the_guard_may_not_warn_after_it_refused(self) -> None:
        said = refusal(GUARD_WARN_PERCENT="30")
        assert "GUARD_WARN_PERCENT must not be above GUARD_MAX_VANISHED_PERCENT" in said

    def test_a_fetch_may_not_outlast_the_lease(self) -> None:
        said = refusal(FETCH_DEADLINE_SECONDS="30.5", LEASE_SECONDS="30")
        assert "FETCH_DEADLINE_SECONDS must not be above LEASE_SECONDS" in said
        assert read(FETCH_DEADLINE_SECONDS="30", LEASE_SECONDS="30").lease_seconds == 30

    @pytest.mark.parametrize(
        ("host", "expected"),
        [
            ("localhost", True),
            ("127.0.0.1", True),
            ("127.9.9.9", True),
            ("::1", True),
            ("0.0.0.0", False),  # noqa: S104 - asked about, not bound
            ("10.0.0.1", False),
            ("localhost.example.org", False),
            ("", False),
        ],
    )
    def test_what_counts_as_this_machine(self, host: str, expected: bool) -> None:
        assert is_loopback(host) is expected


class TestSecrets:
    """No secret in a repr, in an error, in a dump."""

    SECRETS: ClassVar = {
        "ADMIN_TOKEN": CANARY,
        "PREFERENCES_TOKEN": CANARY * 4,
        "OPENROUTER_API_KEY": CANARY,
        "REDIS_URL": f"redis://:{CANARY}@127.0.0.1:6379/0",
    }

    def test_every_secret_is_one_of_these(self) -> None:
        secret = {name.upper() for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
        assert secret == self.SECRETS.keys()

    def test_a_repr_shows_none(self) -> None:
        settings = read(**self.SECRETS)
        assert settings.admin_token == SecretStr(CANARY)
        for shown in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
            assert CANARY not in shown

    @pytest.mark.parametrize(
        "wrong",
        [
            {"PORT": "x"},
            {"GUARD_WARN_PERCENT": "30"},
            {"ADMIN_TOKEN": f"{CANARY} {CANARY}"},
            {"PREFERENCES_TOKEN": CANARY},
            {"PREFERENCES_TOKEN": f"{CANARY} {CANARY} {CANARY} {CANARY}"},
            {"OPENROUTER_API_KEY": f"{CANARY}\n{CANARY}"},
            {"REDIS_URL": f"http://:{CANARY}@127.0.0.1"},
            {"REDIS_URL": f"redis://:{CANARY}/x@127.0.0.1:6379"},
            {"REDIS_URL": f"redis://u:{CANARY}@127.0.0.1:{CANARY}"},
            {"REDIS_URL": f"redis://[{CANARY}"},
            {"OPENROUTER_BASE_URL": f"https://{CANARY}@openrouter.ai"},
        ],
    )
    def test_an_error_shows_none(self, wrong: dict[str, str]) -> None:
        with pytest.raises(ValidationError) as caught:
            read(**{**self.SECRETS, **wrong})
        lines: list[Any] = [str(caught.value), repr(caught.value)]
        lines += [fault["msg"] for fault in caught.value.errors(include_input=False, include_context=False)]
        assert CANARY not in str(lines)
        name = next(iter(wrong))
        assert name.lower() in str(lines).lower()

    @pytest.mark.parametrize("name", ["ADMIN_TOKEN", "PREFERENCES_TOKEN", "OPENROUTER_API_KEY"])
    @pytest.mark.parametrize("blank", ["", " ", "\t\n "])
    def test_a_blank_secret_is_no_secret(self, name: str, blank: str) -> None:
        assert getattr(read(**{name: blank}), name.lower()) is None

    def test_a_secret_is_taken_without_the_blanks_around_it(self) -> None:
        token = read(ADMIN_TOKEN=f" {CANARY}\n").admin_token
        assert token is not None
        assert token.get_secret_value() == CANARY

    def test_a_token_that_user_tokens_are_made_from_is_long(self) -> None:
        assert "32 characters or more" in refusal(PREFERENCES_TOKEN="x" * 31)
        assert "must be the token itself" in refusal(PREFERENCES_TOKEN=f"sha256:{'0' * 64}")
        assert "32 characters or more" in refusal(PREFERENCES_TOKEN=f" {'x' * 31} ")
        assert read(PREFERENCES_TOKEN="x" * 32).preferences_token == SecretStr("x" * 32)

    @pytest.mark.parametrize("digits", ["", "ab", "g" * 64, "a" * 63, "a" * 65])
    def test_the_hash_of_a_token_is_whole(self, digits: str) -> None:
        assert "64 hex digits after sha256:" in refusal(ADMIN_TOKEN=f"sha256:{digits}")

    def test_a_secret_may_hold_any_letter(self) -> None:
        token = read(ADMIN_TOKEN="pässwörd-☃").admin_token
        assert token is not None
        assert token.get_secret_value() == "pässwörd-☃"

    @pytest.mark.parametrize("url", ["redis://h:6379/0", "rediss://u:p%40@h", "unix:///run/redis.sock?db=1"])
    def test_every_form_of_redis_url_is_taken(self, url: str) -> None:
        taken = read(REDIS_URL=url).redis_url
        assert taken is not None
        assert taken.get_secret_value() == url


class TestEnvironmentFile:
    """`.env` and `.env.example`."""

    def test_the_example_is_the_one_that_is_kept(self) -> None:
        """`python -m app.env_example > .env.example` writes it."""
        assert (ROOT / ".env.example").read_text(encoding="utf-8") == example_env()

    def test_the_module_prints_it(self) -> None:
        printed = subprocess.run([sys.executable, "-m", "app.env_example"], cwd=ROOT, capture_output=True, check=True)
        assert printed.stdout.decode() == example_env()

    def test_it_explains_every_option_with_its_default(self, tmp_path: Path) -> None:
        lines = example_env().splitlines()
        for name, field in Settings.model_fields.items():
            place = next(at for at, line in enumerate(lines) if line.startswith(f"#{name.upper()}="))
            assert lines[place - 1] == f"# {field.description}"
        assert all(title in SECTIONS for title in SECTIONS)
        opened = tmp_path / ".env"
        opened.write_text("\n".join(line[1:] if line[1:2].isupper() and "=" in line else line for line in lines))
        assert Settings(_env_file=opened) == read(), "to take the signs away changes nothing"

    def test_a_file_is_read_and_the_environment_wins(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        file = tmp_path / ".env"
        file.write_text("PORT=9001\nLOG_LEVEL=debug\nSOMETHING_ELSE=1\n")
        monkeypatch.setenv("LOG_LEVEL", "error")
        settings = Settings(_env_file=file)
        assert (settings.port, settings.log_level) == (9001, "error")

    def test_settings_never_change(self) -> None:
        with pytest.raises(ValidationError, match="frozen"):
            read().port = 1  # type: ignore[misc]
