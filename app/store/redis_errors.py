"""What went wrong with Redis, in words that never repeat what a server said.

A server can answer with what it was sent: `unknown command 'AUTH', with args beginning with: 'the password'`.
So a reason comes from this file, or is the operating system's word for an error number.
"""

from __future__ import annotations

import os
import re
import ssl

from redis.asyncio.sentinel import MasterNotFoundError
from redis.exceptions import (
    AuthenticationError,
    InvalidResponse,
    RedisClusterException,
    RedisError,
    ResponseError,
    SlotNotCoveredError,
)
from redis.exceptions import TimeoutError as RedisTimeoutError

FAILURES = (RedisError, RedisClusterException, OSError, ValueError, EOFError)
"""Everything that redis-py raises; the last two when the server speaks another protocol."""

NO_CLUSTER = "Cluster mode is not enabled on this node"
"""redis-py's words when a node refuses to tell its slots."""

ANSWERS = {
    "READONLY": "the server is a read-only replica",
    "OOM": "the server is out of memory (maxmemory)",
    "MISCONF": "the server refuses writes because it can't save to its disk",
    "NOREPLICAS": "the server refuses writes because too few replicas are connected",
    "NOPERM": "the user in REDIS_URL may not use these commands or keys",
    "LOADING": "the server is still loading its data",
    "MASTERDOWN": "the server is a replica without its primary",
    "NOAUTH": "the server wants a password; set it in REDIS_URL",
    "WRONGPASS": "the server refused the user or the password in REDIS_URL",
    "WRONGTYPE": "another program uses the same key; set REDIS_KEY_PREFIX to another word",
    "MOVED": "the server is part of a cluster; let REDIS_URL begin with redis+cluster://",
    "CLUSTERDOWN": "the server's cluster is down",
}
"""The server's own error words, what they mean, and the way out."""

REFUSED_WRITES = frozenset({"READONLY", "OOM", "MISCONF", "NOREPLICAS", "NOPERM"})

_WORD = re.compile(rf"\b({'|'.join(ANSWERS)})\b")


def answer_word(error: BaseException) -> str | None:
    """Return the server's own word for the error; None when the error is not an answer of the server.

    Servers before 7 hide it in the middle: `ERR Error running script (...): -READONLY You can't write ...`.
    """
    if not isinstance(error, RedisError):
        return None
    found = _WORD.search(f"{error.status_code or ''} {error}")
    return found.group() if found else None


def reason_of(error: BaseException) -> str:
    """Return why a command failed."""
    word = answer_word(error)
    if word is not None:
        return ANSWERS[word]
    if isinstance(error, AuthenticationError):
        return ANSWERS["WRONGPASS"]
    if isinstance(error, MasterNotFoundError):
        return "no sentinel that answers knows a primary of the service in REDIS_URL"
    if isinstance(error, SlotNotCoveredError):
        return ANSWERS["CLUSTERDOWN"]
    if isinstance(error, RedisClusterException):
        return _cluster_reason(error)
    if isinstance(error, (RedisTimeoutError, TimeoutError)):
        return "the server does not answer"
    if isinstance(error, ResponseError):
        return f"the server answered with an error ({type(error).__name__})"
    if isinstance(error, (InvalidResponse, ValueError, EOFError)):
        return "the server does not speak the Redis protocol"
    cause = _system_error(error)
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed ({cause.reason or type(cause).__name__})"
    if cause is not None and cause.errno is not None and cause.errno > 0:
        return f"no connection ({os.strerror(cause.errno)})"
    return f"no connection ({type(cause or error).__name__})"


def is_busy(error: BaseException) -> bool:
    """Whether a server is there and has no time: it does not answer, or is loading its data."""
    return isinstance(error, (RedisTimeoutError, TimeoutError)) or answer_word(error) == "LOADING"


def _cluster_reason(error: RedisClusterException) -> str:
    """Return why a cluster can't be used; redis-py wraps what the last node said."""
    cause = error.__cause__
    if NO_CLUSTER in f"{error} {cause}":
        return "the server is not part of a cluster, or hides its slots; let REDIS_URL begin with redis://"
    if isinstance(cause, FAILURES):
        return f"no node of the cluster answers: {reason_of(cause)}"
    return "no node of the cluster answers"


def _system_error(error: BaseException | None) -> OSError | None:
    while error is not None and not isinstance(error, OSError):
        error = error.__cause__ or error.__context__
    return error
