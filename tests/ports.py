"""Ports of the loopback for servers of a test's own."""
import random
import socket

_CHOSEN = set()


def free_port():
    """Below those that the kernel hands out (32768 and up), so that no connection takes it before the server listens
    there, or while the server is down for a while."""
    while True:
        port = random.SystemRandom().randrange(15_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _CHOSEN:
            _CHOSEN.add(port)
            return port


def free_ports(count):
    return [free_port() for _ in range(count)]
