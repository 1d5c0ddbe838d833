"""Three servers on one PostgreSQL and one bitcoin node, three watchers and two payers, killed with SIGKILL at random
and started again, while money comes in and goes out. In the end the books, the hot wallet and the chain agree to the
satoshi. The seed of a failing run is printed; ABC2_SEED repeats its choices, ABC2_ROUNDS makes it longer."""
import json
import os
import pathlib
import random
import sys
import tempfile
import time
import uuid

sys.path.append(str(pathlib.Path(__file__).parent.parent / "http"))
import regtest  # noqa: E402
from abc2_server import PATIENCE, Server, run  # noqa: E402
from postgres import Postgres  # noqa: E402

ROUNDS = int(os.environ.get("ABC2_ROUNDS", "30"))
SEED = int(os.environ.get("ABC2_SEED", random.SystemRandom().getrandbits(32)))
OUTSIDE = "bcrt1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qzf4jry"  # where withdrawals go, and nothing else
USERS = ("ann", "bob", "opa")


class Cluster:
    def __init__(self, folder, node, store):
        self.node, self.store = node, store
        shard, _ = regtest.extended_keys(b"d" * 32)
        _, hot = regtest.extended_keys(b"h" * 32)
        terms = {"fee_sat": 500, "least_sat": 10_000, "approval_from_sat": 10**12}
        self.settings = []
        for number in range(3):
            path = pathlib.Path(folder) / str(number)
            path.mkdir()
            self.settings.append(node.settings(path, hot_key=hot if number < 2 else None, withdrawals=dict(terms)))
        self.servers = [self.start(number) for number in range(3)]
        for user in USERS:
            status, _ = self.ask("POST", "/api/accounts", {"user": user, "password": "a password"})
            assert status == 201, status
        self.tokens = {user: self.ask("POST", "/api/sessions", {"user": user, "password": "a password"})[1]["token"]
                       for user in USERS}
        self.must("POST", "/api/operator/bitcoin/shards", {"key": shard}, "opa")

    def start(self, number):
        return Server("--operators", "opa", "--bitcoin", self.settings[number], store=self.store)

    def ask(self, method, path, body=None, user=None, number=0):
        headers = {"Authorization": "Bearer " + self.tokens[user]} if user else {}
        status, _, raw = self.servers[number].request(method, path, body, headers)
        return status, json.loads(raw) if raw else None

    def must(self, method, path, body=None, user=None):
        """Asks until the answer is known, of whichever server."""
        deadline = time.monotonic() + PATIENCE
        for number in range(10**6):
            assert time.monotonic() < deadline, f"never answered: {method} {path}"
            try:
                status, answer = self.ask(method, path, body, user, number % 3)
            except OSError:
                continue
            if status < 300:
                return answer
            assert status in (423, 503), (status, answer)
            time.sleep(0.05)

    def kill_and_restart(self, number):
        self.servers[number].process.kill()
        self.servers[number].close()
        self.servers[number] = self.start(number)

    def close(self):
        for server in self.servers:
            server.close()


def until(what, probe):
    deadline = time.monotonic() + PATIENCE
    while not (said := probe()):
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.05)
    return said


def storm(cluster, node, choose):
    """Money in and out while servers die; how much was mined for users, and the attempts that were made."""
    addresses = {user: cluster.must("POST", "/api/me/bitcoin/address", user=user)["address"] for user in ("ann", "bob")}
    wallet = until("a payer says where its wallet is",
                   lambda: cluster.must("GET", "/api/operator/bitcoin", user="opa")["wallet"])
    node.mine(2, addresses["ann"])
    node.mine(6, wallet["address"])
    node.mine(100)
    until("the first deposits are credited", lambda: cluster.must("GET", "/api/me", user="ann")["balance_sat"] > 0)
    attempts = {}
    for _ in range(ROUNDS):
        if choose.random() < 0.5:
            node.mine(1, choose.choice(list(addresses.values())))
        if choose.random() < 0.7:
            attempt, amount = str(uuid.UUID(int=choose.getrandbits(128), version=4)), choose.randrange(10_000, 90_000)
            cluster.must("PUT", f"/api/me/withdrawals/{attempt}",
                         {"address": OUTSIDE, "amount_sat": amount, "fee_sat": 500}, "ann")
            attempts[attempt] = amount
        time.sleep(choose.random() * 0.3)
        cluster.kill_and_restart(choose.randrange(3))
        if choose.random() < 0.3:
            cluster.kill_and_restart(choose.randrange(3))
    return addresses, attempts


def outputs_of(node):
    """What each address has got, in the chain, from the beginning."""
    sums = {}
    for height in range(441, node.call("getblockcount") + 1):
        block = node.call("getblock", node.call("getblockhash", height), True, True)
        for transaction in block["tx"]:
            for output in transaction["vout"]:
                script = output["scriptPubKey"]
                for address in script.get("addresses", [script.get("address")]):
                    sums[address] = sums.get(address, 0) + round(output["value"] * 10**8)
    return sums


def nothing_is_lost_and_nothing_is_paid_twice():
    print(f"seed {SEED}, {ROUNDS} rounds")
    choose = random.Random(SEED)
    with tempfile.TemporaryDirectory() as folder, regtest.Node(sys.argv[3]) as node, Postgres() as postgres:
        cluster = Cluster(folder, node, postgres.url)
        try:
            addresses, attempts = storm(cluster, node, choose)
            withdrawals = lambda: cluster.must("GET", "/api/me/withdrawals", user="ann")["withdrawals"]
            until("all is signed", lambda: all(one["transaction"] for one in withdrawals()))
            for _ in range(3):  # what a node refused at first comes into a later block
                node.mine(6)
                time.sleep(0.5)
            until("all is final", lambda: all(one["state"] == "final" for one in withdrawals()))
            assert {one["attempt"]: one["amount_sat"] for one in withdrawals()} == attempts, "not what was asked for"

            got = outputs_of(node)
            assert got.get(OUTSIDE, 0) == sum(attempts.values()), (got.get(OUTSIDE), sum(attempts.values()))
            put_in = got.get(addresses["ann"], 0) + got.get(addresses["bob"], 0)
            paid_out = sum(attempts.values()) + 500 * len(attempts)

            def settled():
                owed = cluster.must("GET", "/api/operator/bitcoin/owed", user="opa")
                return owed["owed_sat"] == put_in - paid_out and owed
            until(f"{put_in} - {paid_out} satoshi are owed", settled)
            audit = cluster.must("POST", "/api/operator/audit", user="opa")
            assert audit["passed"], audit
            assert (audit["put_in_sat"], audit["paid_out_sat"]) == (put_in, paid_out), audit
            print(f"{len(attempts)} withdrawals, {paid_out} of {put_in} satoshi paid out")
        except BaseException:
            for number, server in enumerate(cluster.servers):
                print(f"--- server {number}\n{server.log()[-4000:]}", file=sys.stderr)
            raise
        finally:
            cluster.close()


run(nothing_is_lost_and_nothing_is_paid_twice)
