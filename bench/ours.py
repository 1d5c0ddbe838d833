"""abc2 itself: the purchase through the library and through HTTP, and ads served. Each run has a new store."""
import contextlib
import json
import subprocess
import urllib.request

import machine
from machine import free_port


class Abc2:
    def __init__(self, program, folder, accounts, campaigns):
        self.program, self.folder = program, folder
        self.sizes = ["--accounts", accounts, "--campaigns", campaigns]
        self.folder.mkdir()
        self.runs = 0

    def new_store(self):
        self.runs += 1
        return f"embedded:{self.folder}/store-{self.runs}"

    def measured(self, *arguments):
        """The figures in the last line of what a command prints: {"per_second", "p50_ms", "p99_ms", ...}."""
        return json.loads(machine.output_of([self.program, *arguments]).strip().splitlines()[-1])

    def library_purchases(self, buyers, seconds):
        return self.measured("bench", "purchases", "--buyers", buyers, "--seconds", seconds, *self.sizes,
                             "--store", self.new_store(), "--json")

    def library_purchases_in_steps(self, buyers, seconds):
        return self.measured("bench", "purchases", "--buyers", buyers, "--seconds", seconds, *self.sizes,
                             "--store", self.new_store(), "--steps", "--json")

    def http_purchases(self, buyers, seconds):
        store = self.new_store()
        return self.measured("bench", "http", "--buyers", buyers, "--seconds", seconds, *self.sizes,
                             "--store", store, "--json")

    @contextlib.contextmanager
    def server(self, *arguments):
        """A server with the demo's campaigns; yields its base URL."""
        port = free_port()
        with open(self.folder / "serve.log", "a", encoding="utf-8") as log:
            process = subprocess.Popen([self.program, "serve", "--demo", "--port", str(port), "--store", self.new_store(),
                                        *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            machine.wait_for_port(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            machine.stop(process)

    def ad(self, path):
        """The very bytes that a page gets for its ad."""
        with self.server() as url, urllib.request.urlopen(url + path) as answer:
            return answer.read()

    def ads(self, path, seconds):
        with self.server() as url:
            machine.wrk(url + path, 1)
            return machine.wrk(url + path, seconds)
