"""LiteLLM's `model_list`, as a proxy's config in YAML and JSON and as what a proxy says of its models.

* Equal names form a group over which LiteLLM spreads requests, so a name is one model's alone:
  `openrouter/{author}-{model}`, with variant and `~`; where two ids would share it, `openrouter/{author}/{model}`.
* `model_info.id` is the same for ever: spending is booked under it. Its prefix tells which entries are ours. It must
  not end like a dated snapshot: LiteLLM 1.106.2 then takes it for the undated model, once that is registered, and
  writes the one's prices over the other's (seen with gpt-4o and gpt-4o-2024-11-20). Hence the suffix.
* A price in an entry hides LiteLLM's own row whole, so the full rate card stands there. Where the price is no number
  there are no cost keys: LiteLLM then goes by what OpenRouter reports, and keeps to its budgets.
* Fallbacks say only what the catalog knows: from an alias to its target, from a variant to its base. Never from a
  free model to one that costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from app.catalog.identity import base_of
from app.catalog.model import Model
from app.catalog.price import PriceState
from app.catalog.snapshot import Snapshot
from app.dialects.dialect import Context, Dialect, Document, Row, fragments
from app.dialects.litellm_facts import PREFIX, facts_flaw, name_of, told_of
from app.dialects.yaml_text import lines

ID_PREFIX, ID_SUFFIX = "model-registry/", "@openrouter"
API_KEY = "os.environ/OPENROUTER_API_KEY"
_LINES_AT_ONCE = 4_096
HEADER = (
    "# Written by the model registry. Set OPENROUTER_API_KEY and LITELLM_MASTER_KEY, then: litellm --config FILE\n"
    "# `model-registry export litellm --into FILE` brings its entries up to date and leaves everything else alone.\n"
)


def config_row(model: Model, context: Context) -> Row:
    """Return a model's entry; raises UnfitError for one that OpenRouter does not serve or no mode fits."""
    name, facts = context.once(told_of, model)
    return {
        "model_name": name,
        "litellm_params": {"model": PREFIX + model.id, "api_key": API_KEY},
        "model_info": {"id": f"{ID_PREFIX}{model.id}{ID_SUFFIX}", **facts},
    }


def fallbacks_of(rows: Iterable[str], snapshot: Snapshot) -> list[dict[str, list[str]]]:
    """Return LiteLLM's fallbacks among the models served, by name."""
    served = set(rows)
    found = []
    for model_id in rows:
        model = snapshot.by_id[model_id]
        target_id = model.alias_target or (base_of(model_id) if model.variant else None)
        target = snapshot.by_id.get(target_id or "")
        if target is None or target.id not in served or target.id == model_id:
            continue
        if model.price.state is PriceState.FREE and target.price.state is not PriceState.FREE:
            continue
        found.append({name_of(model, snapshot): [name_of(target, snapshot)]})
    return found


def _config(entries: Any, rows: Mapping[str, bytes], context: Context) -> Document:
    config: dict[str, Any] = {"model_list": entries}
    if fallbacks := fallbacks_of(rows, context.snapshot):
        config["router_settings"] = {"fallbacks": fallbacks}
    return config


def config_document(rows: Mapping[str, bytes], context: Context) -> Document:
    """Return the config as it is written in JSON."""
    return _config(fragments(rows), rows, context)


def config_values(rows: Mapping[str, bytes], context: Context) -> Document:
    """Return the config with its entries as Python values: YAML needs the exact decimals."""
    entries = [config_row(context.snapshot.by_id[model_id], context) for model_id in rows]
    return _config(entries, rows, context)


def write_yaml(document: Document) -> Iterator[bytes]:
    """Return the config in YAML."""
    yield HEADER.encode()
    coming = lines(document)
    while some := list(islice(coming, _LINES_AT_ONCE)):
        yield ("\n".join(some) + "\n").encode()


