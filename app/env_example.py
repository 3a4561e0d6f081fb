"""Writes `.env.example`: `python -m app.env_example` prints every option, its default, its meaning."""

from __future__ import annotations

from app.settings import SECTIONS, Settings


def example_env() -> str:
    """Return the text of `.env.example`."""
    lines = ["# Every option with its default; copy to .env and change what you need.", ""]
    for name, option in Settings.model_fields.items():
        variable = name.upper()
        if variable in SECTIONS:
            lines += [f"# --- {SECTIONS[variable]} ---", ""]
        lines += [f"# {option.description}", f"#{variable}={_as_text(option.default)}", ""]
    return "\n".join(lines)


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    print(example_env(), end="")
