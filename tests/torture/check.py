"""check.py HISTORY STATE: what is wrong between what clients were told (history.py) and what there is in the end
(final.py)? Prints one line for each finding; exit code 1 if there are any.

It shares no code with the market, and takes nobody's word: the market's own audit is one check among the others.
"""
import collections
import json
import sys

import history

FINAL = ("slot_taken", "attempt_ended")  # for this slot and attempt nothing else can ever be answered
NOT_NOW = ("conflict", "price_above_limit", "insufficient_funds", "account_held")
LEFT = ("unavailable", "too_busy")  # nothing is charged, unless the same request is sent again
CLOCK = 1000  # ms by which a clock may have been set during a run


def uncertain(call):
    """May this request have been carried out, or be carried out yet?"""
    return call["status"] is None or call["answer"].get("code") == "undecided"


def bought(call):
    return call["status"] in (200, 201)


class Attempt:
    """All that was asked and answered under one attempt id."""

    def __init__(self, first):
        self.id, self.user, self.slot = first["attempt"], first["user"], first["slot"]
        self.campaign = (first["seller"], first["campaign"])
        self.highest = first["highest"]
        self.calls = []

    def __str__(self):
        return f"attempt {self.id} of {self.user} at {self.campaign[0]}/{self.campaign[1]}/{self.slot}"

    def done(self):
        """Once the calls are complete: what they come to."""
        self.calls.sort(key=lambda call: call["start"])
        self.start = self.calls[0]["start"]
        self.yes = [call for call in self.calls if bought(call)]
        self.no = [call for call in self.calls if call["answer"].get("code") in FINAL]
        self.later = [call for call in self.calls if call["answer"].get("code") in NOT_NOW]
        self.acknowledged = min((call["end"] for call in self.yes), default=None)
        self.sale = self.yes[0]["answer"] if self.yes else None
        self.number = self.sale["number"] if self.sale else None
        self.open_at_first = any(uncertain(call) for call in self.calls)


