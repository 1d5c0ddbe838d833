"""Buyers, sellers and an operator, who go on whatever happens, by the rules of api/openapi.yaml: who is not told an
outcome sends the very same request again, to any node, or leaves it open. Everything is in the history."""
import random
import threading
import time
import uuid

from history import Caller

# A PNG of one pixel.
IMAGE = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
PASSWORD = "a long password"
RICH = 10**13
HIGHEST = 10**9          # about thirty slots of a campaign can be sold, since its price doubles
SLOT_LENGTH_MS = 60_000  # the shortest that there is
CAMPAIGNS_OPEN = 9
LOGINS = 20              # of one user; of more than 32 sessions the oldest would be ended
POOR = 6                 # buyers who have as much as one of the small deposits, and are often refused


def uncertain(status, answer):
    return status is None or answer.get("code") == "undecided"


def again(status, answer):
    """May the same request have another answer soon?"""
    return uncertain(status, answer) or status in (423, 429, 503)


class Over(Exception):
    """Everybody goes home."""


class Town:
    """Who there is and what is for sale. Thread-safe."""

    def __init__(self, nodes, history, seed, buyers, sellers):
        self.nodes, self.history, self.seed = nodes, history, seed
        self.lock, self.over, self.failures = threading.Lock(), threading.Event(), []
        self.campaigns = []  # [seller, number, next slot], the newest last
        self.made, self.deposited = 0, 0
        self.buyers = [Buyer(self, f"buyer{number}", seed * 1000 + number, number < POOR) for number in range(buyers)]
        self.sellers = [Seller(self, f"seller{number}", seed * 1000 + 500 + number) for number in range(sellers)]
        self.operator = Operator(self, "op", seed * 1000 + 999)
        self.people = [*self.buyers, *self.sellers, self.operator]

    def attempts(self):
        return [attempt for buyer in self.buyers for attempt in buyer.attempts]

    def on_sale(self, draw):
        """(seller, campaign, the slot that should be next); waits while everything is sold out."""
        while True:
            with self.lock:
                if self.campaigns:
                    return tuple(draw.choice(self.campaigns[-CAMPAIGNS_OPEN:]))
            if self.over.wait(0.1):
                raise Over

    def goes_on_at(self, seller, campaign, following):
        with self.lock:
            for one in self.campaigns:
                if (one[0], one[1]) == (seller, campaign):
                    one[2] = max(one[2], following)

    def sold_out(self, seller, campaign):
        with self.lock:
            self.campaigns = [one for one in self.campaigns if (one[0], one[1]) != (seller, campaign)]

    def start(self):
        for person in self.people:
            person.settle_in()
        for person in self.people:
            person.start()

    def stop(self):
        self.over.set()
        for person in self.people:
            person.join()
        if self.failures:
            raise self.failures[0]


class Person(threading.Thread):
    """One account and what it does, on a thread of its own; what is drawn follows from the seed."""

    def __init__(self, town, user, seed):
        super().__init__(name=user)
        self.town, self.user, self.draw = town, user, random.Random(seed)
        self.caller, self.token, self.logins = Caller(town.nodes, town.history, user), None, 0

    def uuid(self):
        return str(uuid.UUID(int=self.draw.getrandbits(128), version=4))

    def node(self):
        return self.draw.randrange(len(self.town.nodes))

    def ask(self, op, method, path, body=None, **members):
        return self.caller.call(op, self.node(), method, path, body, self.token, **members)

    def must(self, op, method, path, body=None, **members):
        """Until it has been done; for what a person needs to begin with."""
        for _ in range(240):
            status, answer = self.ask(op, method, path, body, **members)
            if status in (200, 201):
                return answer
            self.town.over.wait(0.5)
        raise AssertionError(f"{self.user} cannot begin: {method} {path}: {status} {answer}")

    def settle_in(self):
        self.must("register", "POST", "/api/accounts", {"user": self.user, "password": PASSWORD})
        self.token = self.must("login", "POST", "/api/sessions", {"user": self.user, "password": PASSWORD})["token"]

    def log_in(self):
        if self.logins < LOGINS:
            self.logins += 1
            status, answer = self.ask("login", "POST", "/api/sessions", {"user": self.user, "password": PASSWORD})
            if status == 201:
                self.token = answer["token"]

    def run(self):
        try:
            while not self.town.over.is_set():
                self.do_something()
        except Over:
            return
        except BaseException as error:  # whatever it is, the run fails with it
            self.town.failures.append(error)
        finally:
            self.caller.close()

    def pause(self, longest):
        self.town.over.wait(self.draw.uniform(0, longest))


