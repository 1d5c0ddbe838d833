"""./dev bench --million: what a market of a million accounts, a million campaigns and ten million sold slots costs.

It is loaded as documents, and a hundredth of it beside it. Then, on both: the start, purchases, pages; and on the large
one: what it costs at rest, how long 1,000 purchases that a process left half-done take to be settled, and the audit.
docs/scale.md says what each figure means."""
import concurrent.futures
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import random
import resource
import shutil
import statistics
import subprocess
import sys
import time

import machine
from machine import free_port

ROOT = pathlib.Path(__file__).resolve().parent.parent
ABC2 = ROOT / "build/release/abc2"
ORPHANS = 1000
CLIENTS = 4


def say(what):
    print(what, file=sys.stderr, flush=True)


class Size:
    def __init__(self, accounts, campaigns, slots):
        self.accounts, self.campaigns, self.slots = accounts, campaigns, slots

    def arguments(self):
        return ["--accounts", self.accounts, "--campaigns", self.campaigns, "--slots", self.slots]

    def text(self):
        return f"{self.accounts:,} accounts, {self.campaigns:,} campaigns, {self.slots:,} slots"


class Market:
    """A loaded market and, at times, a server of it."""

    def __init__(self, folder, size):
        self.folder, self.size, self.log = folder, size, folder.with_name(folder.name + ".log")
        self.store, self.process = f"embedded:{folder}", None

    def run(self, *arguments):
        """The JSON in the last line of what a command prints."""
        return json.loads(machine.output_of([ABC2, *arguments, "--store", self.store, "--json"]).strip().splitlines()[-1])

    def load(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        return self.run("bench", "load", *self.size.arguments())

    def disk_bytes(self):
        return sum(file.stat().st_blocks * 512 for file in self.folder.iterdir())

    def purchases(self, buyers, seconds, *more):
        return self.run("bench", "purchases", "--loaded", "--buyers", buyers, "--seconds", seconds,
                        *self.size.arguments(), *more)["per_second"]

    @contextlib.contextmanager
    def served(self, *arguments):
        """Yields the seconds from the start of the process until the market answered."""
        self.port = free_port()
        began = time.monotonic()
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([ABC2, "serve", "--store", self.store, "--port", str(self.port),
                                             *arguments],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            while not self.answers():
                if self.process.poll() is not None:
                    raise RuntimeError("the server has ended: " + self.log.read_text()[-600:])
                time.sleep(0.01)
            yield time.monotonic() - began
        finally:
            machine.stop(self.process)
            self.process = None

    def answers(self):
        try:
            return self.get("/api/campaigns?limit=1")[0] == 200
        except OSError:
            return False

    def get(self, path, connection=None):
        connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def memory_bytes(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("no resident memory is told")

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def at_rest(self, seconds):
        """The share of one core that the server uses while nobody asks anything of it."""
        before, began = self.processor_seconds(), time.monotonic()
        time.sleep(seconds)
        return (self.processor_seconds() - before) / (time.monotonic() - began)

    def await_recovery(self, seconds=600):
        """Until the log says that what is looked at after a start has been, if it was not before it was served."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            text = self.log.read_text()
            if "event=recovery_goes_on" not in text or "event=recovery_ended" in text:
                return
            time.sleep(0.2)
        raise RuntimeError("recovery has not ended")

    def await_catalogue(self, seconds=900):
        """Until the server can search all campaigns. Returns how long that took."""
        began = time.monotonic()
        while not self.get("/api/campaigns?q=sailing&sort=price&limit=1")[1].get("complete", True):
            if time.monotonic() - began > seconds:
                raise RuntimeError("not all campaigns can be searched yet")
            time.sleep(0.5)
        return time.monotonic() - began

    def unsettled(self, orphans):
        """Those of them whose campaign does not count the slot yet."""
        def look(part):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            left = []
            for one in part:
                status, page = self.get(f"/api/campaigns/{one['seller']}/{one['campaign']}/slots?limit=1", connection)
                newest = page["slots"][0] if status == 200 and page["slots"] else {}
                if newest.get("number") != one["slot"] or newest.get("state") != "sold":
                    left.append(one)
            connection.close()
            return left
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            return [one for part in pool.map(look, [orphans[i::CLIENTS] for i in range(CLIENTS)]) for one in part]

    def page_p99(self, paths, seconds, token=None):
        """wrk over the paths in turn, from CLIENTS connections."""
        script = self.log.with_suffix(".lua")
        lines = ",\n".join(json.dumps(path) for path in paths)
        header = f'wrk.headers["Authorization"] = "Bearer {token}"\n' if token else ""
        script.write_text(f"local paths = {{\n{lines}\n}}\nlocal at = 0\n{header}"
                          "request = function()\n  at = at % #paths + 1\n  return wrk.format(nil, paths[at])\nend\n")
        return machine.wrk(f"http://127.0.0.1:{self.port}", seconds, CLIENTS, script)

    def audit(self):
        """`abc2 audit` in a process of its own: what it says, how long it took, and its memory at most."""
        began = time.monotonic()
        report = self.run("audit")
        return {"seconds": time.monotonic() - began, "passed": report["passed"], "documents": report["documents"],
                "memory_bytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024}


def user(account):
    return f"user{account:07}"


def token(account):
    return user(account) + "." + hashlib.sha256(f"bench {account}".encode()).hexdigest()


def page_figures(market, seconds):
    """p99 in ms of each kind of page."""
    dice = random.Random(1)
    some = [dice.randrange(market.size.campaigns) for _ in range(500)]
    places = [f"/api/campaigns/{user(one // 10)}/{one % 10 + 1}" for one in some]
    cursors = [f"/api/campaigns?limit=20&cursor={user(one // 10)}/{one % 10 + 1:010}" for one in some]
    usual, last = some[0] % (market.size.accounts - 1), market.size.accounts - 1
    kinds = {
        "market page": (["/api/campaigns"], None),
        "market page, anywhere in it": (cursors, None),
        "campaign": (places, None),
        "slots of a campaign": ([place + "/slots" for place in places], None),
        "ledger": (["/api/me/ledger"], token(usual)),
        "ledger of the largest account": (["/api/me/ledger", f"/api/me/ledger?before={market.size.slots // 200 + 2}"],
                                          token(last)),
    }
    kinds["search, by price"] = (["/api/campaigns?q=sailing&sort=price"], None)
    return {name: market.page_p99(paths, seconds, bearer)["p99_ms"] for name, (paths, bearer) in kinds.items()}


def settle(market, left, rest):
    """Starts a server of a market in which purchases were left half-done: what the settling took, and what the server
    needs afterwards while it audits its books."""
    began = time.monotonic()
    with market.served("--audit-every-ms", "1000"):
        while left:
            left = market.unsettled(left)
            if time.monotonic() - began > 600:
                raise RuntimeError(f"{len(left)} purchases are not settled after ten minutes")
        settled = time.monotonic() - began
        market.await_recovery()
        looked = time.monotonic() - began
        market.await_catalogue()
        return {"settled_seconds": settled, "looked_at_all_seconds": looked,
                "auditing_at_rest": market.at_rest(rest)}


def purchases(options, large, small):
    """Rates of both, side by side, and the medians of their ratios: of the large one once all balances, ads and campaigns
    have been read since the start, and with nothing read since."""
    rounds = []
    for number in range(options.rounds):
        say(f"purchases, round {number + 1} of {options.rounds}")
        small.load()  # prices of campaigns that were bought in before would go on from there
        turns = [("small", small, ["--read-all"]), ("large", large, ["--read-all"]), ("large_unread", large, [])]
        rounds.append({name: market.purchases(options.buyers, options.seconds, *more)
                       for name, market, more in (turns if number % 2 else reversed(turns))})
    found = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    for name in ("large", "large_unread"):
        found[f"{name}_ratio"] = statistics.median(one[name] / one["small"] for one in rounds)
    return {"rounds": rounds, **found}


def measure(options, folder):
    size = Size(options.accounts, options.campaigns, options.slots)
    large = Market(folder / "large", size)
    small = Market(folder / "small", Size(*(max(count // 100, least) for count, least in
                                            ((size.accounts, 1000), (size.campaigns, 1000), (size.slots, 1000)))))
    say(f"loading {size.text()}")
    found = {"size": vars(size), "small_size": vars(small.size), "load": large.load()}
    found["disk_bytes"] = large.disk_bytes()
    found["purchases"] = purchases(options, large, small)
    say("starts, and purchases that were left half-done")
    orphans = min(ORPHANS, size.campaigns, size.accounts)
    left = large.run("bench", "orphans", "--count", orphans, *size.arguments())["left"]
    found["orphans"] = {"count": orphans, **settle(large, left, options.rest / 3)}
    with small.served() as start_seconds:
        found["small_start_seconds"] = start_seconds
        say("pages")
        small.await_catalogue()
        found["small_pages_p99_ms"] = page_figures(small, options.seconds)
    with large.served() as start_seconds:
        found["start_seconds"] = start_seconds
        found["start_memory_bytes"] = large.memory_bytes()
        large.await_recovery()
        found["catalogue_seconds"] = large.await_catalogue()
        found["pages_p99_ms"] = page_figures(large, options.seconds)
        found["memory_bytes"] = large.memory_bytes()
        say(f"at rest, {options.rest} s")
        found["at_rest"] = large.at_rest(options.rest)
    say("audit")
    found["audit"] = large.audit()
    found["disk_bytes_after"] = large.disk_bytes()
    return found


def verdicts(found):
    """(figure, measured, wanted, whether it is so); wanted None: it is only stated."""
    gib = 1 << 30
    rows = [
        ("loaded", f"{found['load']['documents']:,} documents in {found['load']['seconds']:,.0f} s, "
                   f"{found['load']['per_second']:,} a second", None, True),
        ("on disk", f"{found['disk_bytes'] / gib:.1f} GiB, for {found['load']['bytes'] / gib:.1f} of documents", None, True),
        ("start until it answers", f"{found['start_seconds']:.1f} s (small: {found['small_start_seconds']:.1f})", None, True),
        ("memory after the start", f"{found['start_memory_bytes'] / gib:.2f} GiB", None, True),
        ("memory after all pages", f"{found['memory_bytes'] / gib:.2f} GiB", None, True),
        ("everything can be searched", f"{found['catalogue_seconds']:.0f} s after that", None, True),
        ("purchases a second", f"{found['purchases']['large']:,.0f}, small {found['purchases']['small']:,.0f}, "
                               f"ratio {found['purchases']['large_ratio']:.2f}", "at least 0.8",
         found["purchases"]["large_ratio"] >= 0.8),
        ("at what nobody has read", f"{found['purchases']['large_unread']:,.0f}, "
                                    f"ratio {found['purchases']['large_unread_ratio']:.2f}", None, True),
        ("at rest, of one core", f"{found['at_rest'] * 100:.2f} %", "at most 2 %", found["at_rest"] <= 0.02),
        ("at rest, auditing in the background", f"{found['orphans']['auditing_at_rest'] * 100:.2f} %", None, True),
        (f"{found['orphans']['count']:,} purchases left half-done",
         f"all settled {found['orphans']['settled_seconds']:.1f} s after the start, everything looked at after "
         f"{found['orphans']['looked_at_all_seconds']:.1f} s", "all settled", True),
        ("audit", f"{'passed' if found['audit']['passed'] else 'FAILED'}, {found['audit']['documents']:,} documents in "
                  f"{found['audit']['seconds']:.0f} s, {found['audit']['memory_bytes'] / gib:.2f} GiB", "passed",
         found["audit"]["passed"]),
    ]
    for name, p99 in found["pages_p99_ms"].items():
        rows.append((f"p99, {name}", f"{p99:.2f} ms (small: {found['small_pages_p99_ms'].get(name, float('nan')):.2f})", None, True))
    return rows


def run(options, about, folder):
    began = time.monotonic()
    found = measure(options, folder)
    rows = verdicts(found)
    print(f"\n{options.accounts:,} accounts, {options.campaigns:,} campaigns, {options.slots:,} slots sold")
    for name, measured, wanted, so in rows:
        verdict = "" if wanted is None else f"   wanted: {wanted}{'' if so else ', NOT REACHED'}"
        print(f"  {name:<36}{measured}{verdict}")
    found["seconds_in_all"] = time.monotonic() - began
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"machine": about, "seconds": options.seconds, "rounds": options.rounds, **found,
                                       "verdicts": [{"figure": name, "measured": measured, "wanted": wanted, "reached": so}
                                                    for name, measured, wanted, so in rows]}, indent=2) + "\n")
    print(f"all figures, of {found['seconds_in_all']:.0f} s: {options.out}")
    return 0 if all(so for *_, so in rows) else 1
