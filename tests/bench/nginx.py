"""The first yardstick: nginx with one worker, which serves the very same bytes from files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

from tests.bench.bounds import Bench
from tests.bench.processes import Served, free_port, serving
from tests.bench.recorded import Recorded

CONFIG = """
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  default_type application/json;
  sendfile on;
  tcp_nopush on;
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
def nginx(bench: Bench, recorded: Sequence[Recorded]) -> Iterator[Served]:
    """Run nginx until the block ends."""
    # Two targets with one path would be one location; the bench has no such pair.
    files = {unquote(urlsplit(answer.target).path): answer.file for answer in recorded if answer.coding is None}
    locations = "\n".join(f'    location = "{path}" {{ alias "{file}"; }}' for path, file in files.items())
    port = free_port()
    # As root, the worker would give up its rights, and could not read a private folder.
    user = "user root;" if os.geteuid() == 0 else ""
    config = bench.folder / "nginx.conf"
    config.write_text(CONFIG.format(user=user, folder=bench.folder, port=port, locations=locations))
    command = ["nginx", "-c", str(config), "-p", str(bench.folder), "-e", str(bench.folder / "nginx-error.log")]
    with serving(bench, "nginx", command, port, core=bench.server_core) as served:
        yield served