class Attempt:
    """A purchase that is wanted, and what is known of it. `open`: it may have been bought, or be bought yet, for all
    that was answered. `charged_nothing`: it was told so by a store in trouble, and is never asked for again, so that
    nothing may have been charged."""

    def __init__(self, buyer, seller, campaign, slot, highest):
        self.buyer, self.seller, self.campaign, self.slot, self.highest = buyer, seller, campaign, slot, highest
        self.id, self.open, self.bought, self.charged_nothing = buyer.uuid(), False, False, False

    def ask(self, caller, node, token):
        status, answer = caller.call(
            "buy", node, "PUT", f"/api/campaigns/{self.seller}/{self.campaign}/slots/{self.slot}",
            {"attempt": self.id, "filler": 1, "highest_price_sat": self.highest}, token, seller=self.seller,
            campaign=self.campaign, slot=self.slot, attempt=self.id, highest=self.highest)
        if status in (200, 201):
            self.bought = True
        if uncertain(status, answer):
            self.open = True
        if self.bought or answer.get("code") in ("slot_taken", "attempt_ended"):
            self.open = False
        return status, answer


class Buyer(Person):
    def __init__(self, town, user, seed, poor):
        super().__init__(town, user, seed)
        self.poor, self.attempts = poor, []
        self.other = Caller(town.nodes, town.history, user)  # for what is sent twice at once

    def settle_in(self):
        super().settle_in()
        self.must("filler", "POST", "/api/fillers", {"attempt": self.uuid(), "link": "https://example.org/",
                                                     "category": "books", "image_base64": IMAGE})

    def do_something(self):
        what = self.draw.random()
        if what < 0.84:
            self.buy()
        elif what < 0.90 and self.attempts:
            attempt = self.draw.choice(self.attempts)
            if not attempt.charged_nothing:
                attempt.ask(self.caller, self.node(), self.token)
        elif what < 0.93:
            self.look()
        elif what < 0.94:
            self.log_in()
        else:
            self.ask("me", "GET", "/api/me")
        self.pause(0.1)

    def buy(self):
        seller, campaign, slot = self.town.on_sale(self.draw)
        highest = self.draw.choice((100, 10_000)) if self.draw.random() < 0.05 else HIGHEST
        attempt = Attempt(self, seller, campaign, slot, highest)
        self.attempts.append(attempt)
        if self.draw.random() < 0.06:
            status, answer = self.twice_at_once(attempt)
        else:
            status, answer = attempt.ask(self.caller, self.node(), self.token)
        patience = 2 if self.draw.random() < 0.2 else 10**6
        while again(status, answer) and patience and not self.town.over.is_set():
            if answer.get("code") == "unavailable" and not attempt.open and self.draw.random() < 0.5:
                attempt.charged_nothing = True
                return
            patience -= 1
            self.pause(0.6)
            status, answer = attempt.ask(self.caller, self.node(), self.token)
        if attempt.bought:
            self.town.goes_on_at(seller, campaign, answer.get("number", slot) + 1)
        elif "next" in answer:
            self.town.goes_on_at(seller, campaign, answer["next"])
        if answer.get("code") == "price_above_limit" and highest == HIGHEST:
            self.town.sold_out(seller, campaign)
        if attempt.bought and self.draw.random() < (0.5 if self.poor else 0.05):
            self.pause(0.03)  # while it is being settled
            attempt.ask(self.caller, self.node(), self.token)

    def twice_at_once(self, attempt):
        """The answer of one of the two: the better one."""
        answers, nodes = [], self.draw.sample(range(len(self.town.nodes)), 2)
        second = threading.Thread(target=lambda: answers.append(attempt.ask(self.other, nodes[1], self.token)))
        second.start()
        answers.append(attempt.ask(self.caller, nodes[0], self.token))
        second.join()
        return min(answers, key=lambda answer: (answer[0] or 999))

    def look(self):
        seller, campaign, slot = self.town.on_sale(self.draw)
        path = f"/api/campaigns/{seller}/{campaign}"
        self.ask("show", "GET", path, seller=seller, campaign=campaign)
        self.ask("slot", "GET", f"{path}/slots/{max(1, slot - 1)}", seller=seller, campaign=campaign,
                 slot=max(1, slot - 1))

    def run(self):
        super().run()
        self.other.close()


