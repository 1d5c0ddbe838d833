"""Does the checker find what it is for? Small histories, each with one thing wrong, and one in which all is well."""
import copy
import unittest

from check import check

WALL = 1_000_000.0  # seconds; the monotonic clock of these histories began 1,000 s later
FLOOR, LENGTH = 100, 60_000


def at_ms(moment):
    return int((WALL + moment) * 1000)


def sale(number, buyer, price, moment, starts=None):
    starts = at_ms(moment) if starts is None else starts
    return {"number": number, "buyer": buyer, "price_sat": price, "fee_sat": -(-price * 250 // 10_000),
            "bought_at_ms": at_ms(moment), "starts_at_ms": starts, "ends_at_ms": starts + LENGTH}


def call(op, user, start, end, status, answer=None, **members):
    return {"kind": "call", "op": op, "user": user, "node": 0, "start": start, "end": end, "status": status,
            "answer": answer or {}, **members}


def buy(user, attempt, slot, start, end, status, answer=None):
    return call("buy", user, start, end, status, answer, seller="sue", campaign=1, slot=slot, attempt=attempt,
                highest=10_000)


def refused(user, attempt, slot, start, end, code, status=409):
    return buy(user, attempt, slot, start, end, status, {"code": code})


def entry(number, kind, amount, after, reference):
    return {"number": number, "kind": kind, "amount_sat": amount, "after_sat": after, "reference": reference}


def slot_key(number):
    return f"transaction/sue/0000000001/{number:010}"


# The floor at 1 s; 60 s are left of it at 11 s, when a sixth of the way from twice the price has been gone.
FIRST = sale(1, "ann", 100, 1.0)
SECOND = sale(3, "ben", 184, 11.0, FIRST["ends_at_ms"])


def good():
    records = [
        {"kind": "start", "wall": WALL, "monotonic": 0.0, "fee_basis_points": 250},
        call("register", "ann", 0.1, 0.2, 201),
        call("campaign", "sue", 0.2, 0.3, 201, {"seller": "sue", "number": 1, "floor_sat": 100}),
        call("deposit", "op", 0.3, 0.4, None, id="d1", to="ann", amount=1000),
        call("deposit", "op", 0.4, 0.5, 201, id="d1", to="ann", amount=1000),
        call("deposit", "op", 0.4, 0.5, 201, id="d2", to="ben", amount=500),
        refused("ben", "b0", 1, 0.8, 0.9, "price_above_limit"),
        buy("ann", "a1", 1, 0.9, 1.1, 201, FIRST),
        buy("ann", "a1", 1, 1.2, 1.3, 200, FIRST),
        refused("ben", "b1", 1, 0.9, 1.2, "slot_taken"),
        call("slot", "ben", 1.2, 1.3, 200, FIRST, seller="sue", campaign=1, slot=1),
        call("show", "ben", 1.2, 1.3, 200, {"next": {"number": 2}}, seller="sue", campaign=1),
        buy("ben", "b2", 2, 10.8, 10.9, None),
        buy("ben", "b2", 2, 11.1, 11.3, 200, SECOND),
        call("collect", "sue", 12.0, 12.1, 200, {"collected_sat": 97}, campaign=1),
    ]
    first, second = dict(FIRST, state="sold"), dict(SECOND, state="sold")
    state = {
        "settled_s": 1.0, "holds": [], "audit": {"passed": True, "findings": []},
        "campaigns": [{"seller": "sue", "number": 1, "floor_sat": FLOOR, "slot_length_ms": LENGTH, "sold": 2,
                       "earned_sat": 97 + 179, "collected_sat": 97,
                       "slots": [first, {"number": 2, "state": "void"}, second]}],
        "accounts": {
            "ann": {"balance_sat": 900, "hold": None, "pending": None, "ledger": [
                entry(1, "deposit", 1000, 1000, "deposit/d1"), entry(2, "purchase", -100, 900, slot_key(1))]},
            "ben": {"balance_sat": 316, "hold": None, "pending": None, "ledger": [
                entry(1, "deposit", 500, 500, "deposit/d2"), entry(2, "purchase", -184, 316, slot_key(3))]},
            "sue": {"balance_sat": 97, "hold": None, "pending": None, "ledger": [
                entry(1, "earnings", 97, 97, "campaign/sue/0000000001")]},
            "op": {"balance_sat": 0, "hold": None, "pending": None, "ledger": []},
        },
    }
    return copy.deepcopy(records), copy.deepcopy(state)


class Check(unittest.TestCase):
    def setUp(self):
        self.records, self.state = good()
        self.slots = self.state["campaigns"][0]["slots"]
        self.ann, self.ben = self.state["accounts"]["ann"], self.state["accounts"]["ben"]

    def found(self, *kinds):
        kinds_found = {kind for kind, _ in check(self.records, self.state)}
        self.assertTrue(set(kinds) <= kinds_found, f"{kinds} not all in {check(self.records, self.state)}")

    def only(self, kind):
        self.assertEqual({kind}, {kind for kind, _ in check(self.records, self.state)})

    def test_nothing_is_found_in_a_good_one(self):
        self.assertEqual([], check(self.records, self.state))

    # ------------------------------------------------------------------------------------------------- outcomes

    def test_an_acknowledged_purchase_that_is_missing(self):
        self.slots.pop()
        self.found("acknowledged and missing")

    def test_an_acknowledged_purchase_whose_slot_is_void(self):
        self.slots[0] = {"number": 1, "state": "void"}
        self.found("acknowledged and missing")

    def test_an_acknowledged_purchase_that_differs(self):
        self.slots[2]["ends_at_ms"] += 1
        self.found("acknowledged and different")

    def test_a_slot_that_two_were_told_to_have(self):
        self.records.append(buy("ben", "b3", 1, 0.9, 1.2, 201, dict(FIRST, buyer="ben")))
        self.found("sold twice")

    def test_an_attempt_that_bought_twice(self):
        self.records.append(buy("ann", "a1", 1, 11.5, 11.6, 201, dict(SECOND, buyer="ann", number=4)))
        self.found("two outcomes")

    def test_an_attempt_that_was_bought_and_refused_for_good(self):
        self.records.append(refused("ann", "a1", 1, 0.9, 1.2, "slot_taken"))
        self.only("two outcomes")

    def test_an_attempt_that_was_acknowledged_and_then_refused(self):
        self.records.append(refused("ann", "a1", 1, 1.2, 1.3, "insufficient_funds", 402))
        self.only("acknowledged and then refused")

    def test_a_refusal_on_the_way_while_it_is_decided_is_none(self):
        self.records.append(refused("ann", "a1", 1, 1.0, 1.2, "insufficient_funds", 402))
        self.records.append(refused("ann", "a1", 1, 1.2, 1.3, "account_held", 423))
        self.assertEqual([], check(self.records, self.state))

    def test_an_attempt_that_was_refused_and_yet_bought(self):
        lost = next(record for record in self.records if record.get("attempt") == "b2")
        lost.update(status=402, answer={"code": "insufficient_funds"})
        self.assertEqual([], check(self.records, self.state))  # it may be the later one that bought it
        told = self.records[self.records.index(lost) + 1]
        told.update(start=told["start"] + 1, end=told["end"] + 1)
        self.only("refused and yet bought")

    def test_a_hold_that_was_left_by_a_store_in_trouble_may_be_taken_up(self):
        lost = next(record for record in self.records if record.get("attempt") == "b2")
        lost.update(status=503, answer={"code": "unavailable"})
        self.assertEqual([], check(self.records, self.state))

    def test_an_attempt_that_was_told_that_nothing_was_charged_and_was(self):
        told = [record for record in self.records if record.get("attempt") == "b2"]
        told[0].update(status=503, answer={"code": "unavailable"})
        self.records.remove(told[1])
        self.only("sold to nobody who asked")

    def test_an_attempt_without_an_outcome(self):
        self.records.append(refused("ben", "b4", 4, 11.9, 12.0, "conflict"))
        self.records.append(buy("ben", "b4", 4, 12.0, 12.1, 503, {"code": "undecided"}))
        self.only("no outcome")

    def test_an_answer_that_should_not_be(self):
        self.records.append(call("me", "ann", 5.0, 5.1, 401, {"code": "unauthenticated"}))
        self.records.append(buy("ben", "b5", 4, 12.0, 12.1, 500, {"code": "corrupt"}))
        self.only("unexpected answer")

    def test_a_slot_that_nobody_bought(self):
        self.records = [record for record in self.records if record.get("attempt") != "b2"]
        self.only("sold to nobody who asked")

    # --------------------------------------------------------------------------------------- price, time and order

    def test_a_price_above_what_was_agreed_to(self):
        for record in self.records:
            if record.get("attempt") == "b2":
                record["highest"] = 183
        self.only("price above what was agreed to")

    def test_a_price_against_the_formula(self):
        for sold in [self.slots[2]] + [r["answer"] for r in self.records if r.get("attempt") == "b2" and r["answer"]]:
            sold["price_sat"] += 1
        self.found("price or time")

    def test_a_slot_bought_before_it_was_asked_for(self):
        for record in self.records:
            if record.get("attempt") == "b2":
                record.update(start=record["start"] + 5, end=record["end"] + 5)
        self.only("time")

    def test_time_that_runs_backwards_in_a_campaign(self):
        self.slots[2]["bought_at_ms"] = self.slots[0]["bought_at_ms"] - 1
        self.found("time")

    def test_a_later_request_that_got_an_earlier_slot(self):
        for record in self.records:
            if record.get("attempt") == "a1":
                record.update(start=record["start"] + 20, end=record["end"] + 20)
        self.found("order")

    def test_a_purchase_of_another_slot_than_asked_for(self):
        self.slots[1] = dict(sale(2, "eve", 190, 5.0), state="sold")
        self.found("another slot")

    def test_a_purchase_of_an_earlier_slot_than_asked_for(self):
        for record in self.records:
            if record.get("attempt") == "b2":
                record["slot"] = 4
        self.only("another slot")

    def test_a_number_that_was_never_used(self):
        self.slots.pop(1)
        self.found("a slot is missing")

    def test_reads_from_the_past(self):
        self.records.append(call("show", "ben", 12, 12.1, 200, {"next": {"number": 3}}, seller="sue", campaign=1))
        self.only("read from the past")

    def test_a_slot_that_is_not_there_any_more(self):
        self.records.append(call("slot", "ben", 2.0, 2.1, 404, {}, seller="sue", campaign=1, slot=1))
        self.only("read from the past")

    def test_a_slot_that_was_shown_to_be_another_buyers(self):
        self.records.append(call("slot", "ben", 2.0, 2.1, 200, {"buyer": "ben"}, seller="sue", campaign=1, slot=1))
        self.only("read from the past")

    # ------------------------------------------------------------------------------------------------------- money

    def test_a_charge_without_a_purchase(self):
        self.ann["ledger"].append(entry(3, "purchase", -50, 850, slot_key(2)))
        self.ann["balance_sat"] = 850
        self.only("charged without a purchase")

    def test_a_purchase_that_was_charged_twice(self):
        self.ann["ledger"].append(entry(3, "purchase", -100, 800, slot_key(1)))
        self.ann["balance_sat"] = 800
        self.only("not paid once")

    def test_a_purchase_that_was_not_charged(self):
        self.ann["ledger"].pop()
        self.ann["balance_sat"] = 1000
        self.only("not paid once")

    def test_a_ledger_that_does_not_add_up(self):
        self.ann["ledger"][0]["number"] = 2
        self.only("a ledger does not add up")

    def test_a_balance_without_a_reason(self):
        self.ann["balance_sat"] = 901
        self.only("a ledger does not add up")

    def test_a_deposit_that_is_missing(self):
        self.ben["ledger"].pop(0)
        self.found("a deposit is missing")

    def test_a_deposit_that_was_credited_twice(self):
        self.ann["ledger"].append(entry(3, "deposit", 1000, 1900, "deposit/d1"))
        self.ann["balance_sat"] = 1900
        self.only("a deposit was credited twice")

    def test_a_deposit_of_another_amount(self):
        self.ann["ledger"].append(entry(3, "deposit", 7, 907, "deposit/d9"))
        self.ann["balance_sat"] = 907
        self.only("a deposit that is another")

    def test_earnings_that_were_acknowledged_and_not_booked(self):
        self.records.append(call("collect", "sue", 13.0, 13.1, 200, {"collected_sat": 1}, campaign=1))
        self.only("earnings")

    def test_earnings_that_were_booked_twice(self):
        self.state["accounts"]["sue"]["ledger"].append(entry(2, "earnings", 97, 194, "campaign/sue/0000000001"))
        self.state["accounts"]["sue"]["balance_sat"] = 194
        self.only("earnings")

    def test_earnings_that_somebody_else_got(self):
        entries = self.state["accounts"]["sue"]["ledger"]
        self.state["accounts"]["op"].update(ledger=entries, balance_sat=97)
        self.state["accounts"]["sue"].update(ledger=[], balance_sat=0)
        self.only("earnings")

    def test_what_a_campaign_has_earned(self):
        self.state["campaigns"][0]["earned_sat"] += 1
        self.only("the campaign's sums")

    # ---------------------------------------------------------------------------------------------------- the rest

    def test_what_is_held_and_not_settled(self):
        self.state["holds"] = [{"user": "ann", "age_ms": 30_000}]
        self.only("held")
        self.state["holds"], self.state["settled_s"] = [], None
        self.only("held")
        self.state["settled_s"], self.ann["hold"] = 1.0, {"since_ms": 1}
        self.only("held")
        self.ann["hold"], self.slots[2]["state"] = None, "settling"
        self.found("not settled")

    def test_an_audit_that_does_not_pass(self):
        self.state["audit"] = {"passed": False, "findings": ["A1"]}
        self.only("the audit")

    def test_a_process_that_nobody_killed(self):
        self.state["ended_by_themselves"] = ["node 1 ended by itself with -6"]
        self.only("ended by itself")

    def test_an_acknowledged_account_or_campaign_that_is_missing(self):
        self.records.append(call("register", "eve", 0.1, 0.2, 201))
        self.only("acknowledged and missing")
        self.records.pop()
        self.records.append(call("campaign", "sue", 0.2, 0.3, 201, {"seller": "sue", "number": 2}))
        self.only("acknowledged and missing")


if __name__ == "__main__":
    unittest.main()