def config_flaw(row: Row) -> str | None:
    """Return what LiteLLM would refuse or misread in an entry, or None."""
    if not isinstance(row, dict) or not isinstance(row.get("model_name"), str) or not row["model_name"]:
        return "an entry must be an object with a model_name"
    params, info = row.get("litellm_params"), row.get("model_info")
    if not isinstance(params, dict) or not str(params.get("model", "")).startswith(PREFIX):
        return f"litellm_params.model must start with {PREFIX}"
    if not str(params.get("api_key", "os.environ/")).startswith("os.environ/"):
        return "litellm_params.api_key must name an environment variable, not be a key"
    if not isinstance(info, dict) or not isinstance(info.get("id"), str):
        return "model_info.id must be there; LiteLLM makes a new one at each start otherwise"
    if ("input_cost_per_token" in info) != ("output_cost_per_token" in info):
        return "input_cost_per_token and output_cost_per_token go together; LiteLLM takes the missing one for 0"
    return facts_flaw(info, needs_price=False)


def config_rows(document: Any) -> Iterable[tuple[str, Any]]:
    """Return the entries of a config that was read, with their names; raises ValueError for another shape."""
    if not isinstance(document, dict) or not isinstance(document.get("model_list"), list):
        raise ValueError("the document must be an object with a list 'model_list'")
    return [(_named(entry), entry) for entry in document["model_list"]]


def _named(entry: Any) -> str:
    return str(entry.get("model_name")) if isinstance(entry, dict) else repr(entry)[:40]


def info_row(model: Model, context: Context) -> Row:
    """Return a model as a LiteLLM proxy tells of it: the entry without its key."""
    entry = config_row(model, context)
    about = {"key": PREFIX + model.id, "litellm_provider": "openrouter", "db_model": False}
    return {**entry, "litellm_params": {"model": PREFIX + model.id}, "model_info": {**entry["model_info"], **about}}


def group_row(model: Model, context: Context) -> Row:
    """Return a model as the group of one that its name is."""
    name, facts = context.once(told_of, model)
    told = ("max_input_tokens", "max_output_tokens", "input_cost_per_token", "output_cost_per_token", "mode")
    yes_or_no = ("vision", "web_search", "reasoning", "function_calling", "parallel_function_calling")
    return {
        "model_group": name,
        "providers": ["openrouter"],
        **{key: facts.get(key) for key in told},
        **{f"supports_{word}": bool(facts.get(f"supports_{word}")) for word in yes_or_no},
        "supported_openai_params": list(model.supported_parameters),
    }


def data_document(rows: Mapping[str, bytes], _context: Context) -> Document:
    """Return the rows under `data`."""
    return {"data": fragments(rows)}


def data_rows(document: Any) -> Iterable[tuple[str, Any]]:
    """Return the rows of such a document that was read; raises ValueError for another shape."""
    if not isinstance(document, dict) or not isinstance(document.get("data"), list):
        raise ValueError("the document must be an object with a list 'data'")
    return [(_named(row), row) for row in document["data"]]


LITELLM_CONFIG_JSON = Dialect(
    name="litellm-config-json",
    path="/litellm/config.json",
    summary="LiteLLM's model_list with fallbacks, as JSON",
    row=config_row,
    document=config_document,
    rows_in=config_rows,
    flaw=config_flaw,
)
LITELLM_CONFIG_YAML = replace(
    LITELLM_CONFIG_JSON,
    name="litellm-config-yaml",
    path="/litellm/config.yaml",
    summary="LiteLLM's model_list with fallbacks, as the config of its proxy",
    document=config_values,
    media_type="application/yaml",
    write=write_yaml,
)
LITELLM_MODEL_INFO = Dialect(
    name="litellm-model-info",
    path="/v1/model/info",
    summary="A LiteLLM proxy's word on its models, for pickers that read /v1/model/info",
    row=info_row,
    document=data_document,
    rows_in=data_rows,
    flaw=config_flaw,
)
LITELLM_MODEL_GROUPS = Dialect(
    name="litellm-model-groups",
    path="/model_group/info",
    summary="A LiteLLM proxy's word on its model groups, one for each model",
    row=group_row,
    document=data_document,
    rows_in=data_rows,
)
