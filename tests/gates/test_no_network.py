"""The guard refuses what leaves the machine, in this process and in processes started by it."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

GUARD = Path(__file__).parents[1] / "no_network"
# 192.0.2.0/24 and, below, 2001:db8::/32 are reserved for documentation (RFC 5737, RFC 3849).
ATTEMPTS = {
    "connect": "client.connect(('192.0.2.1', 80))",
    "connect_ex": "client.connect_ex(('192.0.2.1', 80))",
    "sendto": "client.sendto(b'x', ('192.0.2.1', 53))",
    "create_connection": "socket.create_connection(('192.0.2.1', 80), timeout=1)",
    "look-up": "socket.getaddrinfo('example.org', 80)",
    "gethostbyname": "socket.gethostbyname('example.org')",
    "urllib": "__import__('urllib.request').request.urlopen('http://192.0.2.1/', timeout=1)",
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_refuses_in_this_process(attempt):
    with (
        socket.socket(type=socket.SOCK_DGRAM) as client,
        pytest.raises(RuntimeError, match="the network is blocked in the tests"),
    ):
        eval(attempt, {"socket": socket, "client": client})


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 on this system")
def test_refuses_ipv6():
    with (
        socket.socket(socket.AF_INET6) as client,
        pytest.raises(RuntimeError, match="2001:db8::1"),
    ):
        client.connect(("2001:db8::1", 80))


def test_refuses_in_a_child_process_and_names_the_target():
    child = subprocess.run(
        [sys.executable, "-c", f"import socket; {ATTEMPTS['create_connection']}"],
        env=os.environ | {"PYTHONPATH": str(GUARD)},
        capture_output=True,
        text=True,
    )
    assert child.returncode == 1
    assert "NetworkBlockedError: the network is blocked in the tests" in child.stderr
    assert "192.0.2.1" in child.stderr


def test_loopback_stays_open():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("localhost", port), timeout=5) as client:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"hello")
            assert client.recv(5) == b"hello"


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no local sockets on this system")
def test_local_sockets_stay_open(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a local socket must be short
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind("door")
        server.listen()
        client.connect("door")
