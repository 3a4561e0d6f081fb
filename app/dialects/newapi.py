"""new-api's price ratios, which its administrators sync from `/api/ratio_config` or, by default, `/api/pricing`.

A ratio of 1 is 2 USD per million tokens of input, and every other rate is a multiple of the input's. Such a quotient
need not end. It is rounded to thirty digits, two more than any rate that it stands for: multiplied by the price of
input and rounded to those, it gives the rate back to its last digit. new-api itself reads floats.

A free model has the ratio 0 and nothing to multiply. Ratios have no tiers: long prompts cost what short ones do.
What has no ratio keeps the price that the administrator set, so a price that is no number is withheld.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Context as Digits
from decimal import Decimal
from typing import Any

from app.catalog.model import Model
from app.dialects.checks import is_price, is_text, name_in, shown
from app.dialects.dialect import Context, Dialect, Document, Row, UnfitError, fragments
from app.dialects.openrouter_facts import EXACT, has_token_prices, require_openrouter, why_no_number

NEW_API = "new-api"
MODEL_RATIO = "model_ratio"
# A ratio of 1 is 0.002 USD per thousand tokens.
RATIOS_PER_USD_PER_TOKEN = Decimal(500_000)
MULTIPLE_KEYS: Mapping[str, str] = {
    "completion": "completion_ratio",
    "input_cache_read": "cache_ratio",
    "input_cache_write": "create_cache_ratio",
}
"""new-api's key for each rate that it keeps as a multiple of the input's."""
RATIO_KEYS = (MODEL_RATIO, *MULTIPLE_KEYS.values())
# Upstream's rates have up to 18 digits.
RATE_DIGITS = 28
_QUOTIENT = Digits(prec=RATE_DIGITS + 2)
_BY_TOKENS = 0


def ratios_of(model: Model) -> dict[str, Decimal]:
    """Return a model's ratios; raises UnfitError where there are none."""
    require_openrouter(model, NEW_API)
    price = model.price
    prompt, completion = price.prompt_usd_per_token, price.completion_usd_per_token
    if not has_token_prices(price) or prompt is None or completion is None:
        raise UnfitError(f"{why_no_number(price)}, and new-api multiplies tokens")
    if not prompt and any(price.rates.get(name) for name in MULTIPLE_KEYS):
        raise UnfitError("input costs nothing, and new-api says every other price as a multiple of it")
    ratios = {MODEL_RATIO: EXACT.multiply(prompt, RATIOS_PER_USD_PER_TOKEN)}
    if prompt:
        ratios |= {
            key: _quotient(price.rates[name], prompt) for name, key in MULTIPLE_KEYS.items() if name in price.rates
        }
    return ratios


def _quotient(rate: Decimal, prompt: Decimal) -> Decimal:
    if len(rate.as_tuple().digits) > RATE_DIGITS:
        raise UnfitError(f"a rate has more than {RATE_DIGITS} digits, which no multiple says exactly")
    return _QUOTIENT.divide(rate, prompt)


def ratio_row(model: Model, _context: Context) -> Row:
    """Return a model as `/api/pricing` lists it; raises UnfitError for a price that ratios can't say."""
    return {"model_name": model.id, "quota_type": _BY_TOKENS, **ratios_of(model)}


def ratio_config_document(rows: Mapping[str, bytes], context: Context) -> Document:
    """Return one table for each ratio, by model."""
    tables: dict[str, dict[str, Decimal]] = {key: {} for key in RATIO_KEYS}
    for model_id in rows:
        for key, ratio in ratios_of(context.snapshot.by_id[model_id]).items():
            tables[key][model_id] = ratio
    return {"success": True, "message": "", "data": tables}


def pricing_document(rows: Mapping[str, bytes], _context: Context) -> Document:
    """Return a list of models with their ratios."""
    return {"success": True, "message": "", "data": fragments(rows)}


def ratio_flaw(row: Row) -> str | None:
    """Return what new-api would refuse or misread, or None."""
    if not isinstance(row, dict) or not is_text(row.get("model_name")):
        return f"a row must be an object with a model_name, got {shown(row)}"
    for key in RATIO_KEYS:
        if key in row and not is_price(row[key]):
            return f"{key} must be a number from 0, got {shown(row[key])}"
    if MODEL_RATIO not in row:
        return "model_ratio must be there; new-api drops the other ratios without it"
    if row[MODEL_RATIO] and "completion_ratio" not in row:
        return "completion_ratio must be there; new-api guesses one from the name otherwise"
    return None


def _document_flaw(kind: type, meaning: str) -> Callable[[Document], str | None]:
    def document_flaw(document: Document) -> str | None:
        """Return what makes new-api refuse the whole answer, or None."""
        if not isinstance(document, dict) or document.get("success") is not True:
            return "the document must be an object with success: true"
        data = document.get("data")
        return None if isinstance(data, kind) and data else f"data must be {meaning}, got {shown(data)}"

    return document_flaw


def ratio_config_rows(document: Any) -> Iterable[tuple[str, Any]]:
    """Return each model's ratios from the tables of a document that was read; raises ValueError for another shape."""
    tables = document.get("data") if isinstance(document, dict) else None
    if not isinstance(tables, dict) or not isinstance(tables.get(MODEL_RATIO), dict):
        raise ValueError("the document must be an object with data.model_ratio")
    known = {key: table for key in RATIO_KEYS if isinstance(table := tables.get(key), dict)}
    names = dict.fromkeys(name for table in known.values() for name in table)
    return [
        (name, {"model_name": name, **{key: table[name] for key, table in known.items() if name in table}})
        for name in names
    ]


def pricing_rows(document: Any) -> Iterable[tuple[str, Any]]:
    """Return the rows of a list that was read from JSON; raises ValueError for another shape."""
    rows = document.get("data") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise ValueError("the document must be an object with a list 'data'")
    return [(name_in(row, "model_name"), row) for row in rows]


NEWAPI_RATIO_CONFIG = Dialect(
    name="newapi-ratio-config",
    path="/api/ratio_config",
    summary="new-api's price ratios as tables",
    row=ratio_row,
    document=ratio_config_document,
    rows_in=ratio_config_rows,
    flaw=ratio_flaw,
    document_flaw=_document_flaw(dict, "an object of tables"),
)
NEWAPI_PRICING = Dialect(
    name="newapi-pricing",
    path="/api/pricing",
    summary="new-api's price ratios as a list, where its sync looks by default",
    row=ratio_row,
    document=pricing_document,
    rows_in=pricing_rows,
    flaw=ratio_flaw,
    document_flaw=_document_flaw(list, "a list of models"),
)
