"""Kills the real server with SIGKILL at random moments under many concurrent buyers, and looks at what is left.

    market_crash.py --program build/abc2 [--kills 100] [--seed N]

After each start: nothing is held or in flight within two seconds, and the audit passes; every purchase that was
acknowledged is in the books; every attempt that was not answered is asked for again, and has then bought one slot or
none. In the end each slot that was sold belongs to one attempt, and each attempt to one slot at most.
One seed gives the same plan again: who buys what, and when it is killed (what happens in between is the machine's).
"""
import argparse
import random
import statistics
import sys
import tempfile
import threading
import time
import uuid

from server import IMAGE, Client, Server, Unanswered

BUYERS = 16
CAMPAIGNS = 6            # fresh ones for each kill: a price doubles with each sale
HIGHEST = 1_000_000_000  # so that about thirty slots of each can be sold
SETTLED_WITHIN = 2.0     # seconds from when it listens


class Attempt:
    """A purchase that a buyer wants, and what was heard of it."""

    def __init__(self, buyer, campaign, number, attempt):
        self.buyer, self.campaign, self.number, self.attempt = buyer, campaign, number, attempt
        self.bought = None       # (number, price) once that was acknowledged
        self.refused = None      # the code of a refusal
        self.unanswered = False

    def ask(self, client):
        """Sends the request; returns (status, answer). Raises Unanswered."""
        seller, c = self.campaign
        status, answer = client.ask("PUT", f"/api/campaigns/{seller}/{c}/slots/{self.number}",
                                    {"attempt": self.attempt, "filler": 1, "highest_price_sat": HIGHEST})
        if status in (200, 201):
            heard = (answer["number"], answer["price_sat"])
            assert self.bought in (None, heard), f"{self}: bought {self.bought}, and then {heard}"
            assert answer["buyer"] == self.buyer
            self.bought = heard
        elif status in (500, 503) or answer.get("code") == "too_busy":
            self.unanswered = True  # undecided: to be asked for again
        else:
            assert self.bought is None, f"{self}: bought {self.bought}, and then refused: {answer}"
            self.refused = answer["code"]
        return status, answer

    def __str__(self):
        return f"attempt {self.attempt} of {self.buyer} at slot {self.number} of {self.campaign}"


