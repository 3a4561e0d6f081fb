"""What REDIS_URL may say, and what is said of one that can't be used."""

from __future__ import annotations

import pytest

from app.store.redis_address import OPTIONS, Kind, parse_address
from app.store.redis_clients import client_for


def test_a_single_server_is_left_to_redis_py() -> None:
    address = parse_address("rediss://user:pa%2Fss@redis.example:6380/3?ssl_ca_certs=/ca.pem")
    assert (address.kind, address.hosts, address.is_tls) == (Kind.SERVER, (), True)
    kept = {name: address.options[name] for name in ("host", "port", "username", "password", "db", "ssl_ca_certs")}
    assert kept == {
        "host": "redis.example",
        "port": 6380,
        "username": "user",
        "password": "pa/ss",
        "db": 3,
        "ssl_ca_certs": "/ca.pem",
    }


def test_sentinels_a_service_and_a_database() -> None:
    address = parse_address(
        "rediss+sentinel://user:pa%40ss@one:26380,two,[::1]:7/my%20models/2?sentinel_password=other&ssl_ca_certs=/ca.pem"
    )
    assert (address.kind, address.service, address.is_tls) == (Kind.SENTINEL, "my models", True)
    assert address.hosts == (("one", 26_380), ("two", 26_379), ("::1", 7))
    assert address.options == {"username": "user", "password": "pa@ss", "db": 2, "ssl_ca_certs": "/ca.pem"}
    assert address.sentinel_options == {"password": "other"}


@pytest.mark.anyio
@pytest.mark.parametrize("form", ["rediss://host", "rediss+sentinel://host/models", "rediss+cluster://host"])
async def test_a_client_can_be_made_with_every_option_that_is_known(form: str) -> None:
    values = {"db": "0", "health_check_interval": "5", "ssl_cert_reqs": "none"}
    words = "&".join(f"{name}={values.get(name, '')}" for name in OPTIONS)
    client = client_for(parse_address(f"{form}?{words}"), 1.0)
    await client.close()


@pytest.mark.parametrize(
    ("url", "path", "password"),
    [
        ("unix:///run/redis.sock", "/run/redis.sock", None),
        ("unix:///run/a@b/redis.sock?db=2", "/run/a@b/redis.sock", None),
        ("unix://:pa%2Fss@/run/redis.sock", "/run/redis.sock", "pa/ss"),
        ("unix://:pass@/run/a%40b/redis.sock", "/run/a@b/redis.sock", "pass"),
    ],
)
def test_a_socket_has_a_path_and_perhaps_a_password(url: str, path: str, password: str | None) -> None:
    address = parse_address(url)
    assert (address.kind, address.options["path"], address.options.get("password")) == (Kind.SERVER, path, password)


def test_the_nodes_of_a_cluster() -> None:
    address = parse_address("rediss+cluster://:secret@one,two:7000/0")
    assert (address.kind, address.hosts, address.is_tls) == (Kind.CLUSTER, (("one", 6379), ("two", 7000)), True)
    assert (address.options["password"], address.options["db"]) == ("secret", 0)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis+sentinel://host:26379", "names no service"),
        ("redis+sentinel://host:26379/", "names no service"),
        ("redis+cluster://host:6379/1", "a cluster has number 0 only"),
        ("redis+sentinel://host:26379/models/first", "can't be read: write redis+sentinel://"),
        ("redis+sentinel:///models", "can't be read: write redis+sentinel://"),
        ("redis+cluster://host:0", "can't be read: write redis+cluster://"),
        ("redis+cluster://host:many", "can't be read: write redis+cluster://"),
        ("redis+cluster://one,,two", "can't be read: write redis+cluster://"),
        ("redis+cluster://:Canary/5ecret@host:6379", "can't be read: write redis+cluster://"),
        ("redis+sentinel://:Canary?5ecret@host/models", "can't be read: write redis+sentinel://"),
        ("redis+sentinel://:Canary#5ecret@host/models", "can't be read: write redis+sentinel://"),
        ("redis://user:12/Canary@host:6379/0", "can't be read: write redis://"),
        ("redis://user:12#Canary@host:6379/0", "can't be read: write redis://"),
        ("redis://user:?Canary=x@host:6379/0", "can't be read: write redis://"),
        ("redis://host?Canary=x", "an option that is not known"),
        ("redis://host?retry_on_error=x", "an option that is not known"),
        ("redis://host?connection_class=Canary", "an option that is not known"),
        ("redis+cluster://u:p@host?Canary=x", "an option that is not known"),
        ("redis+cluster://u:p@host?sentinel_password=x", "an option that is not known"),
        ("redis+sentinel://host/models?ssl_cert_reqs=none", "an option for TLS"),
        ("redis://host?ssl_ca_certs=/ca.pem", "an option for TLS"),
        ("redis+ring://:Canary@host", "can't be read: write redis://"),
        ("http+cluster://:Canary@host", "can't be read: write redis://"),
        ("unix://user:12/Canary@/run/redis.sock", "can't be read: write unix://"),
        ("unix://:12@/Canary@/run/redis.sock", "can't be read: write unix://"),
        ("unix://:Canary#1@/run/redis.sock", "can't be read: write unix://"),
        ("unix://run/redis.sock", "can't be read: write unix://"),
        ("unix://:Canary@", "can't be read: write unix://"),
        ("unix:///run/redis.sock?socket_keepalive=true", "an option that is not known"),
        ("redis://host/Canary", "no number of a database"),
        ("redis://host?db=first", "db='first', but db takes the number of a database"),
        ("redis://host?health_check_interval=-1", "health_check_interval='-1', but"),
        ("redis://host?socket_keepalive=maybe", "socket_keepalive='maybe', but socket_keepalive takes true or false"),
        ("redis://host?client_name=my+registry", "client_name='my registry', but"),
        ("rediss://host?ssl_cert_reqs=foo", "'foo', but ssl_cert_reqs takes none, optional or required"),
        ("rediss+cluster://host?ssl_check_hostname=foo", "ssl_check_hostname takes true or false"),
        ("rediss+sentinel://host/models?ssl_cert_reqs=foo", "ssl_cert_reqs takes none, optional or required"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_way_out(url: str, says: str) -> None:
    with pytest.raises(ValueError, match="REDIS_URL") as caught:
        parse_address(url)
    assert says in str(caught.value)
    assert "Canary" not in str(caught.value)


@pytest.mark.parametrize("form", ["redis://:{0}@h", "redis+sentinel://:{0}@h/s?sentinel_password={0}"])
def test_no_repr_holds_a_password(form: str) -> None:
    assert "Canary" not in repr(parse_address(form.format("Canary")))
