"""Sets of models put in order of worth: each respect partitions what those before it left equal.

The cost grows with the number of respects and parts, hardly with the number of models.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Step = list[tuple[int, int]]
"""Disjoint sets of models with their worth in one respect, best first; models in none of them are worth 0."""


def at_least(masks: Sequence[int], among: int) -> list[int]:
    """Return, for 0, 1, 2 ... of the masks, the models that are in at least so many of them."""
    if len(masks) == 1:
        return [among, among & masks[0]]
    counts = [among] + [0] * len(masks)
    for done, mask in enumerate(masks, 1):
        for count in range(done, 0, -1):
            counts[count] |= counts[count - 1] & mask
    return counts


def by_count(masks: Sequence[int]) -> Step:
    """Return the step that prefers higher counts, given the sets for at least 0, 1, 2 ..."""
    return [(count, masks[count]) for count in range(len(masks) - 1, 0, -1) if masks[count]]


def partition(mask: int, steps: Sequence[Step], worth: int = 0, most: int = 0) -> Iterator[tuple[float, int]]:
    """Return the parts of a set, best first, each with its worth from 0 to 1; an earlier step outweighs all later."""
    if not mask:
        return
    for at, step in enumerate(steps, 1):
        highest = step[0][0] if step else 0
        worth *= highest + 1
        most = most * (highest + 1) + highest
        value_of_all = 0
        for value, members in step:
            part = mask & members
            if part == mask:
                # Most steps part nothing; going on here is what makes them cheap.
                value_of_all = value
                break
            if part:
                yield from partition(part, steps[at:], worth + value, most)
                mask ^= part
        worth += value_of_all
    yield (worth / most if most else 1.0), mask
