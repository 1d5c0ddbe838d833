"""What there is in the end, read through the HTTP interface of a node: for the checker."""
import time

from history import Caller

SETTLED_WITHIN = 60.0  # seconds until nothing may be held or in flight any more: three times what is promised, since
                       # the machine may be busy with other things


class Reader:
    def __init__(self, town, node):
        self.town, self.node, self.caller = town, node, Caller(town.nodes, town.history, "reader")

    def get(self, path, token=None, method="GET"):
        for _ in range(120):
            status, answer = self.caller.exchange(self.node, method, path, None, token, 120)
            if status == 200:
                return answer
            if status != 503:
                break
            time.sleep(0.5)
        raise AssertionError(f"{method} {path}: {status} {answer}")

    def pages(self, path, items, token=None):
        """All of them, the oldest first."""
        found, before = [], ""
        while True:
            page = self.get(f"{path}?limit=100{before}", token)
            found += page[items]
            if not page["more"]:
                return found[::-1]
            before = f"&before={page[items][-1]['number']}"

    def campaigns(self):
        found, cursor = [], ""
        while cursor is not None:
            page = self.get(f"/api/campaigns?limit=100{cursor and '&cursor=' + cursor}")
            found += page["campaigns"]
            cursor = page["next"]
        return found

    def settle(self):
        """(seconds until nothing was held or in flight, or None; holds; the last audit)."""
        began, token = time.monotonic(), self.town.operator.token
        while True:
            holds = self.get("/api/operator/holds", token)["holds"]
            audit = self.get("/api/operator/audit", token, "POST")
            took = time.monotonic() - began
            if not holds and not audit["in_flight"]:
                return took, holds, audit
            if took > SETTLED_WITHIN:
                return None, holds, audit
            time.sleep(0.2)

    def state(self, settled_s, holds, audit):
        campaigns = [campaign | {"slots": self.pages(f"/api/campaigns/{campaign['seller']}/{campaign['number']}/slots",
                                                     "slots")} for campaign in self.campaigns()]
        accounts = {}
        for person in self.town.people:
            me = self.get("/api/me", person.token)
            accounts[person.user] = {name: me[name] for name in ("balance_sat", "hold", "pending")} | {
                "ledger": self.pages("/api/me/ledger", "entries", person.token)}
        return {"settled_s": settled_s, "holds": holds, "audit": audit, "campaigns": campaigns, "accounts": accounts}

    def close(self):
        self.caller.close()
