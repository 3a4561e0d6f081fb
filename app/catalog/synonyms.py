"""Other names that people use for makers and families, as data.

A synonym only adds: where a word itself is known, its own matches rank above those of its synonyms.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SYNONYMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "alibaba": ("qwen",),
        "aws": ("amazon",),
        "bard": ("gemini",),
        "chatgpt": ("gpt", "openai"),
        "facebook": ("llama", "meta"),
        "fb": ("llama", "meta"),
        "gcp": ("google",),
        "ibm": ("granite",),
        "instr": ("instruct",),
        "kimi": ("moonshotai",),
        "lama": ("llama",),
        "mistralai": ("mistral",),
        "moonshot": ("moonshotai",),
        "ms": ("microsoft",),
        "msft": ("microsoft",),
        "multimodal": ("vl", "vision", "omni"),
        "oai": ("openai",),
        "spacexai": ("xai",),
        "tongyi": ("qwen",),
        "twitter": ("xai",),
        "visual": ("vl", "vision"),
        "zhipu": ("zai", "glm"),
        "zhipuai": ("zai", "glm"),
    }
)
