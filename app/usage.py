"""What readers ask for: look-ups by model and misses by spelling, counted in this process since its start."""

from __future__ import annotations

from collections import Counter
from typing import Any

MAX_SPELLINGS = 1_000
SHOWN = 20


class Usage:
    """Bounded counters; when too many different spellings were missed, the rarest half is forgotten."""

    def __init__(self) -> None:
        self._found: Counter[str] = Counter()
        self._missed: Counter[str] = Counter()
        self._found_total = 0
        self._missed_total = 0

    def found(self, model_id: str) -> None:
        """Count a look-up that a model answered."""
        self._found_total += 1
        self._found[model_id] += 1

    def missed(self, spelling: str) -> None:
        """Count a look-up that no model answered."""
        self._missed_total += 1
        self._missed[spelling] += 1
        if len(self._missed) > MAX_SPELLINGS:
            self._missed = Counter(dict(self._missed.most_common(MAX_SPELLINGS // 2)))

    def document(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        return {
            "lookups": self._found_total,
            "misses": self._missed_total,
            "most_looked_up": [{"id": key, "count": count} for key, count in self._found.most_common(SHOWN)],
            "most_missed": [{"id": key, "count": count} for key, count in self._missed.most_common(SHOWN)],
        }
