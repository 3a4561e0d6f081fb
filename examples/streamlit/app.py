"""A model selector in Streamlit's sidebar: the registry lists the models and keeps what each user chose.

Streamlit runs on a server, so PREFERENCES_TOKEN stays there; nothing of it reaches a browser.
"""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import quote

import requests
import streamlit as st

REGISTRY = os.environ.get("MODEL_REGISTRY_URL", "http://127.0.0.1:8000").rstrip("/")
TOKEN = os.environ.get("PREFERENCES_TOKEN")
TIMEOUT_SECONDS = 3.0
RECENTS = 5


@st.cache_data(ttl=60, show_spinner="Asking the registry for its models ...")
def listed() -> dict[str, dict[str, Any]]:
    """Return the dropdown rows by id; an error is not cached, so the next run asks again."""
    answer = requests.get(f"{REGISTRY}/models", params={"format": "frontend"}, timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()
    return {row["value"]: row for row in answer.json()["models"]}


def preferences(method: str, user: str, changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """Read or change what a user keeps; raises requests.RequestException."""
    answer = requests.request(
        method,
        f"{REGISTRY}/users/{quote(user, safe='')}/preferences",
        json=changes,
        headers={"Authorization": f"Bearer {TOKEN}"} if TOKEN else {},
        timeout=TIMEOUT_SECONDS,
    )
    if not answer.ok:
        # A problem document says what is wrong in words.
        is_problem = answer.headers.get("Content-Type", "").startswith("application/problem+json")
        detail = answer.json()["detail"] if is_problem else f"HTTP {answer.status_code}"
        raise requests.HTTPError(detail, response=answer)
    document: dict[str, Any] = answer.json()
    return document


def keep(user: str, kept: dict[str, Any], **changes: Any) -> None:
    """Store a change; what can't be stored now holds for this session."""
    try:
        st.session_state.kept = preferences("PATCH", user, changes)
        st.session_state.trouble = None
    except requests.RequestException as error:
        st.session_state.kept = {**kept, **changes}
        st.session_state.trouble = f"Not saved, it holds for this session only: {error}"


def choose(user: str, kept: dict[str, Any], model_id: str) -> None:
    """Make a model the user's choice, and the first of the recent ones."""
    others = [spelling for spelling in kept["recents"] if spelling != model_id]
    keep(user, kept, selected=model_id, recents=[model_id, *others][:RECENTS])


def current(user: str) -> dict[str, Any]:
    """Return what a user keeps: from the registry once a session, then as it was changed here."""
    if st.session_state.get("kept_for") != user:
        st.session_state.kept_for = user
        try:
            st.session_state.kept = preferences("GET", user)
            st.session_state.trouble = None
        except requests.RequestException as error:
            st.session_state.kept = {"selected": None, "favourites": [], "recents": [], "models": {}}
            st.session_state.trouble = f"Your choices can't be read now: {error}"
    kept: dict[str, Any] = st.session_state.kept
    return kept


def plain(text: str) -> str:
    """Return a text that Streamlit shows as it is: names come from outside, and a dollar sign would begin a formula."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def text_of(model_id: str, rows: dict[str, dict[str, Any]], favourites: list[str]) -> str:
    """Return a line of the selector; a model that is no longer listed stays there under its id."""
    star = "★ " if model_id in favourites else ""
    row = rows.get(model_id)
    return f"{star}{row['label']} · {row['price']['text']}" if row else f"{star}{model_id} · no longer listed"


def sidebar(user: str, kept: dict[str, Any], rows: dict[str, dict[str, Any]]) -> str | None:
    """Draw the selector and return the chosen id; None while nothing was chosen."""
    standing = kept["models"].get(kept["selected"]) or {}
    chosen = standing.get("id") or kept["selected"]
    favourites, recents = kept["favourites"], kept["recents"]
    options = list(dict.fromkeys([*([chosen] if chosen else []), *favourites, *recents, *rows]))
    st.sidebar.selectbox(
        "Model",
        options,
        index=options.index(chosen) if chosen else None,
        format_func=lambda model_id: text_of(model_id, rows, favourites),
        placeholder="Choose a model",
        # Another choice makes another widget, so that it starts from what is kept.
        key=f"model:{user}:{chosen}",
        on_change=lambda: choose(user, kept, st.session_state[f"model:{user}:{chosen}"]),
    )
    if chosen:
        is_favourite = chosen in favourites
        changed = [spelling for spelling in favourites if spelling != chosen] if is_favourite else [chosen, *favourites]
        st.sidebar.button(
            "★ A favourite" if is_favourite else "☆ Make it a favourite",
            on_click=lambda: keep(user, kept, favourites=changed),
        )
    if standing.get("message"):
        st.sidebar.warning(plain(standing["message"]))
        successor = standing.get("successor")
        if successor:
            label = rows[successor]["label"] if successor in rows else successor
            st.sidebar.button(f"Use {plain(label)} instead", on_click=lambda: choose(user, kept, successor))
    if st.session_state.trouble:
        st.sidebar.error(plain(st.session_state.trouble))
    return chosen


def main() -> None:
    """Draw the page."""
    st.set_page_config(page_title="Model selector", page_icon="⚙")
    # Who has signed in, in an application of yours: a stable id that tells nobody anything.
    user = st.query_params.get("user", "ada")
    try:
        rows = listed()
    except requests.RequestException:
        st.error(f"No registry answers at {REGISTRY}. Start it, or name another in MODEL_REGISTRY_URL.")
        st.button("Try again")
        return
    chosen = sidebar(user, current(user), rows)
    st.title("Which model?")
    st.caption(f"Signed in as {plain(user)}; another person: ?user=bob")
    row = rows.get(chosen or "")
    if row is None:
        st.write("Choose one of the models in the sidebar; the choice is there when you come back.")
        return
    st.subheader(plain(row["label"]))
    facts = {"Price": row["price"]["text"], "Context": row["context"] or "unknown", "From": row["provider"]["name"]}
    for column, (name, value) in zip(st.columns(3), facts.items(), strict=True):
        column.caption(name)
        column.markdown(plain(value))
    st.code(f'client.chat.completions.create(model="{row["value"]}", ...)', language="python")


main()
