"""The first yardstick: nginx with one worker, which serves the very same bytes from files.

Twice: as it is by itself, and with `sendfile`, which saves a copy of what is compressed and makes a megabyte cost twice
as much, where both ends are on one machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

from tests.bench.bounds import Bench
from tests.bench.processes import Served, free_port, serving
from tests.bench.recorded import Recorded

WITH_SENDFILE = "nginx-sendfile"
CONFIG = """
{user}
worker_processes 1;
daemon off;
pid {folder}/{name}.pid;
error_log {folder}/{name}-error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  default_type application/json;
  sendfile {sendfile};
  tcp_nopush {sendfile};
  etag on;
  gzip_static on;
  gzip_vary on;
  keepalive_requests 1000000000;
  keepalive_timeout 300s;
  open_file_cache max=1000 inactive=1h;
  open_file_cache_valid 1h;
  open_file_cache_min_uses 1;
  client_body_temp_path {folder}/nginx-body;
  proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-fastcgi;
  uwsgi_temp_path {folder}/nginx-uwsgi;
  scgi_temp_path {folder}/nginx-scgi;
  server {{
    listen 127.0.0.1:{port} backlog=2048;
{locations}
  }}
}}
"""


@contextmanager
def nginx(bench: Bench, recorded: Sequence[Recorded], *, with_sendfile: bool = False) -> Iterator[Served]:
    """Run nginx until the block ends."""
    name = WITH_SENDFILE if with_sendfile else "nginx"
    # Two targets with one path would be one location; the bench has no such pair.
    files = {unquote(urlsplit(answer.target).path): answer.file for answer in recorded if answer.coding is None}
    locations = "\n".join(f'    location = "{path}" {{ alias "{file}"; }}' for path, file in files.items())
    port = free_port()
    # As root, the worker would give up its rights, and could not read a private folder.
    user = "user root;" if os.geteuid() == 0 else ""
    config = bench.folder / f"{name}.conf"
    sendfile = "on" if with_sendfile else "off"
    config.write_text(
        CONFIG.format(user=user, folder=bench.folder, name=name, port=port, sendfile=sendfile, locations=locations)
    )
    command = ["nginx", "-c", str(config), "-p", str(bench.folder), "-e", str(bench.folder / f"{name}-error.log")]
    with serving(bench, name, command, port, core=bench.server_core) as served:
        yield served