class Seller(Person):
    """Has campaigns on sale, and collects what they have earned."""

    def settle_in(self):
        super().settle_in()
        self.mine = []
        self.new_campaign()
        self.new_campaign()

    def new_campaign(self):
        draft = {"attempt": self.uuid(), "title": "A place", "page": "https://example.org/", "width_px": 10,
                 "height_px": 10, "floor_sat": self.draw.choice((1, 10, 100)), "slot_length_ms": SLOT_LENGTH_MS}
        while not self.town.over.is_set():
            status, answer = self.ask("campaign", "POST", "/api/campaigns", draft)
            if status in (200, 201):
                self.mine.append(answer["number"])
                with self.town.lock:
                    self.town.campaigns.append([self.user, answer["number"], 1])
                return
            self.pause(0.5)

    def do_something(self):
        with self.town.lock:
            wanted = sum(one[0] == self.user for one in self.town.campaigns) < 4
        if wanted:
            self.new_campaign()
        elif self.draw.random() < 0.3:
            campaign = self.draw.choice(self.mine[-10:])
            self.ask("collect", "POST", f"/api/campaigns/{self.user}/{campaign}/earnings", campaign=campaign)
        elif self.draw.random() < 0.02:
            self.log_in()
        self.pause(0.6)


class Operator(Person):
    """Pays in, often the same deposit again."""

    def settle_in(self):
        super().settle_in()
        self.known = []
        for buyer in self.town.buyers:
            amount = 1000 if buyer.poor else RICH
            self.must("deposit", "POST", "/api/operator/deposits",
                      {"id": f"first-{buyer.user}", "user": buyer.user, "amount_sat": amount}, id=f"first-{buyer.user}",
                      to=buyer.user, amount=amount)

    def do_something(self):
        if self.known and self.draw.random() < 0.15:
            deposit = self.draw.choice(self.known)
        else:
            deposit = (f"more-{len(self.known)}", f"buyer{self.draw.randrange(POOR)}", self.draw.randrange(1, 3000))
            self.known.append(deposit)
        self.pay_in(*deposit)
        if self.draw.random() < 0.05:
            self.ask("fees", "POST", "/api/operator/fees")
        if self.draw.random() < 0.01:
            self.log_in()
        self.pause(0.2)

    def pay_in(self, name, to, amount):
        for _ in range(self.draw.choice((1, 20))):  # some are left open, until they are repeated by chance
            status, _ = self.ask("deposit", "POST", "/api/operator/deposits",
                                 {"id": name, "user": to, "amount_sat": amount}, id=name, to=to, amount=amount)
            if status in (200, 201) or self.town.over.is_set():
                return
            self.pause(0.5)


def decide_all(town, patience):
    """Asks for every attempt that may have another outcome yet until it has one; returns how many have none."""
    town.over.clear()  # nobody is running any more
    caller, left = Caller(town.nodes, town.history, "everybody"), 0
    draw = random.Random(town.seed)
    for attempt in town.attempts():
        if not attempt.open:
            continue
        caller.user = attempt.buyer.user
        deadline = time.monotonic() + patience
        while True:
            status, answer = attempt.ask(caller, draw.randrange(len(town.nodes)), attempt.buyer.token)
            if not again(status, answer):
                break
            if time.monotonic() > deadline:
                left += 1
                break
            time.sleep(0.1)
    caller.close()
    return left
