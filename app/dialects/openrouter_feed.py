"""OpenRouter's model list as an RSS 2.0 feed, one item for each model."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from urllib.parse import quote

from app.catalog.model import Model
from app.catalog.text import clean_description, one_line

MEDIA_TYPE = "application/rss+xml"
# The pages that upstream's own feed leads to; this registry has no page for one model.
SITE = "https://openrouter.ai"


def feed(models: Iterable[Model], *, built_at: datetime, links_to_chat: bool) -> bytes:
    """Return the feed; with `links_to_chat` an item leads to a chat with its model."""
    items = "".join(_item(model, links_to_chat=links_to_chat) for model in models)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>'
        f"<title>OpenRouter Models</title><link>{SITE}/models</link>"
        "<description>Models as this registry lists them in OpenRouter's words</description>"
        f"<lastBuildDate>{_date(built_at)}</lastBuildDate>{items}</channel></rss>\n"
    ).encode()


def _item(model: Model, *, links_to_chat: bool) -> str:
    address = quote(model.id, safe="/:~")
    link = f"{SITE}/chat?models={quote(model.id, safe='')}" if links_to_chat else f"{SITE}/{address}"
    dated = f"<pubDate>{_date(model.created_at)}</pubDate>" if model.created_at else ""
    return (
        f"<item><title>{_text(one_line(model.name))}</title><link>{escape(link)}</link>"
        f'<guid isPermaLink="false">{escape(model.id)}</guid>'
        f"<description>{_text(clean_description(model.description or '') or '')}</description>{dated}</item>"
    )


def _text(text: str) -> str:
    # The two code points that XML bars besides control characters, which the catalog's own cleaning takes out.
    return escape(text.translate({0xFFFE: None, 0xFFFF: None}))


def _date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)
