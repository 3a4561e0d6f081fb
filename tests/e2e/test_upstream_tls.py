"""An upstream whose certificate can't be trusted: one more failed refresh, told with its reason and the way out.

In processes of their own, as a client whose handshake failed leaves a socket to the garbage collector, which warns.
"""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.processes import ServiceProcess, running
from tests.simulator import Simulator, generate_catalog

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command, to make certificates"),
]
KEY = "canary-key-9d1c+70/4f="


@dataclass(frozen=True)
class Certificate:
    """A certificate that signed itself, and its key."""

    path: Path
    key: Path

    @property
    def server(self) -> ssl.SSLContext:
        """What a server needs to show it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path, self.key)
        return context


def openssl(*words: object) -> None:
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, timeout=20, check=False)
    if done.returncode != 0:
        pytest.skip(f"this openssl can't do it: {done.stderr.strip()[:200]}")


def certificate(folder: Path, *, name: str = "IP:127.0.0.1", is_expired: bool = False) -> Certificate:
    path, key = folder / "certificate.pem", folder / "key.pem"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=upstream", "-days", 2)
    openssl("req", "-x509", *curve, "-keyout", key, "-out", path, "-addext", f"subjectAltName={name}")
    if is_expired:
        expired = folder / "expired.pem"
        openssl("x509", "-in", path, "-signkey", key, "-days", -1, "-out", expired)
        return Certificate(expired, key)
    return Certificate(path, key)


def service_at(folder: Path, simulator: Simulator, **settings: str) -> ServiceProcess:
    settings |= {"OPENROUTER_BASE_URL": simulator.base_url, "OPENROUTER_API_KEY": KEY, "FETCH_ATTEMPTS": "1"}
    return ServiceProcess(folder, settings={"LOG_LEVEL": "debug", **settings})


@pytest.mark.parametrize(
    ("name", "is_expired", "is_trusted", "reason"),
    [
        ("IP:127.0.0.1", False, False, "self-signed certificate"),
        ("IP:127.0.0.1", True, True, "certificate has expired"),
        ("DNS:elsewhere.example", False, True, "certificate is not valid for '127.0.0.1'"),
    ],
)
async def test_a_certificate_that_cannot_be_trusted_is_told_with_its_reason_and_the_way_out(
    tmp_path: Path, name: str, is_expired: bool, is_trusted: bool, reason: str
) -> None:
    shown = certificate(tmp_path, name=name, is_expired=is_expired)
    trusted = {"SSL_CERT_FILE": str(shown.path)} if is_trusted else {}
    async with Simulator(generate_catalog(60), tls=shown.server) as simulator:
        service = service_at(tmp_path, simulator, **trusted)
        async with running(service):
            status = await service.interrupted()
            error = status["upstream"]["last_error"]
            assert (error["kind"], status["snapshot"]["origin"]) == ("unreachable", "core")
            assert "its certificate is not trusted" in error["reason"]
            assert reason in error["reason"].replace("self signed", "self-signed")
            assert "SSL_CERT_FILE" in error["reason"]
            answer = await service.client.post("/refresh")
            assert (answer.status_code, reason in answer.json()["detail"]) == (502, True)
            assert KEY not in str(status) + answer.text
            await service.stop()
        assert simulator.requests == [], "nothing is sent to whom nobody trusts"
    assert "Traceback" not in service.log
    assert KEY not in service.log


async def test_a_certificate_of_ones_own_is_trusted_when_it_is_named(tmp_path: Path) -> None:
    shown = certificate(tmp_path)
    async with Simulator(generate_catalog(60), tls=shown.server) as simulator:
        service = service_at(tmp_path, simulator, SSL_CERT_FILE=str(shown.path))
        async with running(service):
            await service.fetched()
            assert (await service.status())["status"] == "ok"
