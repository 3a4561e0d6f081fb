"""A model registry: every LLM, its price, its limits and its lifecycle, over HTTP."""

__version__ = "0.1.0"
