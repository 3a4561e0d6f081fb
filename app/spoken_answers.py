"""The dialects' answers: pure functions from what is published and a question to the bytes that a client reads."""

from __future__ import annotations

from app.answers import Answer, Pairs, UnknownModelError
from app.catalog.model import Model
from app.dialects.dialect import Dialect, Spoken
from app.dialects.openai import OPENAI, openai_page
from app.dialects.pieces import to_json
from app.published import Published

MAX_PAGE_ROWS = 1_000


class NotSpokenError(LookupError):
    """A dialect has no document to give now; clients keep what they have."""

    def __init__(self, dialect: str, reason: str | None) -> None:
        super().__init__(
            f"there is nothing to say in the dialect {dialect!r} now: {reason}; /compat names the reason of each model"
        )


class PageError(ValueError):
    """A page was asked for in a way that can't be answered; the message says why.

    `word` is the query word at fault; None where there are several.
    """

    def __init__(self, reason: str, word: str | None = None) -> None:
        super().__init__(f"{word} {reason}" if word else reason)
        self.word = word


def whole(dialect: Dialect) -> Answer:
    """Return what answers with a dialect's whole document, whatever query a client adds."""

    def answer(published: Published, _pairs: Pairs) -> bytes:
        return body_of(dialect, published)

    return answer


def body_of(dialect: Dialect, published: Published) -> bytes:
    """Return a dialect's document; raises NotSpokenError when there is none."""
    spoken = published.spoken[dialect.name]
    if not spoken.is_served:
        raise NotSpokenError(dialect.name, spoken.flaw)
    return b"".join(published.spoken.pieces(dialect.name))


def row_of(dialect: Dialect, model: Model) -> Answer:
    """Return what answers with one model's row; it raises UnknownModelError for a model that the dialect withholds."""

    def answer(published: Published, _pairs: Pairs) -> bytes:
        row = published.spoken[dialect.name].rows.get(model.id)
        if row is None:
            raise UnknownModelError(model.id, ())
        return row

    return answer


def openai_models(published: Published, pairs: Pairs) -> bytes:
    """Answer `/v1/models`: everything, or a page by Anthropic's `limit`, `after_id` and `before_id`.

    Raises PageError for a limit that is none, or an id that is not in the list; NotSpokenError for an empty list.
    """
    if not pairs:
        return body_of(OPENAI, published)
    spoken: Spoken = published.spoken[OPENAI.name]
    body_of(OPENAI, published)
    words = dict(pairs)
    ids = list(spoken.rows)
    limit = _limit(words.get("limit"), len(ids))
    start, end = 0, len(ids)
    if "after_id" in words and "before_id" in words:
        raise PageError("can't stand beside after_id; ask for one page at a time", "before_id")
    if "after_id" in words:
        start = _place(ids, "after_id", words["after_id"]) + 1
    if "before_id" in words:
        end = _place(ids, "before_id", words["before_id"])
    if "before_id" in words:
        start = max(start, end - limit)
        return to_json(openai_page(spoken.rows, ids[start:end], has_more=start > 0))
    page = ids[start : min(end, start + limit)]
    return to_json(openai_page(spoken.rows, page, has_more=start + len(page) < end))


def _limit(given: str | None, default: int) -> int:
    if given is None:
        return default
    if not given.isascii() or not given.isdigit() or len(given) > 9 or not 1 <= int(given) <= MAX_PAGE_ROWS:
        raise PageError(f"must be a whole number from 1 to {MAX_PAGE_ROWS}, got {given[:40]!r}", "limit")
    return int(given)


def _place(ids: list[str], word: str, given: str) -> int:
    try:
        return ids.index(given)
    except ValueError:
        raise PageError(f"names no model of this list: {given[:200]!r}", word) from None
