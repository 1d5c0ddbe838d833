"""The program `abc2 serve` as a test needs it: on a free port, with its output kept."""
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
PATIENCE = 120  # seconds until a test gives up; nothing is decided by how long anything takes


PLACES = itertools.count(1)


def new_store():
    """In memory, or a place of its own on the server that ABC2_TEST_STORE names (tests/stores)."""
    url = os.environ.get("ABC2_TEST_STORE")
    if not url:
        return "memory:"
    place = f"place{os.getpid()}_{next(PLACES)}"
    if name := os.environ.get("ABC2_TEST_STORE_COUNT"):
        with open(name, "a", encoding="utf-8") as count:
            count.write("1\n")
    return f"{url}/{place}" if url.startswith("etcd:") else f"{url}&table={place}"


class Server:
    def __init__(self, *arguments, store=None):
        self.folder = tempfile.TemporaryDirectory(prefix="abc2-http-")
        self.log_path = pathlib.Path(self.folder.name) / "log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "serve", "--store", store or new_store(), "--port", "0", *arguments], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=log, text=True, env=os.environ | {"ABC2_PASSWORD_COST": "minimum"})
        self.url = self.process.stdout.readline().strip()
        if not re.fullmatch(r"https?://127\.0\.0\.1:\d+", self.url):
            raise AssertionError(f"the server did not start: {self.log()}")
        self.port = int(self.url.rsplit(":", 1)[1])

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def terminate(self):
        self.process.terminate()

    def wait(self):
        return self.process.wait(timeout=PATIENCE)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.folder.cleanup()

    def connect(self):
        """A bare connection."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def request(self, method, path, body=None, headers=None):
        """One request on a connection of its own: (status, headers in lower case, body)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


@contextlib.contextmanager
def serving(*arguments, **more):
    server = Server(*arguments, **more)
    try:
        yield server
    except BaseException:
        print(server.log(), file=sys.stderr)
        raise
    finally:
        server.close()


def read_to_end(connection):
    """Everything until the server closes; a reset counts as an end."""
    pieces = []
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


def run(*tests):
    """Runs the tests, all of them, and exits with 1 if one failed."""
    failed = 0
    for test in tests:
        try:
            test()
            print(f"ok {test.__name__}")
        except Exception as error:  # a test's failure, whatever it is, is reported and the others run
            failed += 1
            print(f"FAILED {test.__name__}: {type(error).__name__}: {error}")
            import traceback
            traceback.print_exc()
    sys.exit(1 if failed or not tests else 0)
