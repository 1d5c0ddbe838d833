"""What everybody saw, one line of JSON for each thing, kept for the checker.

    {"kind": "start", "seed": 7, "store": "etcd", "wall": 1700000000.0, "monotonic": 12.5, "fee_basis_points": 250}
    {"kind": "call", "op": "buy", "user": "buyer1", "node": 2, "start": 14.1, "end": 14.2, "status": 201,
     "answer": {...}, ... what was asked, by operation}
    {"kind": "fault", "what": "kill-node", "who": "node 3", "phase": "begin", "at": 15.0}
    {"kind": "kill", "who": "member 1", "leader": true, "at": 16.0}

Times are seconds of one monotonic clock. A call's status is null when no answer came: it may have been carried out, or
may be yet. A call is written when it ends, and every call that began does end.
"""
import http.client
import json
import threading
import time


class History:
    """Thread-safe."""

    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")
        self.lock = threading.Lock()

    def write(self, kind, **members):
        line = json.dumps({"kind": kind, **members}, separators=(",", ":"))
        with self.lock:
            self.file.write(line + "\n")

    def fault(self, what, who, phase):
        self.write("fault", what=what, who=who, phase=phase, at=time.monotonic())

    def close(self):
        self.file.close()


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class Caller:
    """One user's connections to all nodes, each opened when it is needed. For one thread."""

    PATIENCE = 4.0  # seconds until an answer counts as lost

    def __init__(self, nodes, history, user):
        self.nodes, self.history, self.user = nodes, history, user
        self.connections = {}

    def call(self, op, node, method, path, body=None, token=None, patience=PATIENCE, **members):
        """(status, answer), and a line of the history; the status is None if no answer came."""
        start, status, answer = time.monotonic(), None, {}
        try:
            status, answer = self.exchange(node, method, path, body, token, patience)
        except (OSError, http.client.HTTPException, ValueError) as why:
            answer = {"lost": f"{type(why).__name__}: {why}"[:100]}
            self.forget(node)
        self.history.write("call", op=op, user=self.user, node=node, start=start, end=time.monotonic(), status=status,
                           answer={name: answer[name] for name in KEPT.get(op, PROBLEM) + PROBLEM if name in answer},
                           **members)
        return status, answer

    def exchange(self, node, method, path, body, token, patience):
        port = self.nodes[node].port
        connection, at = self.connections.get(node, (None, None))
        if at != port:  # the node was started again since
            self.forget(node)
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
            self.connections[node] = (connection, port)
        connection.timeout = patience
        if connection.sock:
            connection.sock.settimeout(patience)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token:
            headers["Authorization"] = "Bearer " + token
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read()
        answer = json.loads(text) if text else {}
        return response.status, answer

    def forget(self, node):
        connection, _ = self.connections.pop(node, (None, None))
        if connection:
            connection.close()

    def close(self):
        for node in list(self.connections):
            self.forget(node)


SALE = ("number", "buyer", "price_sat", "fee_sat", "bought_at_ms", "starts_at_ms", "ends_at_ms")
PROBLEM = ("code", "detail", "lost")
# What of an answer is kept.
KEPT = {
    "buy": SALE + ("next",),
    "slot": SALE + ("state",),
    "show": ("next", "sold", "earned_sat"),
    "campaign": ("seller", "number", "floor_sat", "slot_length_ms"),
    "deposit": ("id", "user", "amount_sat"),
    "collect": ("collected_sat",),
    "fees": ("collected_sat",),
    "me": ("balance_sat", "hold", "pending"),
}
