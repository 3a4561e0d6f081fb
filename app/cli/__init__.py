"""The command line: serve, and everything that a running registry or a local store can be asked.

Exit codes: 0 fine; 1 the answer is no, or it failed; 2 wrong usage or settings; 3 nothing could be reached.
"""

from app.cli.commands import main

__all__ = ["main"]
