"""A market on one store with two servers, in which buyers buy, money comes in and is collected, without end."""
import pathlib
import random
import subprocess
import sys
import threading
import time
import uuid

TESTS = pathlib.Path(__file__).parent.parent
for folder in ("http", "bitcoin", "market_crash", "stores"):
    sys.path.append(str(TESTS / folder))
from abc2_server import Server  # noqa: E402
from postgres import PROGRAMS  # noqa: E402
from server import IMAGE, PASSWORD, Client, Unanswered  # noqa: E402

BUYERS = 6
HIGHEST = 10**9  # so that about thirty slots of each campaign can be sold
SETTINGS = ("--operators", "op", "--fee-basis-points", "250", "--login-burst", "1000", "--registration-burst", "1000")


def sql(postgres, statements):
    done = subprocess.run([PROGRAMS / "psql", "-v", "ON_ERROR_STOP=1", "-qtA", "-d", postgres.url], input=statements,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Market:
    """Everybody's threads run until close(); what went wrong in them is in `failures`."""

    def __init__(self, at, seed):
        # One of them writes step by step, so that there is something half-done to be found.
        self.servers = [Server(*SETTINGS, *how, store=at.url) for how in ((), ("--steps",))]
        for server in self.servers:
            server.host = "127.0.0.1"
        self.lock, self.done, self.failures = threading.Lock(), threading.Event(), []
        self.bought = {}    # (seller, campaign, number) -> buyer: acknowledged
        self.deposits = {}  # id -> user: acknowledged
        self.campaigns = []
        self.tokens = {user: self.register(user)
                       for user in ["op", "seller0", "seller1"] + [f"buyer{i}" for i in range(BUYERS)]}
        for i in range(BUYERS):
            self.client("op").get("POST", "/api/operator/deposits",
                                  {"id": f"first-{i}", "user": f"buyer{i}", "amount_sat": 10**14})
            self.client(f"buyer{i}").get("POST", "/api/fillers", {
                "attempt": str(uuid.uuid4()), "link": "https://example.org/", "category": "books",
                "image_base64": IMAGE})
        for i in range(4):
            self.new_campaign()
        self.threads = [threading.Thread(target=self.guard, args=(self.buy, f"buyer{i}", seed + i))
                        for i in range(BUYERS)]
        self.threads.append(threading.Thread(target=self.guard, args=(self.move_money, "op", seed + BUYERS)))
        for thread in self.threads:
            thread.start()

    def client(self, user, number=0):
        return Client(self.servers[number], self.tokens[user])

    def register(self, user):
        client = Client(self.servers[0])
        client.get("POST", "/api/accounts", {"user": user, "password": PASSWORD})
        return client.get("POST", "/api/sessions", {"user": user, "password": PASSWORD})["token"]

    def new_campaign(self):
        seller = f"seller{len(self.campaigns) % 2}"
        made = self.client(seller).get("POST", "/api/campaigns", {
            "attempt": str(uuid.uuid4()), "title": "A place", "page": "https://example.org/", "width_px": 10,
            "height_px": 10, "floor_sat": 1}, 200, 201)
        self.campaigns.append([seller, made["number"], 1])

    def guard(self, work, user, seed):
        try:
            work(user, random.Random(seed))
        except BaseException as error:  # whatever it was, the test fails with it
            self.failures.append(error)

    def buy(self, user, draw):
        client = self.client(user, draw.randrange(2))
        while not self.done.is_set():
            with self.lock:
                campaign = draw.choice(self.campaigns[-4:])
            seller, c, number = campaign
            try:
                status, answer = client.ask("PUT", f"/api/campaigns/{seller}/{c}/slots/{number}", {
                    "attempt": str(uuid.UUID(int=draw.getrandbits(128), version=4)), "filler": 1,
                    "highest_price_sat": HIGHEST})
            except Unanswered:
                continue
            with self.lock:
                if status in (200, 201):
                    self.bought[seller, c, answer["number"]] = user
                    campaign[2] = max(campaign[2], answer["number"] + 1)
                elif answer.get("code") in ("slot_taken", "conflict"):
                    campaign[2] = max(campaign[2], answer["next"])
                elif answer.get("code") == "price_above_limit" and campaign in self.campaigns[-4:]:
                    self.new_campaign()

    def move_money(self, user, draw):
        client, sellers, count = self.client(user), [self.client("seller0"), self.client("seller1", 1)], 0
        while not self.done.is_set():
            count += 1
            buyer = f"buyer{draw.randrange(BUYERS)}"
            try:
                status, _ = client.ask("POST", "/api/operator/deposits",
                                       {"id": f"more-{count}", "user": buyer, "amount_sat": 10})
                if status == 201:
                    self.deposits[f"more-{count}"] = buyer
                with self.lock:
                    seller, c, _ = draw.choice(self.campaigns[-4:])
                sellers[int(seller[-1])].ask("POST", f"/api/campaigns/{seller}/{c}/earnings")
                if count % 10 == 0:
                    client.ask("POST", "/api/operator/fees")
            except Unanswered:
                continue

    def known(self):
        """What has been acknowledged so far."""
        with self.lock:
            return dict(self.bought), dict(self.deposits)

    def until_more(self, count):
        """Until so many more purchases have been made."""
        goal = len(self.bought) + count
        while len(self.bought) < goal:
            assert not self.failures, self.failures[0]
            time.sleep(0.01)

    def close(self):
        self.done.set()
        for thread in self.threads:
            thread.join()
        for server in self.servers:
            server.close()
        assert not self.failures, self.failures[0]