class Test:
    def __init__(self, program, directory, seed):
        self.plan = random.Random(seed)
        self.server = Server(program, directory)
        self.tokens = {}
        self.kills = self.kills_at_start = 0
        self.acknowledged = self.unanswered = self.rounds_hit = self.landed = 0
        self.starts, self.settled, self.deposits = [], [], 0

    def client(self, user):
        return Client(self.server, self.tokens[user])

    def setup(self):
        self.server.start()
        self.buyers = [f"buyer{i}" for i in range(BUYERS)]
        for user in ["op", "seller0", "seller1"] + self.buyers:
            self.tokens[user] = self.server.register(user)
        operator = self.client("op")
        for buyer in self.buyers:
            operator.get("POST", "/api/operator/deposits",
                         {"id": "first-" + buyer, "user": buyer, "amount_sat": 100_000_000_000_000})
            self.client(buyer).get("POST", "/api/fillers", {
                "attempt": str(uuid.UUID(int=self.plan.getrandbits(128), version=4)), "link": "https://example.org/",
                "category": "books", "image_base64": IMAGE})

    def new_campaigns(self):
        campaigns = []
        for i in range(CAMPAIGNS):
            seller = f"seller{i % 2}"
            made = self.client(seller).get("POST", "/api/campaigns", {
                "attempt": str(uuid.UUID(int=self.plan.getrandbits(128), version=4)), "title": "A place",
                "page": "https://example.org/", "width_px": 10, "height_px": 10, "floor_sat": 1})
            campaigns.append((seller, made["number"]))
        return campaigns

    # ------------------------------------------------------------------------------------------------ the storm

    def storm(self, campaigns, buyer, seed, attempts):
        """Buys until the server has gone."""
        draw, client, open_ones = random.Random(seed), self.client(buyer), list(campaigns)
        while open_ones:
            campaign = draw.choice(open_ones)
            attempt = Attempt(buyer, campaign, self.next[campaign],
                              str(uuid.UUID(int=draw.getrandbits(128), version=4)))
            attempts.append(attempt)
            try:
                _, answer = attempt.ask(client)
            except Unanswered:
                attempt.unanswered = True
                return
            if attempt.bought:
                self.next[campaign] = attempt.bought[0] + 1
            elif attempt.refused in ("slot_taken", "conflict"):
                self.next[campaign] = answer["next"]
            elif attempt.refused == "price_above_limit":
                open_ones.remove(campaign)

    def money_storm(self, seed):
        """Deposits and collections beside the purchases, until the server has gone."""
        draw, operator, sellers = random.Random(seed), self.client("op"), [self.client("seller0"), self.client("seller1")]
        try:
            while True:
                self.deposits += 1
                operator.get("POST", "/api/operator/deposits",
                             {"id": f"more-{self.deposits}", "user": draw.choice(self.buyers), "amount_sat": 10})
                which, campaign = draw.randrange(2), draw.choice(list(self.next))
                seller = f"seller{which}"
                if campaign[0] == seller:
                    sellers[which].get("POST", f"/api/campaigns/{seller}/{campaign[1]}/earnings", None, 200, 503)
                if draw.random() < 0.1:
                    operator.get("POST", "/api/operator/fees", None, 200, 503)
        except Unanswered:
            return

    # ------------------------------------------------------------------------------------------- after each start

    def start_again(self):
        """Starts the server, now and then only to kill it in its recovery."""
        while self.plan.random() < 0.15:
            self.server.spawn()
            time.sleep(self.plan.uniform(0, 0.1))
            self.server.kill()
            self.kills_at_start += 1
        self.starts.append(self.server.start())

    def expect_settled(self):
        listening, operator = time.monotonic(), self.client("op")
        while True:
            held = operator.get("GET", "/api/operator/holds")["holds"]
            report = operator.get("POST", "/api/operator/audit")
            assert report["passed"], f"the audit found: {report['findings']}"
            if not held and report["in_flight"] == 0:
                break
            assert time.monotonic() - listening < SETTLED_WITHIN, f"held: {held}, in flight: {report['in_flight']}"
            time.sleep(0.02)
        self.settled.append(time.monotonic() - listening)
        return report

    def sold(self, campaign):
        """The slots of the campaign that are sold: number -> (buyer, price)."""
        client, before, sold, seller, c = Client(self.server), 0, {}, *campaign
        while True:
            page = client.get("GET", f"/api/campaigns/{seller}/{c}/slots?limit=100"
                              + (f"&before={before}" if before else ""))
            for slot in page["slots"]:
                assert slot["state"] != "settling", f"not settled: {slot}"
                if slot["state"] == "sold":
                    sold[slot["number"]] = (slot["buyer"], slot["price_sat"])
                before = slot["number"]
            if not page["more"]:
                return sold

    def check(self, campaigns, attempts):
        books = {campaign: self.sold(campaign) for campaign in campaigns}
        clients = {buyer: self.client(buyer) for buyer in self.buyers}
        for attempt in attempts:
            if attempt.bought:
                number, price = attempt.bought
                assert books[attempt.campaign].get(number) == (attempt.buyer, price), \
                    f"acknowledged and not in the books: {attempt}"
                self.acknowledged += 1
        unanswered = [attempt for attempt in attempts if attempt.unanswered and not attempt.bought]
        self.unanswered += len(unanswered)
        self.rounds_hit += bool(unanswered)
        for attempt in unanswered:
            client = clients[attempt.buyer]
            for _ in range(10):
                attempt.unanswered = False
                status, answer = attempt.ask(client)
                if not attempt.unanswered:
                    break
            assert not attempt.unanswered, f"still undecided: {attempt}"
            if status == 200:  # it had been bought before the crash, wholly
                self.landed += 1
                assert attempt.bought[0] in books[attempt.campaign], f"was not in the books: {attempt}"
            elif status == 201:  # it had not, not in the least
                assert attempt.bought[0] not in books[attempt.campaign], f"bought twice: {attempt}"
        # Asked for again, each says the same as before: a few of the old ones, too.
        for attempt in unanswered + self.plan.sample(attempts, min(20, len(attempts))):
            if attempt.bought:
                status, _ = attempt.ask(clients[attempt.buyer])
                assert status == 200, f"{attempt}: {status}"
        for campaign in campaigns:
            bought = [(attempt.bought[0], (attempt.buyer, attempt.bought[1])) for attempt in attempts
                      if attempt.bought and attempt.campaign == campaign]
            assert len(bought) == len(dict(bought)), f"a slot of {campaign} was sold twice"
            # The answer comes before the books are done: the slot is there, but may be settling still.
            deadline = time.monotonic() + SETTLED_WITHIN
            while True:
                try:
                    sold = self.sold(campaign)
                    break
                except AssertionError:
                    if time.monotonic() > deadline:
                        raise
            assert dict(bought) == sold, f"{campaign}: clients know of {sorted(bought)}, the books of {sorted(sold)}"

    def round(self):
        campaigns, attempts = self.new_campaigns(), []
        self.next = {campaign: 1 for campaign in campaigns}
        threads = [threading.Thread(target=self.storm, args=(campaigns, buyer, self.plan.getrandbits(64), attempts))
                   for buyer in self.buyers]
        threads.append(threading.Thread(target=self.money_storm, args=(self.plan.getrandbits(64),)))
        for thread in threads:
            thread.start()
        time.sleep(self.plan.uniform(0.02, 0.25))
        self.server.kill()
        self.kills += 1
        for thread in threads:
            thread.join()
        self.start_again()
        self.expect_settled()
        self.check(campaigns, attempts)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    failures = []
    threading.excepthook = lambda failed: failures.append(failed.exc_value)  # an assertion in a storm counts
    with tempfile.TemporaryDirectory(prefix="market_crash.") as directory:
        test = Test(arguments.program, directory, arguments.seed)
        try:
            test.setup()
            # A test of crashes in the middle of purchases has to have met them; how often one does is up to the machine.
            while test.kills < arguments.kills or test.rounds_hit < arguments.kills * 0.8:
                assert test.kills < 3 * arguments.kills, f"only {test.rounds_hit} of {test.kills} kills hit a purchase"
                test.round()
                assert not failures, failures[0]
            report = test.expect_settled()
            assert test.server.stop() == 0, "an orderly end is exit code 0"
        except BaseException:
            print(f"failed with seed {arguments.seed} after {test.kills} kills", file=sys.stderr)
            if test.server.process.poll() is None:
                test.server.process.kill()
            with open(directory + "/server.log", errors="replace") as log:
                sys.stderr.write("".join(log.readlines()[-20:]))
            raise
    print(f"{test.kills} kills, and {test.kills_at_start} more during recovery; {report['slots_sold']} slots sold, "
          f"{test.acknowledged} acknowledged before a kill, {test.unanswered} unanswered of which {test.landed} had "
          f"been bought")
    print(f"ready {statistics.median(test.starts):.3f} s after the start (longest {max(test.starts):.3f}), settled "
          f"{statistics.median(test.settled):.3f} s after that (longest {max(test.settled):.3f}, audit included)")
    assert 0 < test.landed < test.unanswered, "kills hit before and after the decision"


if __name__ == "__main__":
    main()
