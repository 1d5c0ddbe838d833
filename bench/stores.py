"""./dev bench --stores: what a purchase costs on each store, side by side in one run on this machine.

Each once in steps, one document at a time, as on a store without commits, and once with commits of several documents,
of which each is one write. Writes, reads and rounds are counted at the store: a round is a time in which something is asked of it without a break.
A purchase's latency is that of a buyer who is alone, and is given in raw writes: compare-and-swaps of one document of
1000 bytes on the same store, each measured right after a purchase, when nothing of it is left to be done. Purchases per
second are the most of 1, 16 and 64 buyers at once; of several rounds, the median. Every server of an etcd lies on the
same machine and disk, so that three members cost what they never cost where they belong."""
import contextlib
import json
import pathlib
import statistics
import subprocess
import sys

import baselines
import machine

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/release"
sys.path.append(str(ROOT / "tests/stores"))
from etcd import Etcd  # noqa: E402

BUYERS = (1, 16, 64)


class Store:
    """One engine with its servers, which run only while they are measured."""

    def __init__(self, name, servers, place, how):
        self.name, self.servers, self.place, self.how = name, servers, place, how
        self.places, self.counted, self.rates, self.failure = 0, [], {buyers: [] for buyers in BUYERS}, None

    def measured(self, server, *arguments):
        self.places += 1
        what, *rest = arguments
        return json.loads(machine.output_of([BUILD / "bench/stores_bench", what, self.place(server, f"{self.how}{self.places}"), self.how,
                                             *rest]))

    def run(self, options):
        if self.failure:
            return
        try:
            with self.servers() as server:
                self.counted.append(self.measured(server, "count", options.purchases))
                for buyers, results in self.rates.items():
                    results.append(self.measured(server, "rate", buyers, options.seconds, options.accounts,
                                                 options.campaigns))
        except (RuntimeError, OSError, ValueError, AssertionError) as failure:
            self.failure = str(failure)

    def figures(self):
        """The medians over the rounds."""
        if self.failure:
            return {"store": self.name, "how": self.how, "failure": self.failure}
        merged = {name: statistics.median(one[name] for one in self.counted) for name in self.counted[0]}
        by_buyers = {buyers: statistics.median(result["per_second"] for result in results)
                     for buyers, results in self.rates.items()}
        best = max(by_buyers, key=by_buyers.get)
        return {"store": self.name, "how": self.how, **merged, "per_second": by_buyers[best], "buyers": best,
                "per_second_by_buyers": by_buyers, "p50_ms_at_best": self.rates[best][0]["p50_ms"]}


def stores(folder):
    embedded, servers = folder / "embedded", folder / "servers"
    embedded.mkdir()
    servers.mkdir(mode=0o755)
    postgres = baselines.Postgres(servers / "postgres", 1, 1)
    nothing = contextlib.nullcontext

    def etcd(members):
        return lambda: Etcd(members, folder)

    def prefix(server, place):
        return f"{server.url}/{place}"

    engines = [
        ("embedded", nothing, lambda _, place: f"embedded:{embedded}/{place}"),
        (f"PostgreSQL {postgres.version}", lambda: postgres,
         lambda server, place: f"postgres://postgres@/postgres?host={server.folder}&table={place}"),
        ("etcd, 1 member", etcd(1), prefix),
        ("etcd, 3 members", etcd(3), prefix),
    ]
    return [Store(name, servers, place, how) for name, servers, place in engines for how in ("steps", "commits")]


COLUMNS = (  # heading, width, figure
    ("writes", 8, lambda f: f"{f['writes_answered']:.0f} of {f['writes_in_all']:.0f}"),
    ("rounds", 9, lambda f: f"{f['rounds_answered']:.0f} of {f['rounds_in_all']:.0f}"),
    ("reads", 9, lambda f: f"{f['reads_answered']:.0f} of {f['reads_in_all']:.0f}"),
    ("purchase ms", 13, lambda f: f"{f['purchase_p50_ms']:.2f}"),
    ("raw write ms", 14, lambda f: f"{f['raw_write_p50_ms']:.2f}"),
    ("ratio", 7, lambda f: f"{f['purchase_in_raw_writes']:.2f}"),
    ("per second", 12, lambda f: f"{f['per_second']:,.0f}"),
    ("buyers", 8, lambda f: f"{f['buyers']}"),
)


def table(figures):
    print("\nwrites, rounds and reads of a purchase: until its buyer is answered, of all")
    print(f"{'':<25}" + "".join(f"{heading:>{width}}" for heading, width, _ in COLUMNS))
    for each in figures:
        row = f"{each['store']:<17}{each['how']:<8}"
        if "failure" in each:
            print(f"{row}  not measured: {each['failure']}")
        else:
            print(row + "".join(f"{cell(each):>{width}}" for _, width, cell in COLUMNS))


def run(options, about, folder):
    subprocess.run(["ninja", "-C", BUILD, "stores_bench"], check=True, stdout=subprocess.DEVNULL)
    measured = stores(folder)
    for number in range(options.rounds):
        for store in measured:
            print(f"round {number + 1} of {options.rounds}: {store.name}, {store.how}", file=sys.stderr, flush=True)
            store.run(options)
    figures = [store.figures() for store in measured]
    table(figures)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"machine": about, "seconds": options.seconds, "rounds": options.rounds,
                                       "accounts": options.accounts, "campaigns": options.campaigns,
                                       "stores": figures}, indent=2) + "\n")
    print(f"all figures: {options.out}")
    return 1 if any("failure" in each for each in figures) else 0