class Checker:
    def __init__(self, records, state):
        self.state, self.findings = state, []
        self.start = next(record for record in records if record["kind"] == "start")
        self.calls = collections.defaultdict(list)
        for record in records:
            if record["kind"] == "call":
                self.calls[record["op"]].append(record)
        self.attempts = {}
        for call in self.calls["buy"]:
            key = (call["user"], call["attempt"], call["seller"], call["campaign"], call["slot"])
            self.attempts.setdefault(key, Attempt(call)).calls.append(call)
        for attempt in self.attempts.values():
            attempt.done()
        self.campaigns = {(campaign["seller"], campaign["number"]): campaign for campaign in state["campaigns"]}
        self.slots = {(key, slot["number"]): slot for key, campaign in self.campaigns.items()
                      for slot in campaign["slots"]}

    def find(self, kind, text):
        self.findings.append((kind, text))

    def wall_ms(self, moment):
        return (self.start["wall"] + moment - self.start["monotonic"]) * 1000

    def check(self):
        for part in (self.answers, self.outcomes, self.sales, self.order, self.reads, self.journals, self.ledgers,
                     self.deposits, self.earnings, self.rest):
            part()
        return self.findings

    # ------------------------------------------------------------------------------------------- what was answered

    def answers(self):
        fine = {None, 200, 201, 402, 409, 410, 423, 429, 503}
        for op, calls in self.calls.items():
            for call in calls:
                if call["status"] not in fine | ({404} if op == "slot" else set()):
                    self.find("unexpected answer", f"{op} of {call['user']} on node {call['node']} at "
                              f"{call['start']:.3f}: {call['status']} {call['answer']}")

    def outcomes(self):
        """Each attempt ends in exactly one way, and is answered the same from then on."""
        for attempt in self.attempts.values():
            sales = {json.dumps(call["answer"], sort_keys=True) for call in attempt.yes}
            if len(sales) > 1:
                self.find("two outcomes", f"{attempt} bought {' and '.join(sorted(sales))}")
            if attempt.yes and attempt.no:
                self.find("two outcomes", f"{attempt} bought {attempt.number}, and was refused: "
                          f"{attempt.no[0]['answer']['code']}")
            for call in attempt.later:
                held = call["answer"]["code"] == "account_held"  # by another purchase: says nothing of this one
                if attempt.yes and call["start"] > attempt.acknowledged and not held:
                    self.find("acknowledged and then refused", f"{attempt} was bought at {attempt.acknowledged:.3f}, "
                              f"asked again at {call['start']:.3f}: {call['answer']}")
            self.refused_before(attempt)
            if not attempt.yes and not attempt.no:
                last = max((call["end"] for call in attempt.calls if uncertain(call)), default=None)
                if last is not None and not any(call["start"] > last for call in attempt.later):
                    self.find("no outcome", f"{attempt}: it was never told")

    def refused_before(self, attempt):
        """Was it decided before the request that was told so, when all that had been asked until then was refused?"""
        if not attempt.yes or attempt.open_at_first:
            return
        # A store in trouble may have left a hold, which the same request then turns into a purchase.
        left = any(call["answer"].get("code") in LEFT for call in attempt.calls)
        if not left and attempt.sale["bought_at_ms"] < self.wall_ms(attempt.yes[0]["start"]) - CLOCK:
            self.find("refused and yet bought", f"{attempt}: no answer left it open, and it had been bought: "
                      f"{[(call['status'], call['answer'].get('code')) for call in attempt.calls]}")

    # ------------------------------------------------------------------------------------------------- who has what

    def sales(self):
        """Purchases that were acknowledged are the sales that there are, one for one."""
        owners = collections.defaultdict(list)
        for attempt in self.attempts.values():
            if attempt.yes:
                owners[attempt.campaign, attempt.number].append(attempt)
                self.sale(attempt)
        for (campaign, number), attempts in owners.items():
            if len(attempts) > 1:
                self.find("sold twice", f"slot {number} of {campaign}: {' and '.join(map(str, attempts))}")
        for (campaign, number), slot in self.slots.items():
            if slot["state"] == "sold" and (campaign, number) not in owners:
                self.find("sold to nobody who asked", f"slot {number} of {campaign} belongs to {slot['buyer']}, and no "
                          "attempt was told so")

    def sale(self, attempt):
        slot, sale = self.slots.get((attempt.campaign, attempt.number)), attempt.sale
        if slot is None or slot["state"] != "sold":
            self.find("acknowledged and missing", f"{attempt} bought {attempt.number}, which is "
                      f"{slot['state'] if slot else 'not there'}")
            return
        if any(slot.get(name) != sale.get(name) for name in history.SALE) or slot["buyer"] != attempt.user:
            self.find("acknowledged and different", f"{attempt} was told {sale}, and there is {slot}")
        if sale["price_sat"] > attempt.highest:
            self.find("price above what was agreed to", f"{attempt}: {sale['price_sat']}, agreed to {attempt.highest}")
        if attempt.number < attempt.slot:
            self.find("another slot", f"{attempt} bought {attempt.number}")
        for number in range(attempt.slot, attempt.number):
            if self.slots.get((attempt.campaign, number), {}).get("state") != "void":
                self.find("another slot", f"{attempt} bought {attempt.number}, and {number} is not void")
        if not (self.wall_ms(attempt.start) - CLOCK <= sale["bought_at_ms"]
                <= self.wall_ms(attempt.acknowledged) + CLOCK):
            self.find("time", f"{attempt} was bought at {sale['bought_at_ms']}, asked for at "
                      f"{self.wall_ms(attempt.start):.0f} and acknowledged at {self.wall_ms(attempt.acknowledged):.0f}")

    def order(self):
        """Who asks after somebody's purchase was acknowledged gets a later slot."""
        by_campaign = collections.defaultdict(list)
        for attempt in self.attempts.values():
            if attempt.yes:
                by_campaign[attempt.campaign].append(attempt)
        for attempts in by_campaign.values():
            ended, highest = sorted(attempts, key=lambda attempt: attempt.acknowledged), None
            at = 0
            for attempt in sorted(attempts, key=lambda attempt: attempt.start):
                while at < len(ended) and ended[at].acknowledged < attempt.start:
                    if highest is None or ended[at].number > highest.number:
                        highest = ended[at]
                    at += 1
                if highest and highest.number >= attempt.number:
                    self.find("order", f"{attempt} began after {highest} had been acknowledged with {highest.number}, "
                              f"and bought {attempt.number}")

    def reads(self):
        """A read that begins after a purchase was acknowledged shows it."""
        first = {}
        newest = collections.defaultdict(list)
        for attempt in self.attempts.values():
            if attempt.yes:
                first[attempt.campaign, attempt.number] = attempt
                newest[attempt.campaign].append((attempt.acknowledged, attempt.number))
        for call in self.calls["slot"]:
            owner = first.get(((call["seller"], call["campaign"]), call["slot"]))
            if owner and call["status"] == 404 and call["start"] > owner.acknowledged:
                self.find("read from the past", f"slot {call['slot']} was not there at {call['start']:.3f}, bought by "
                          f"{owner}")
            if owner and call["status"] == 200 and call["answer"].get("buyer") != owner.user:
                self.find("read from the past", f"{call['answer']} was shown, bought by {owner}")
        for call in self.calls["show"]:
            if call["status"] == 200:
                known = [number for moment, number in newest[call["seller"], call["campaign"]]
                         if moment < call["start"]]
                if known and call["answer"]["next"]["number"] <= max(known):
                    self.find("read from the past", f"{call['seller']}/{call['campaign']} said at {call['start']:.3f} "
                              f"that {call['answer']['next']['number']} is next, {max(known)} had been bought")

    # ------------------------------------------------------------------------------------------------- the books

    def journals(self):
        """Each campaign by itself: numbers, times, prices and what it has earned."""
        for key, campaign in self.campaigns.items():
            last, sold, earned = None, 0, 0
            for expected, slot in enumerate(campaign["slots"], 1):
                if slot["number"] != expected:
                    self.find("a slot is missing", f"{key}: {slot['number']} where {expected} was expected")
                    break
                if slot["state"] == "void":
                    continue
                if slot["state"] != "sold":
                    self.find("not settled", f"{key}: {slot}")
                self.price(key, campaign, last, slot)
                last, sold, earned = slot, sold + 1, earned + slot["price_sat"] - slot["fee_sat"]
            if (campaign["sold"], campaign["earned_sat"]) != (sold, earned):
                self.find("the campaign's sums", f"{key}: {campaign['sold']} sold, {campaign['earned_sat']} earned; its "
                          f"slots say {sold} and {earned}")

    def price(self, key, campaign, last, slot):
        floor, now = campaign["floor_sat"], slot["bought_at_ms"]
        price, starts = floor, now
        if last and now < last["bought_at_ms"]:
            self.find("time", f"{key}: slot {slot['number']} was bought before {last['number']}")
        if last and now < last["ends_at_ms"]:
            left, whole = last["ends_at_ms"] - max(now, last["bought_at_ms"]), last["ends_at_ms"] - last["bought_at_ms"]
            price = floor - (-(2 * last["price_sat"] - floor) * left) // whole
            starts = last["ends_at_ms"]
        fee = -(-price * self.start["fee_basis_points"] // 10_000)
        expected = (price, fee, starts, starts + campaign["slot_length_ms"])
        found = tuple(slot[name] for name in ("price_sat", "fee_sat", "starts_at_ms", "ends_at_ms"))
        if found != expected:
            self.find("price or time", f"{key}: slot {slot['number']} has {found}, after {last} it has to be {expected}")

    def ledgers(self):
        """Every satoshi has a reason, and every sale was paid once by its buyer."""
        paid = collections.Counter()
        for user, account in self.state["accounts"].items():
            before = 0
            for expected, entry in enumerate(account["ledger"], 1):
                if entry["number"] != expected or entry["after_sat"] != before + entry["amount_sat"]:
                    self.find("a ledger does not add up", f"{user}: {before} before {entry}, number {expected}")
                before = entry["after_sat"]
                if entry["kind"] == "purchase":
                    seller, campaign, number = entry["reference"].split("/")[1:]
                    slot = self.slots.get(((seller, int(campaign)), int(number)))
                    paid[(seller, int(campaign)), int(number)] += 1
                    if not slot or slot["state"] != "sold" or slot["buyer"] != user or \
                            slot["price_sat"] != -entry["amount_sat"]:
                        self.find("charged without a purchase", f"{user}: {entry}, and there is {slot}")
            if account["balance_sat"] != before:
                self.find("a ledger does not add up", f"{user} has {account['balance_sat']}, the ledger says {before}")
        for key, slot in self.slots.items():
            if slot["state"] == "sold" and paid[key] != 1:
                self.find("not paid once", f"slot {key} of {slot['buyer']} was paid {paid[key]} times")

    def deposits(self):
        asked, told = {}, set()
        for call in self.calls["deposit"]:
            asked[call["id"]] = (call["to"], call["amount"])
            if bought(call):
                told.add(call["id"])
        credited = collections.Counter()
        for user, account in self.state["accounts"].items():
            for entry in account["ledger"]:
                if entry["kind"] == "deposit":
                    name = entry["reference"].removeprefix("deposit/")
                    credited[name] += 1
                    if asked.get(name) != (user, entry["amount_sat"]):
                        self.find("a deposit that is another", f"{user}: {entry}, asked for was {asked.get(name)}")
        for name in told - set(credited):
            self.find("a deposit is missing", f"{name} {asked[name]} was acknowledged")
        for name, times in credited.items():
            if times > 1:
                self.find("a deposit was credited twice", f"{name} {asked.get(name)}: {times} times")

    def earnings(self):
        booked, told = collections.Counter(), collections.Counter()
        for user, account in self.state["accounts"].items():
            for entry in account["ledger"]:
                if entry["kind"] == "earnings":
                    seller, number = entry["reference"].split("/")[1:]
                    booked[seller, int(number)] += entry["amount_sat"]
                    if seller != user:
                        self.find("earnings", f"{user} got those of {seller}: {entry}")
        for call in self.calls["collect"]:
            if call["status"] == 200:
                told[call["user"], call["campaign"]] += call["answer"]["collected_sat"]
        for key in set(booked) | set(told) | set(self.campaigns):
            collected = self.campaigns.get(key, {}).get("collected_sat", 0)
            if booked[key] != collected or collected > self.campaigns.get(key, {}).get("earned_sat", 0):
                self.find("earnings", f"{key}: {collected} collected, {booked[key]} in ledgers")
            if told[key] > booked[key]:
                self.find("earnings", f"{key}: {told[key]} acknowledged, {booked[key]} in the ledger")

    def rest(self):
        for call in self.calls["campaign"]:
            key = (call["user"], call["answer"].get("number"))
            if bought(call) and key not in self.campaigns:
                self.find("acknowledged and missing", f"campaign {key}")
        for call in self.calls["register"]:
            if bought(call) and call["user"] not in self.state["accounts"]:
                self.find("acknowledged and missing", f"account {call['user']}")
        for user, account in self.state["accounts"].items():
            if account["hold"] or account["pending"]:
                self.find("held", f"{user}: {account['hold']} {account['pending']}")
        for held in self.state["holds"]:
            self.find("held", f"{held}")
        if self.state["settled_s"] is None:
            self.find("held", "what was left half-done was not finished in time")
        for process in self.state.get("ended_by_themselves", []):
            self.find("ended by itself", process)
        if not self.state["audit"]["passed"]:
            self.find("the audit", f"{self.state['audit']['findings']}")


def check(records, state):
    """[(kind, text)]: nothing if all is well."""
    return Checker(records, state).check()


if __name__ == "__main__":
    with open(sys.argv[2], encoding="utf-8") as state_file:
        found = check(history.read(sys.argv[1]), json.load(state_file))
    for what, where in found:
        print(f"{what}: {where}")
    print(f"{len(found)} findings")
    sys.exit(1 if found else 0)
