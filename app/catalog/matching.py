"""Which models the words of a query find, and by what these are ranked first: how much of them matches."""

from __future__ import annotations

from app.catalog.ranking import Step, at_least, by_count
from app.catalog.terms import DESCRIPTION, TYPO, Terms


def of_words(terms: Terms, among: int) -> tuple[int, list[Step], float]:
    """Return the models of a set that words find, how much they match, by what ranks them first, and of how many words.

    That is a share of one: less where no model has all of them.
    """
    by_name, at_all = at_least(terms.levels[TYPO], among), at_least(terms.levels[DESCRIPTION], among)
    if not by_name[-1] and (of_that_name := _of_that_name(terms, among)):
        among = of_that_name | at_all[-1]
        by_name, at_all = at_least(terms.levels[TYPO], among), at_least(terms.levels[DESCRIPTION], among)
    # Models that miss a word are only shown when none has all of them.
    best_by_name = next((mask for mask in reversed(by_name[1:]) if mask), 0)
    found = at_all[-1] if by_name[-1] else at_all[-1] | best_by_name or at_all[1]
    telling = [by_count(at_least(level, found)) for level in terms.telling_levels] if found else []
    counts = by_count(at_all)
    share = counts[0][0] / (len(at_all) - 1) if counts else 1.0
    return found, [by_count(by_name), counts, *telling], share


def _of_that_name(terms: Terms, among: int) -> int:
    """Return the models that most of the words match which are no numbers; none where all or no words are numbers.

    Asked for a version that there is not, `llama 5`, the others of its name come near, and no GLM 5.
    """
    levels = zip(terms, terms.levels[TYPO], strict=False)
    # Whatever is no digit comes behind them.
    named = [mask for term, mask in levels if term.text[0] > "9"]
    if not 0 < len(named) < len(terms.levels[TYPO]):
        return 0
    return next((mask for mask in reversed(at_least(named, among)[1:]) if mask), 0)


def of_one_word(terms: Terms, among: int) -> tuple[int, list[Step], float]:
    """Return the same for a single word, of which nothing is to be counted."""
    levels = (terms.levels[TYPO], terms.levels[DESCRIPTION], *terms.telling_levels)
    found = among & terms.levels[DESCRIPTION][0]
    return found, [[(1, part)] if (part := found & level[0]) else [] for level in levels], 1.0
