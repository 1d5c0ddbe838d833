"""A server that is told to stop finishes what it is at, and says what it could not finish."""
import json
import socket
import subprocess
import threading
import time

from abc2_server import PATIENCE, PROGRAM, read_to_end, run, serving

PASSWORD = "a password for tests"


def wait_until_in_flight(server, count):
    """The request that asks counts as well."""
    deadline = time.monotonic() + PATIENCE
    while True:
        metrics = server.request("GET", "/metrics")[2].decode()
        if any(line == f"abc2_http_requests_in_flight {count + 1}" for line in metrics.splitlines()):
            return True
        if not threading.main_thread().is_alive() or time.monotonic() > deadline:
            raise AssertionError("the request was never seen in flight")
        if not [thread for thread in threading.enumerate() if thread.name == "slow"]:
            return False


class Slow(threading.Thread):
    """A registration whose password takes long to hash."""

    def __init__(self, server, user):
        super().__init__(name="slow")
        self.server, self.user, self.answer = server, user, None

    def run(self):
        try:
            self.answer = self.server.request("POST", "/api/accounts", {"user": self.user, "password": PASSWORD})
        except (OSError, Exception) as error:  # the test looks at what became of it
            self.answer = error


def start_slow(server):
    """Starts a slow request and returns it once it is in flight."""
    for number in range(1000):
        slow = Slow(server, f"user{number}")
        slow.start()
        if wait_until_in_flight(server, 1):
            return slow
        slow.join()
    raise AssertionError("no request was slow enough")


MANY = ("--registration-burst", "100000", "--password-cost", "moderate")


def requests_in_flight_are_answered():
    with serving(*MANY) as server:
        idle = server.connect()
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b'{"alive":true}' in idle.recv(65536)
        slow = start_slow(server)
        server.terminate()
        assert read_to_end(idle) == b"", "an idle connection is closed"
        slow.join()
        assert not isinstance(slow.answer, Exception), slow.answer
        status, fields, body = slow.answer
        assert status == 201 and fields["connection"] == "close", (status, fields)
        assert server.wait() == 0, server.log()
        assert "event=stopped" in server.log()
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE).close()
        except ConnectionRefusedError:
            return
        raise AssertionError("something still listens")


def what_takes_too_long_is_cut_off_and_said():
    with serving(*MANY, "--shutdown-ms", "1") as server:
        slow = start_slow(server)
        server.terminate()
        slow.join()
        assert server.wait() == 1, server.log()
        assert "event=requests_cut_off" in server.log()
        assert isinstance(slow.answer, Exception), slow.answer


def streams_end():
    with serving("--demo") as server:
        with server.connect() as connection:
            connection.sendall(b"GET /api/campaigns/demo-seller/1/events HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = b""
            while b"event: campaign" not in answer:
                answer += connection.recv(65536)
            server.terminate()
            rest = answer + read_to_end(connection)
            assert rest.endswith(b"0\r\n\r\n"), rest[-200:]
        assert server.wait() == 0, server.log()


def what_was_answered_is_there_after_a_restart():
    import tempfile
    with tempfile.TemporaryDirectory(prefix="abc2-http-") as folder:
        store = f"embedded:{folder}/store"
        with serving("--demo", store=store) as server:
            before = json.loads(server.request("GET", "/api/campaigns/demo-seller/1")[2])
            refused = subprocess.run([PROGRAM, "audit", "--store", store], capture_output=True, text=True, check=False)
            assert refused.returncode == 1 and "--server" in refused.stderr, refused
            server.terminate()
            assert server.wait() == 0, server.log()
        audited = subprocess.run([PROGRAM, "audit", "--store", store], capture_output=True, text=True, check=False)
        assert audited.returncode == 0 and audited.stdout.startswith("passed"), audited
        with serving("--demo", store=store) as server:
            after = json.loads(server.request("GET", "/api/campaigns/demo-seller/1")[2])
            assert before["sold"] == after["sold"] == 1 and before["created_at_ms"] == after["created_at_ms"], after


def operators_work_through_a_running_server():
    with serving("--operators", "opa") as server:
        for user in ("opa", "ann"):
            server.request("POST", "/api/accounts", {"user": user, "password": PASSWORD})
        session = json.loads(server.request("POST", "/api/sessions", {"user": "opa", "password": PASSWORD})[2])
        key = json.loads(server.request("POST", "/api/keys", {"label": "cli"},
                                        {"Authorization": "Bearer " + session["token"]})[2])["token"]

        def command(*arguments, key=key):
            return subprocess.run([PROGRAM, *arguments, "--server", server.url], capture_output=True, text=True,
                                  check=False, env={"ABC2_API_KEY": key})
        funded = command("fund", "ann", "5000", "--id", "one")
        assert funded.returncode == 0 and "credited 5000 sat (" in funded.stdout, funded
        again = command("fund", "ann", "5000", "--id", "one")
        assert again.returncode == 0 and "before" in again.stdout, again
        other = command("fund", "ann", "6000", "--id", "one")
        assert other.returncode == 1 and "conflict" in other.stderr, other
        assert command("fund", "ann", "5000", key="ann.0").returncode == 1
        audited = command("audit")
        assert audited.returncode == 0 and "put in 5000 sat = paid out 0 + balances 5000" in audited.stdout, audited
        assert command("recover").returncode == 0


run(requests_in_flight_are_answered, what_takes_too_long_is_cut_off_and_said, streams_end,
    what_was_answered_is_there_after_a_restart, operators_work_through_a_running_server)
