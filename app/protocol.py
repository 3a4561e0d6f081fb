"""The protocol class that serves an application, chosen by uvicorn's `http=` option.

Each of ours reaches into uvicorn's, so none is used but with versions that they were tested with.
"""

from __future__ import annotations

from typing import Final

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.protocol_fast import KnownRequestProtocol
from app.protocol_plain import LimitedProtocol, ProblemProtocol
from app.registry import Registry
from app.web.front import Front
from app.web.middleware import AccessLog

log = structlog.get_logger("protocol")
TESTED_VERSIONS: Final = frozenset({"0.54.0"})


def protocol_for(
    front: Front,
    registry: Registry,
    access_log: AccessLog | None,
    overload: ASGIApp | None = None,
    *,
    is_fast: bool = True,
    version: str = uvicorn.__version__,
) -> type[HttpToolsProtocol] | None:
    """Return the protocol class for one application; None when the installed uvicorn is not one we know.

    `overload` answers in place of the application above the limit of connections, where there is one; every request is
    then looked at. Unless it `is_fast`, the protocol differs from uvicorn's in the answer to what is no request alone.
    """
    if version not in TESTED_VERSIONS:
        if is_fast:
            log.warning(
                "the fast protocol is off: it was not tested with this uvicorn",
                installed=version,
                tested=", ".join(sorted(TESTED_VERSIONS)),
            )
        return None
    if overload is not None:
        answering: ASGIApp = overload

        class BoundLimitedProtocol(LimitedProtocol):
            """The protocol of this application, with a limit on connections."""

            _overload = staticmethod(answering)

        return BoundLimitedProtocol
    if not is_fast:
        return ProblemProtocol

    class BoundProtocol(KnownRequestProtocol):
        """The protocol of this application."""

        _front = front
        _registry = registry
        _access_log = staticmethod(access_log) if access_log else None

    return BoundProtocol
