"""The documents of OpenRouter's smaller endpoints, made up from a catalog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode


def list_document(records: Sequence[Any], offset: int, limit: int | None, query: Mapping[str, str]) -> dict[str, Any]:
    """Return one page of the list, or all of it; the link to the next page keeps the other words of the query."""
    page = records[offset:] if limit is None else records[offset : offset + limit]
    following = None
    if limit is not None and offset + limit < len(records):
        words = {**query, "offset": str(offset + limit), "limit": str(limit)}
        following = f"/api/v1/models?{urlencode(words)}"
    return {"data": page, "total_count": len(records), "links": {"next": following}}


def count_document(count: int) -> dict[str, Any]:
    """Return how many models there are."""
    return {"data": {"count": count}}


def endpoints_document(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return who serves a model: its author and one other; nobody serves an alias or a router.

    It is written as of today, also for a record of another year.
    """
    author = record["id"].partition("/")[0]
    is_served = not author.startswith("~") and author != "openrouter"
    hosts = [(author, "unknown", 0), ("simulated-host", "fp8", 0.1)] if is_served else []
    kept = {key: record.get(key) for key in ("id", "name", "created", "description")}
    looks = record["architecture"]
    inputs, _, outputs = (looks["modality"] or "").partition("->")
    architecture = {"input_modalities": inputs.split("+"), "output_modalities": outputs.split("+"), **looks}
    endpoints = [_endpoint(record, *host) for host in hosts]
    return {"data": {**kept, "architecture": architecture, "endpoints": endpoints}}


def providers_document(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return one provider for each author."""
    authors = {record["id"].partition("/")[0].lstrip("~") for record in records if isinstance(record["id"], str)}
    return {"data": [_provider(author, number) for number, author in enumerate(sorted(authors))]}


def _endpoint(record: Mapping[str, Any], host: str, quantization: str, discount: float) -> dict[str, Any]:
    prices = {key: value for key, value in record["pricing"].items() if isinstance(value, str)}
    tag = host if quantization == "unknown" else f"{host}/{quantization}"
    return {
        "name": f"{host.title()} | {record.get('canonical_slug', record['id'])}",
        "model_id": record["id"],
        "model_name": record["name"],
        "context_length": record["context_length"],
        "pricing": {**prices, "discount": discount},
        "provider_name": host.title(),
        "tag": tag,
        "quantization": quantization,
        "max_completion_tokens": record["top_provider"].get("max_completion_tokens"),
        "max_prompt_tokens": None,
        "supported_parameters": record.get("supported_parameters", []),
        "status": 0,
        "uptime_last_30m": 99.9 if discount else 100,
        "uptime_last_5m": 100,
        "uptime_last_1d": None if discount else 100,
        "supports_implicit_caching": "input_cache_read" in prices,
        "supports_tool_choice": {"none": True, "auto": True, "required": True, "function": True},
        "native_tools": {},
        "service_tier": None,
        "supports_diarization": False,
        "latency_last_30m": None,
        "throughput_last_30m": None,
    }


def _provider(author: str, number: int) -> dict[str, Any]:
    site = f"https://{author}.example"
    return {
        "name": author.replace("-", " ").title(),
        "slug": author,
        "privacy_policy_url": None if number % 8 == 0 else f"{site}/privacy",
        "terms_of_service_url": None if number % 7 == 0 else f"{site}/terms",
        "status_page_url": f"{site}/status" if number % 3 == 0 else None,
        "headquarters": "US" if number % 2 == 0 else None,
        "datacenters": ["US", "DE"] if number % 2 == 0 else None,
    }
