"""`abc2 export` and `abc2 import` as docs/operating.md says: from a market in which buyers buy and money moves, into
another engine, where recovery finishes what was under way, the audit passes, and everything is there that had been
acknowledged. ABC2_SEED repeats a run's choices, ABC2_ROUNDS makes it longer."""
import contextlib
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile

import market as town  # first: it says where the other tests' modules are
from abc2_server import PATIENCE, PROGRAM, run, serving
from etcd import Etcd
from postgres import Postgres

ROUNDS = int(os.environ.get("ABC2_ROUNDS", "10"))
SEED = int(os.environ.get("ABC2_SEED", random.SystemRandom().getrandbits(32)))


def abc2(*arguments, code=0, **more):
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE, check=False,
                          **more)
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    return done


def documents(path):
    with open(path, encoding="utf-8") as lines:
        return {document["key"]: document["value"] for document in map(json.loads, lines) if "key" in document}


def expect_there(path, known):
    """What had been acknowledged before the export began is in it. Returns how much was under way."""
    bought, deposits = known
    there = documents(path)
    for (seller, c, number), buyer in bought.items():
        slot = there.get(f"slot/{seller}/{c:010}/{number:010}")
        assert slot and slot["sale"]["buyer"] == buyer, (seller, c, number, buyer, slot)
    for key in deposits:
        assert there[f"deposit/{key}"]["credited"], key
    return sum("hold" in value or "pending" in value for key, value in there.items() if key.startswith("balance/"))


def expect_sound(path, store):
    imported = abc2("import", path, "--check", "--store", store)
    assert re.search(r"^passed: ", imported.stdout, re.MULTILINE), imported
    assert "nothing is left half-done" in imported.stdout, imported


@contextlib.contextmanager
def open_market(start):
    print(f"seed {SEED}, {ROUNDS} rounds", flush=True)
    with start() as store, tempfile.TemporaryDirectory(prefix="abc2-operating-") as folder:
        market = town.Market(store, SEED)
        try:
            market.until_more(20)
            yield market, store, pathlib.Path(folder)
        finally:
            market.close()


def a_busy_market_on(start):
    """Exported while it is bought in, and nothing stands still for it."""
    under_way = 0
    with open_market(start) as (market, store, folder):
        for number in range(ROUNDS):
            known = market.known()
            path = folder / f"export-{number}"
            abc2("export", path, "--store", store.url)
            under_way += expect_there(path, known)
            expect_sound(path, f"embedded:{folder}/store-{number}")
            market.until_more(5)
    assert under_way > 0, "no export was taken in the middle of anything"
    print(f"{under_way} holds and promises were recovered")


def a_busy_market_on_postgres():
    a_busy_market_on(Postgres)


def a_busy_market_on_etcd():
    a_busy_market_on(Etcd)


def from_engine_to_engine():
    with open_market(Postgres) as (market, postgres, folder), Etcd() as etcd:
        known = market.known()
        first, second, third = (folder / name for name in ("first", "second", "third"))
        abc2("export", first, "--store", postgres.url)
        expect_sound(first, etcd.url)
        abc2("export", second, "--store", etcd.url)
        expect_there(second, known)
        # Through a pipe, and killed on the way now and then: the same again goes on.
        store, killed = postgres.url + "&table=abc2_restored", 0
        for tries in range(10):
            before = rows(postgres, "abc2_restored")
            with subprocess.Popen([PROGRAM, "import", second, "--store", store], stderr=subprocess.PIPE) as importing:
                while importing.poll() is None and rows(postgres, "abc2_restored") == before:
                    pass
                if tries < 9:
                    importing.kill()
            killed += importing.returncode == -signal.SIGKILL
            if importing.returncode == 0:
                break
        with open(second, "rb") as file:
            abc2("import", "-", "--store", store, stdin=file)
        with open(third, "wb") as file:
            subprocess.run([PROGRAM, "export", "-", "--store", store], stdout=file, check=True, timeout=PATIENCE)
        assert documents(third) == documents(second), "not every document came through"
        print(f"{killed} imports were killed")
        # And it is a market: those who had accounts log in, and go on buying.
        with serving("--operators", "op", store=store) as server:
            status, _, body = server.request("POST", "/api/sessions", {"user": "buyer0", "password": town.PASSWORD})
            assert status == 201, body
            token = {"Authorization": "Bearer " + json.loads(body)["token"]}
            seller, c, _ = market.campaigns[0]
            campaign = json.loads(server.request("GET", f"/api/campaigns/{seller}/{c}")[2])
            status, _, body = server.request(
                "PUT", campaign["next"]["href"],
                {"attempt": "5f0c2a5e-2a63-4c53-9f0a-0c8e3f1b7a11", "filler": 1, "highest_price_sat": 10**14}, token)
            assert status == 201, body
        assert abc2("audit", "--store", store).stdout.startswith("passed")


def rows(postgres, table):
    if town.sql(postgres, f"SELECT to_regclass('{table}')") == "":
        return 0
    return int(town.sql(postgres, f"SELECT count(*) FROM {table}"))


run(a_busy_market_on_postgres, a_busy_market_on_etcd, from_engine_to_engine)
