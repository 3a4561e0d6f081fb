"""What the simulated OpenRouter lists in these tests: a generated crowd, and models with one known trait each."""

from __future__ import annotations

from tests.simulator import generate_catalog, make_record

PLAIN = "acme/anvil-1"
FREE = "acme/anvil-1:free"
BATCH = "acme/anvil-1:batch"
LATEST = "~acme/anvil-latest"
VISION = "acme/rocket-2.5"
VISION_SLUG = "acme/rocket-2.5-20260801"
DYNAMIC = "acme/tunnel-router"
UNPRICED = "acme/blank"
SMALL = "acme/spring-mini"
MARKUP = "acme/markup"
UNKNOWN = "acme/no-such-thing"
# Newer than everything generated, so that they stand on the landing page.
_NEW = 1_790_000_000


def _looks(*inputs: str) -> dict[str, object]:
    shown = "+".join(inputs)
    return {
        "modality": f"{shown}->text",
        "input_modalities": list(inputs),
        "output_modalities": ["text"],
        "tokenizer": "Other",
        "instruct_type": None,
    }


KNOWN = (
    make_record(PLAIN, name="Acme: Anvil 1"),
    make_record(FREE, name="Acme: Anvil 1 (free)", pricing={"prompt": "0", "completion": "0"}),
    make_record(BATCH, name="Acme: Anvil 1 (batch)", pricing={"prompt": "0.0000005", "completion": "0.000001"}),
    make_record(LATEST, name="Acme: Anvil Latest", alias_target={"name": "Acme: Anvil 1", "slug": PLAIN}),
    make_record(
        VISION,
        canonical_slug=VISION_SLUG,
        name="Acme: Rocket 2.5",
        architecture=_looks("text", "image"),
        context_length=1_048_576,
        pricing={"prompt": "0.00000125", "completion": "0.00001", "input_cache_read": "0.000000125"},
        expiration_date="2026-12-01",
        created=_NEW,
    ),
    make_record(DYNAMIC, name="Acme: Tunnel Router", pricing={"prompt": "-1", "completion": "-1"}),
    make_record(UNPRICED, name="Acme: Blank", pricing={}, context_length=None, top_provider={}),
    make_record(
        SMALL,
        name="Acme: Spring Mini",
        context_length=8_192,
        supported_parameters=["max_tokens"],
        pricing={"prompt": "0.00000002", "completion": "0.00000004"},
    ),
    make_record(MARKUP, name='Acme: <img src=x onerror="alert(1)">', created=_NEW + 1),
)
CATALOG = (*KNOWN, *generate_catalog(100))
