"""The server as a process, and a client of its HTTP interface. Standard library only."""
import http.client
import json
import os
import signal
import subprocess
import time
import urllib.parse

# A PNG of one pixel.
IMAGE = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
PASSWORD = "a long password"


class Unanswered(Exception):
    """The connection ended before the answer did: what was asked for may have been done."""


class Client:
    """One connection, opened when it is needed. For one thread."""

    def __init__(self, server, token=None):
        self.server, self.token, self.connection = server, token, None

    def ask(self, method, path, body=None):
        """(status, answer). Raises Unanswered."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=60)
            headers = {"Content-Type": "application/json"} if body is not None else {}
            if self.token:
                headers["Authorization"] = "Bearer " + self.token
            self.connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = self.connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else {}
        except (OSError, http.client.HTTPException, ValueError) as why:
            self.close()
            raise Unanswered(str(why)) from why

    def get(self, method, path, body=None, *statuses):
        """The answer, which must have one of the statuses (by default 200 and 201)."""
        status, answer = self.ask(method, path, body)
        if status not in (statuses or (200, 201)):
            raise AssertionError(f"{method} {path}: {status} {answer}")
        return answer

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Server:
    def __init__(self, program, directory):
        self.program, self.directory, self.process = program, directory, None
        self.host = self.port = None
        self.log = open(os.path.join(directory, "server.log"), "ab")

    def spawn(self):
        self.spawned = time.monotonic()
        self.process = subprocess.Popen(
            [self.program, "serve", "--store", "embedded:" + os.path.join(self.directory, "store"), "--port", "0",
             "--operators", "op", "--fee-basis-points", "250", "--password-cost", "minimum",
             "--registration-burst", "1000", "--login-burst", "1000", "--log-level", "warning"],
            stdout=subprocess.PIPE, stderr=self.log)

    def start(self):
        """Returns how long it took until it listened, in seconds."""
        self.spawn()
        line = self.process.stdout.readline().decode()
        if not line.startswith("http://"):
            raise AssertionError(f"the server did not start; it said {line!r} and ended with {self.process.wait()}")
        url = urllib.parse.urlsplit(line.strip())
        self.host, self.port = url.hostname, url.port
        return time.monotonic() - self.spawned

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        assert self.process.wait() == -signal.SIGKILL, "it had ended before it was killed"
        self.process.stdout.close()

    def stop(self):
        """Returns the exit code of an orderly end."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.process.stdout.close()
        return code

    def register(self, user):
        client = Client(self)
        client.get("POST", "/api/accounts", {"user": user, "password": PASSWORD})
        token = client.get("POST", "/api/sessions", {"user": user, "password": PASSWORD})["token"]
        client.close()
        return token
