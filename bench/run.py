"""./dev bench: abc2 side by side with what a user would take instead, in one session on this machine.

Every row is measured once in each round, the rows of a round one after the other, so that whatever disturbs the
machine for a while disturbs all of them; what is printed are medians over the rounds. Durable means durable: every
store syncs before it answers, and all of them lie on the same disk.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile

import baselines
import chart
import machine
import million
import ours
import profile_purchases
import stores

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/release"


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, help="of each measurement (10; with --million 5)")
    parser.add_argument("--rounds", type=int, help="measurements of each row (5; with --million 3)")
    parser.add_argument("--quick", action="store_true", help="one round of 2 s each: does it run, not how fast")
    parser.add_argument("--only", metavar="WORD", action="append", default=[],
                        help="only rows whose name has this word: PostgreSQL, SQLite, nginx, library, steps, HTTP, ads")
    parser.add_argument("--stores", action="store_true", help="instead: what a purchase costs on embedded, PostgreSQL "
                        "and etcd, in writes, rounds, time and purchases per second")
    parser.add_argument("--profile", action="store_true", help="instead: where the microseconds of a purchase go, and what "
                        "writing its bytes costs with nothing around it")
    parser.add_argument("--million", action="store_true", help="instead: a market of a million accounts, a million "
                        "campaigns and ten million sold slots beside a small one")
    parser.add_argument("--slots", type=int, default=10_000_000, help="with --million: slots sold before (10000000)")
    parser.add_argument("--rest", type=int, default=60, help="with --million: seconds at rest (60)")
    parser.add_argument("--buyers", type=int, default=64, help="with --million: buyers at once (64)")
    parser.add_argument("--purchases", type=int, default=300, help="with --stores: how many are counted (300)")
    parser.add_argument("--accounts", type=int, help="(10000; with --stores 1000; with --million 1000000)")
    parser.add_argument("--campaigns", type=int, help="(1000; with --stores 500; with --million 1000000)")
    parser.add_argument("--ad", metavar="PATH", default="/ads/demo-seller/1.json", help="the ad that is served")
    parser.add_argument("--dir", default="/var/tmp", help="where the stores lie: a real disk (/var/tmp)")
    parser.add_argument("--out", type=pathlib.Path,
                        help="the figures as JSON (build/bench.json, or bench-stores.json, -profile.json, -million.json)")
    parser.add_argument("--chart", default=ROOT / "build/bench.svg", type=pathlib.Path, help="the rates as a chart")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.rounds = 2, 1
    kind, seconds, rounds, accounts, campaigns = (
        ("-stores", 10, 5, 1000, 500) if options.stores else ("-million", 5, 3, 1_000_000, 1_000_000) if options.million else
        ("-profile" if options.profile else "", 10, 5, 10000, 1000))
    options.seconds, options.rounds = options.seconds or seconds, options.rounds or rounds
    options.accounts, options.campaigns = options.accounts or accounts, options.campaigns or campaigns
    options.out = options.out or ROOT / f"build/bench{kind}.json"
    return options


class Row:
    def __init__(self, group, name, concurrency, measure):
        self.group, self.name, self.concurrency, self.measure = group, name, concurrency, measure
        self.results, self.failure = [], None

    def label(self):
        return f"{self.name}, {self.concurrency} at once"

    def run(self, seconds):
        if self.failure is None:
            try:
                self.results.append(self.measure(seconds))
            except (RuntimeError, OSError, ValueError, KeyError) as failure:
                self.failure = str(failure)

    def median(self, figure):
        return statistics.median(result[figure] for result in self.results)

    def as_json(self):
        return {"group": self.group, "name": self.name, "concurrency": self.concurrency, "results": self.results,
                **({"failure": self.failure} if self.failure else {"per_second": self.median("per_second")})}


PURCHASES, ADS = "purchases per second, durable", "ads per second"


def rows_of(options, folder):
    size = (options.accounts, options.campaigns)

    def wanted(name):
        return not options.only or any(word.lower() in name.lower() for word in options.only)

    rows = []
    if wanted("PostgreSQL"):
        postgres = baselines.Postgres(folder / "postgres", *size)
        for clients in (1, 16, 64):
            rows.append(Row(PURCHASES, f"PostgreSQL {postgres.version}", clients,
                            lambda seconds, clients=clients: postgres.purchases(clients, seconds)))
    if wanted("SQLite"):
        subprocess.run(["ninja", "-C", BUILD, "sqlite_purchases"], check=True, stdout=subprocess.DEVNULL)
        for threads in (1, 4):
            def sqlite(seconds, threads=threads):
                shutil.rmtree(folder / "sqlite", ignore_errors=True)
                return baselines.sqlite_purchases(BUILD / "bench/sqlite_purchases", folder / "sqlite", *size, threads,
                                                  seconds)
            rows.append(Row(PURCHASES, "SQLite", threads, sqlite))
    abc2 = ours.Abc2(BUILD / "abc2", folder / "abc2", *size)
    for name, measure in (("abc2 library", abc2.library_purchases),
                          ("abc2 in steps", abc2.library_purchases_in_steps), ("abc2 HTTP", abc2.http_purchases)):
        for buyers in (1, 16, 64, 1024):
            if wanted(name):
                rows.append(Row(PURCHASES, name, buyers,
                                lambda seconds, buyers=buyers, measure=measure: measure(buyers, seconds)))
    if wanted("nginx") or wanted("abc2 ads"):
        try:
            body = abc2.ad(options.ad)
        except (RuntimeError, OSError) as failure:
            print(f"bench: no ad to serve ({failure}); nginx serves 2 KiB of JSON instead", file=sys.stderr)
            body = json.dumps({"padding": "x" * 2033}).encode()
        nginx = baselines.Nginx(folder / "nginx", body)
        if wanted("nginx"):
            rows.append(Row(ADS, f"nginx ({len(body)} bytes)", 64, nginx.requests))
        if wanted("abc2 ads"):
            rows.append(Row(ADS, "abc2 ads", 64, lambda seconds: abc2.ads(options.ad, seconds)))
    return rows


def best(rows, word):
    return max((row.median("per_second") for row in rows if word in row.name and not row.failure), default=None)


def at(rows, word, concurrency, figure):
    return next((row.median(figure) for row in rows
                 if word in row.name and row.concurrency == concurrency and not row.failure), None)


def ratios_of(rows):
    """What is wanted: (name, value, "at least" or "at most", the wish). Rates are the best of ours against the best of
    theirs, whatever concurrency suits each."""
    rates = (("purchases, library / PostgreSQL", "abc2 library", "PostgreSQL", 4),
             ("purchases, library / SQLite", "abc2 library", "SQLite", 3),
             ("purchases, HTTP / PostgreSQL", "abc2 HTTP", "PostgreSQL", 1.5),
             ("purchases in five writes, library / PostgreSQL", "abc2 in steps", "PostgreSQL", 1),
             ("ads, abc2 / nginx", "abc2 ads", "nginx", 1))
    found = [(name, best(rows, one) / best(rows, other), "at least", wish) for name, one, other, wish in rates
             if best(rows, one) and best(rows, other)]
    latencies = at(rows, "abc2 HTTP", 64, "p99_ms"), at(rows, "PostgreSQL", 64, "p99_ms")
    if all(latencies):
        found.append(("p99 of a purchase at 64, HTTP / PostgreSQL", latencies[0] / latencies[1], "at most", 1))
    documents, disk = at(rows, "abc2 library", 64, "document_bytes_per_purchase"), at(
        rows, "abc2 library", 64, "disk_bytes_per_purchase")
    if documents and disk:
        found.append(("bytes on disk / bytes of the documents, at 64", disk / documents, "at most", 4))
    for name, wish in (("abc2 library", 1), ("abc2 in steps", 5)):
        writes = at(rows, name, 1, "writes_per_purchase")
        if writes:
            found.append((f"durable writes a purchase, {name}", writes, "at most", wish))
    return found


def table(rows):
    against = {PURCHASES: best(rows, "PostgreSQL"), ADS: best(rows, "nginx")}
    for group, reference in ((PURCHASES, "PostgreSQL"), (ADS, "nginx")):
        of_group = [row for row in rows if row.group == group]
        if of_group:
            print(f"\n{group:<34}{'at once':>8}{'median':>10}{'lowest':>10}{'highest':>10}{'p50 ms':>9}{'p99 ms':>9}"
                  f"   of {reference}'s best")
        for row in of_group:
            if row.failure:
                print(f"  {row.name:<32}{row.concurrency:>8}  not measured: {row.failure}")
                continue
            rates = [result["per_second"] for result in row.results]
            share = f"{row.median('per_second') / against[group]:>8.2f} x" if against[group] else ""
            print(f"  {row.name:<32}{row.concurrency:>8}{row.median('per_second'):>10,.0f}{min(rates):>10,.0f}"
                  f"{max(rates):>10,.0f}{row.median('p50_ms'):>9.2f}{row.median('p99_ms'):>9.2f} {share}")


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    folder = pathlib.Path(tempfile.mkdtemp(prefix="abc2-bench-", dir=options.dir))
    os.chmod(folder, 0o755)
    try:
        about = machine.describe(folder)
        print(f"{about['cpu']}, {about['cores']} cores, {about['memory_gb']} GB, {about['system']}; a synced 4 KiB write "
              f"takes {about['disk_sync_p50_us']} us (p99 {about['disk_sync_p99_us']} us)", flush=True)
        if options.stores:
            return stores.run(options, about, folder)
        if options.profile:
            return profile_purchases.run(options, about, folder, BUILD)
        if options.million:
            return million.run(options, about, folder)
        rows = rows_of(options, folder)
        if not rows:
            sys.exit("bench: nothing to measure")
        for number in range(options.rounds):
            for row in rows:
                print(f"round {number + 1} of {options.rounds}: {row.label()}", file=sys.stderr, flush=True)
                row.run(options.seconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    table(rows)
    ratios = ratios_of(rows)
    print(f"\n{'figure':<52}{'measured':>10}   wanted")
    for name, value, bound, wish in ratios:
        print(f"{name:<52}{value:>10.2f}   {bound} {wish:g}"
              f"{'' if (value >= wish if bound == 'at least' else value <= 1.05 * wish) else ', not reached'}")
    options.chart.parent.mkdir(parents=True, exist_ok=True)
    options.chart.write_text(chart.bars([(group, [(row.label(), row.median("per_second")) for row in rows
                                                  if row.group == group and not row.failure])
                                         for group in (PURCHASES, ADS)]))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"machine": about, "seconds": options.seconds, "rounds": options.rounds,
                                       "accounts": options.accounts, "campaigns": options.campaigns,
                                       "rows": [row.as_json() for row in rows],
                                       "figures": [{"name": name, "value": round(value, 3), bound: wish}
                                                   for name, value, bound, wish in ratios]}, indent=2) + "\n")
    print(f"all figures: {options.out}, as a chart: {options.chart}")
    return 1 if any(row.failure for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
