"""Catalogs that look like OpenRouter's: every key, every quirk, any size, the same for the same seed.

The shares (of free and batch variants, of tiers, of empty strings where null would do) follow the real lists of
2026. The words are our own.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.simulated_words import (
    ADJECTIVES,
    AUTHORS,
    CONTEXTS,
    EFFORTS,
    INPUTS,
    MODALITY_ORDER,
    PARAMETERS,
    PROMPT_NANODOLLARS,
    TASKS,
    TRAITS,
)

NEWEST_CREATED = 1_787_231_581
KEY_ORDER = (
    "id",
    "canonical_slug",
    "alias_target",
    "hugging_face_id",
    "name",
    "created",
    "description",
    "context_length",
    "architecture",
    "pricing",
    "top_provider",
    "per_request_limits",
    "supported_parameters",
    "default_parameters",
    "supported_voices",
    "knowledge_cutoff",
    "expiration_date",
    "links",
    "benchmarks",
    "reasoning",
)
"""Upstream's order of keys; alias_target, benchmarks and reasoning are left out where they don't apply."""


def generate_catalog(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Return `count` records with unique ids, newest first; a variant shares `created` with its base.

    From 40 records on, routers without a price of their own and aliases that follow a family are among them.
    """
    random = Random(seed)
    router_count, alias_count = min(5, count // 40), min(40, count // 35)
    base_count = count - router_count - alias_count
    records: dict[str, dict[str, Any]] = {}
    while len(records) < base_count:
        record = _base(
            random, NEWEST_CREATED - len(records) * 190_000 // max(1, count // 400) - random.randrange(9_000)
        )
        if record["id"] in records:
            continue
        for made in (record, *_variants(random, record)):
            if len(records) < base_count:
                records[made["id"]] = made
    aliases = _aliases(random, list(records.values()), alias_count)
    routers = _routers(count - len(records) - len(aliases))
    return sorted([*routers, *aliases, *records.values()], key=lambda record: -int(record["created"]))


def make_record(model_id: str, **changes: Any) -> dict[str, Any]:
    """Return a plain, complete record; `changes` replace whole top-level keys, in upstream's key order."""
    author, _, slug = model_id.partition("/")
    base_slug = slug.partition(":")[0]
    record: dict[str, Any] = {
        "id": model_id,
        "canonical_slug": f"{author}/{base_slug}",
        "hugging_face_id": None,
        "name": f"{author.strip('~').title()}: {slug.replace('-', ' ').title()}",
        "created": NEWEST_CREATED,
        "description": f"A model named {slug}, written down by hand for a test.",
        "context_length": 131072,
        "architecture": _architecture(("text",), ("text",), "Other"),
        "pricing": {"prompt": "0.000001", "completion": "0.000002"},
        "top_provider": {"context_length": 131072, "max_completion_tokens": 32768, "is_moderated": False},
        "per_request_limits": None,
        "supported_parameters": ["max_tokens", "temperature", "tool_choice", "tools"],
        "default_parameters": {},
        "supported_voices": None,
        "knowledge_cutoff": None,
        "expiration_date": None,
    }
    record.update(changes)
    if "links" not in changes:
        record["links"] = {"details": f"/api/v1/models/{record['canonical_slug']}/endpoints"}
    known = [key for key in KEY_ORDER if key in record]
    return {key: record[key] for key in [*known, *(key for key in record if key not in KEY_ORDER)]}


def _base(random: Random, created: int) -> dict[str, Any]:
    author = random.choices(AUTHORS, [author.share for author in AUTHORS])[0]
    family, family_title = random.choice(author.families)
    suffix = random.choice(author.suffixes)
    version = f"{random.randrange(1, 10)}" + (f".{random.randrange(1, 10)}" if random.random() < 0.8 else "")
    slug = f"{family}{version}" + (f"-{suffix}" if suffix else "")
    if random.random() < 0.12:
        slug += f"-{_day(random, created):%m%d}"
    model_id = f"{author.slug}/{slug}"
    name = f"{author.title}: {family_title}{version} {suffix.replace('-', ' ').title()}".strip()
    context = random.choice(CONTEXTS)
    inputs = random.choice(INPUTS)
    outputs = ("text", "image") if random.random() < 0.03 else ("text",)
    reasons = random.random() < 0.6
    optional: dict[str, Any] = {}
    if random.random() < 0.55:
        optional["benchmarks"] = benchmarks(random)
    if reasons:
        optional["reasoning"] = _reasoning(random)
    return make_record(
        model_id,
        canonical_slug=f"{model_id}-{_day(random, created):%Y%m%d}" if random.random() < 0.5 else model_id,
        hugging_face_id=random.choice((None, "", f"{author.slug}/{slug.title()}")),
        name=name + (" " if random.random() < 0.02 else ""),
        created=created,
        description=_description(random, name),
        context_length=context,
        architecture=_architecture(inputs, outputs, author.tokenizer),
        pricing=_pricing(random, inputs, outputs),
        top_provider={
            "context_length": context - 1 if random.random() < 0.08 else context,
            "max_completion_tokens": random.choice((None, 4096, 8192, 16384, 32768, 65536, 131072, context)),
            "is_moderated": author.slug in {"openai", "anthropic"},
        },
        supported_parameters=_parameters(random, reasons),
        default_parameters=_default_parameters(random),
        knowledge_cutoff=f"{_day(random, created) - timedelta(days=300):%Y-%m-%d}" if random.random() < 0.4 else None,
        expiration_date=_expiration(random),
        **optional,
    )


def _variants(random: Random, base: dict[str, Any]) -> list[dict[str, Any]]:
    prices = {key: value for key, value in base["pricing"].items() if isinstance(value, str)}
    made = []
    if random.random() < 0.05:
        made.append(_variant(base, "free", {"prompt": "0", "completion": "0"}))
    if random.random() < 0.16:
        halves = {key: _dollars(round(float(price) * 1e12 / 2)) for key, price in prices.items()}
        made.append(_variant(base, "batch", halves))
    if random.random() < 0.01:
        made.append(_variant(base, "thinking", prices))
    return made


def _variant(base: dict[str, Any], word: str, pricing: dict[str, str]) -> dict[str, Any]:
    name = f"{base['name'].strip()} ({word})"
    return {**base, "id": f"{base['id']}:{word}", "name": name, "pricing": pricing}


def _aliases(random: Random, records: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    for target in records:
        if len(made) == count:
            break
        author, _, slug = target["id"].partition("/")
        family = slug.rstrip("0123456789.").partition("-")[0].rstrip("0123456789.") or slug
        alias_id = f"~{author}/{family}-latest"
        if ":" in slug or alias_id in made:
            continue
        changes = {key: value for key, value in target.items() if key not in {"id", "canonical_slug", "links"}}
        changes |= {
            "alias_target": {"name": target["name"], "slug": target["id"]},
            "name": f"{target['name'].partition(':')[0]}: {family.title()} Latest",
            "created": int(target["created"]) - random.randrange(86_400),
            "architecture": {**target["architecture"], "tokenizer": "Router"},
        }
        changes.pop("benchmarks", None)
        made[alias_id] = make_record(alias_id, **changes)
    return list(made.values())


def _routers(count: int) -> list[dict[str, Any]]:
    names = ["auto", "free", "fusion", "pareto-code", "bodybuilder"]
    names += [f"router-{number}" for number in range(6, count + 1)]
    return [
        make_record(
            f"openrouter/{name}",
            name=f"{name.replace('-', ' ').title()} Router",
            created=1_699_401_600 + number,
            description="Sends each prompt on to a model that suits it; what it costs depends on which.",
            context_length=2_000_000,
            architecture=_architecture(("text", "image", "audio", "file", "video"), ("text",), "Router"),
            pricing=dict.fromkeys(("prompt", "completion"), "0" if name == "free" else "-1"),
            top_provider={"context_length": None, "max_completion_tokens": None, "is_moderated": False},
            supported_parameters=[] if name == "bodybuilder" else list(PARAMETERS),
        )
        for number, name in enumerate(names[:count])
    ]


def _architecture(inputs: tuple[str, ...], outputs: tuple[str, ...], tokenizer: str) -> dict[str, Any]:
    shown_inputs = "+".join(sorted(inputs, key=MODALITY_ORDER.index))
    return {
        "modality": f"{shown_inputs}->{'+'.join(outputs)}",
        "input_modalities": list(inputs),
        "output_modalities": list(outputs),
        "tokenizer": tokenizer,
        "instruct_type": None,
    }


def _pricing(random: Random, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> dict[str, Any]:
    prompt = random.choice(PROMPT_NANODOLLARS) * 1_000
    completion = prompt * random.choice((1, 2, 3, 4, 4, 5, 6, 8))
    pricing: dict[str, Any] = {"prompt": _dollars(prompt), "completion": _dollars(completion)}
    if "image" in inputs and random.random() < 0.15:
        pricing["image"] = _dollars(prompt)
    if "image" in outputs:
        pricing["image_output"] = _dollars(prompt * 12)
    if "audio" in inputs:
        pricing |= {"audio": _dollars(prompt * 3), "input_audio_cache": _dollars(prompt * 3 // 10)}
    if random.random() < 0.35:
        pricing["web_search"] = "0.01"
    if random.random() < 0.6:
        pricing["input_cache_read"] = _dollars(prompt // 10)
    if random.random() < 0.18:
        # A third of a price, as upstream's floats print it.
        noisy = random.random() < 0.3
        pricing["input_cache_write"] = "0.00000008333333333333334" if noisy else _dollars(prompt * 5 // 4)
        pricing["input_cache_write_1h"] = _dollars(prompt * 2)
    kind = random.random()
    if kind < 0.13:
        starts = random.choice(((200_000,), (272_000,), (128_000,), (32_000, 256_000)))
        pricing["overrides"] = [
            {
                "min_prompt_tokens": start,
                "prompt": _dollars(prompt * factor),
                "completion": _dollars(completion * factor),
            }
            for factor, start in enumerate(starts, start=2)
        ]
    elif kind < 0.15:
        cheap, dear = (
            {"prompt": _dollars(prompt // factor), "completion": _dollars(completion // factor)} for factor in (2, 1)
        )
        hours = ((1000, 100, cheap), (100, 400, dear), (400, 600, cheap), (600, 1000, dear))
        pricing["overrides"] = [{"utc_start": start, "utc_end": end, **rates} for start, end, rates in hours]
    return pricing


def _dollars(picodollars: int) -> str:
    """Return USD as upstream writes it: no exponent, no trailing zeros."""
    return f"{picodollars // 10**12}.{picodollars % 10**12:012d}".rstrip("0").rstrip(".")


def _parameters(random: Random, reasons: bool) -> list[str]:
    chosen = {word for word in PARAMETERS if random.random() < 0.55} | {"max_tokens"}
    if "tools" in chosen:
        chosen.add("tool_choice")
    if reasons:
        chosen |= {"reasoning", "include_reasoning"}
    return sorted(chosen)


def _default_parameters(random: Random) -> dict[str, Any]:
    keys = ("temperature", "top_p", "top_k", "frequency_penalty", "presence_penalty", "repetition_penalty")
    kind = random.random()
    if kind < 0.4:
        return {}
    if kind < 0.8:
        return dict.fromkeys(keys)
    return {"temperature": random.choice((0.6, 0.7, 1)), "top_p": 0.95}


def _reasoning(random: Random) -> dict[str, Any]:
    reasoning: dict[str, Any] = {"mandatory": random.random() < 0.4}
    if random.random() < 0.4:
        reasoning["default_enabled"] = random.random() < 0.7
    if random.random() < 0.5:
        efforts = list(EFFORTS[random.randrange(3) :])
        reasoning |= {"supported_efforts": efforts, "default_effort": random.choice(efforts)}
    return reasoning


def benchmarks(random: Random) -> dict[str, Any]:
    """Return scores of the kind that upstream changes every day."""
    arenas = [
        {
            "arena": "agents",
            "category": category,
            "elo": random.randrange(900, 1400),
            "win_rate": round(random.uniform(20, 80), 1),
            "rank": random.randrange(1, 60),
        }
        for category in ("fullstack", "mobileapps", "webapps")
        if random.random() < 0.7
    ]
    made: dict[str, Any] = {"design_arena": arenas}
    if random.random() < 0.6:
        index = round(random.uniform(5, 70), 1)
        made["artificial_analysis"] = {
            "intelligence_index": index,
            "coding_index": None if random.random() < 0.1 else round(index * 0.9, 1),
            "agentic_index": round(index * 0.8, 1),
        }
    return made


def _description(random: Random, name: str) -> str:
    adjective, other = random.sample(ADJECTIVES, 2)
    first, second = random.sample(TASKS, 2)
    text = f"{name} is a {adjective} model for {first} and {second}. It {random.choice(TRAITS)}"
    ending = random.random()
    if ending < 0.1:
        return f"{text}; see [its notes](/docs/{adjective}) for more.\n\nA {other} sibling exists too."
    if ending < 0.2:
        return f"{text} – even on a {other} day™."
    return f"{text}, and where others hurry it is the {other} one that..."


def _day(random: Random, created: int) -> datetime:
    return datetime.fromtimestamp(created, UTC) - timedelta(days=random.randrange(3))


def _expiration(random: Random) -> str | None:
    return random.choices((None, "2098-12-31", "9999-01-01", "2026-08-01", "2026-12-01"), (94, 2, 1, 1, 2))[0]
