"""A server whose store is not there yet: it is alive and not ready, refuses what needs the store, and begins when the
store appears; several of them count each other."""
import json
import pathlib
import sys
import time

sys.path.append(str(pathlib.Path(__file__).parent.parent / "bitcoin"))
from abc2_server import PATIENCE, run, serving  # noqa: E402
from postgres import Postgres  # noqa: E402

ANN = {"user": "ann", "password": "ann's password"}


def until(what, probe):
    deadline = time.monotonic() + PATIENCE
    while not (said := probe()):
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.05)
    return said


def nodes_of(server):
    for line in server.request("GET", "/metrics")[2].decode().splitlines():
        if line.startswith("abc2_nodes "):
            return int(line.split()[1])
    return None


def begins_when_the_store_appears():
    with Postgres(start=False) as postgres, serving(store=postgres.url) as server:
        assert server.request("GET", "/healthz")[0] == 200
        for _ in range(3):
            status, fields, body = server.request("GET", "/readyz")
            assert status == 503 and "retry-after" in fields, (status, body)
            assert server.request("POST", "/api/accounts", ANN)[0] == 503
        postgres.start()
        until("it is ready", lambda: server.request("GET", "/readyz")[0] == 200)
        until("ann has an account", lambda: server.request("POST", "/api/accounts", ANN)[0] in (200, 201))
        until("it has begun", lambda: "event=ready" in server.log())
        with serving("--name", "the other", "--operators", "ann", store=postgres.url) as other, \
                serving("--name", "a third", store=postgres.url) as third:
            status, _, session = other.request("POST", "/api/sessions", ANN)
            assert status == 201, "any server serves any user"
            until("they know of each other", lambda: all(nodes_of(one) == 3 for one in (server, other, third)))
            token = {"Authorization": "Bearer " + json.loads(session)["token"]}

            def states():
                nodes = json.loads(other.request("GET", "/api/operator/nodes", None, token)[2])["nodes"]
                assert [node["this"] for node in nodes] == [True, False, False] and nodes[0]["name"] == "the other", nodes
                return [node["state"] for node in nodes if node["name"] == "a third"]
            until("it is there", lambda: states() == ["there"])
            third.process.kill()
            until("it is silent", lambda: states() == ["silent"])
            other.terminate()
            assert other.wait() == 0, other.log()
            until("one has left", lambda: nodes_of(server) == 1)
        postgres.kill()
        until("it is not ready", lambda: server.request("GET", "/readyz")[0] == 503)
        postgres.start()
        until("it is ready again", lambda: server.request("GET", "/readyz")[0] == 200)
        server.terminate()
        assert server.wait() == 0, server.log()


def ends_while_it_waits():
    with Postgres(start=False) as postgres, serving(store=postgres.url) as server:
        server.terminate()
        assert server.wait() == 0, server.log()


def what_cannot_be_is_refused_at_once():
    for arguments, store, said in ((["--demo"], None, "--demo needs the store"), ([], "moon:", "names no store"),
                                   ([], "postgres://x@localhost:1/y?table=no-name", "table")):
        with Postgres(start=False) as postgres:
            try:
                with serving(*arguments, store=store or postgres.url):
                    raise SystemExit(f"it started: {arguments} {store}")
            except AssertionError as refused:
                assert said in str(refused), refused


run(begins_when_the_store_appears, ends_while_it_waits, what_cannot_be_is_refused_at_once)
