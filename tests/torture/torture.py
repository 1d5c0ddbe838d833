"""Real stores, five nodes and many buyers, while processes are killed and paused and links are cut; then it stops, and
what everybody was told is held against what there is.

    torture.py --program build/release/abc2 [--store etcd|postgres|standby] [--seconds N] [--seed S] [--keep DIRECTORY]

One seed gives the same faults in the same order, and the same wishes of each buyer; what meets what is the machine's.
The history and the final state are kept, and can be checked again: check.py HISTORY STATE.
"""
import argparse
import collections
import json
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time

import history
from check import Checker
from cluster import STORES, Node, until
from final import Reader
from load import Town, decide_all
from nemesis import Nemesis
from processes import Proxies

NODES, BUYERS, SELLERS = 5, 30, 3
AFTERWARDS = 5.0  # seconds for which everybody goes on when the faults have ended


def run(arguments, keep, log):
    """(the nemesis, seconds until all nodes were ready again)."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="abc2-torture-"))
    folder.chmod(0o755)
    proxies, store, nodes, town = Proxies(), None, [], None
    try:
        store = STORES[arguments.store](folder, proxies, NODES)
        store.start()
        nodes += [Node(number, arguments.program, folder, store.url(number)) for number in range(NODES)]
        for node in nodes:
            node.start()
        until(lambda: all(node.ready() for node in nodes), "all nodes ready")
        town = Town(nodes, log, arguments.seed, arguments.buyers, SELLERS)
        town.start()
        nemesis = Nemesis(store, nodes, proxies, log, town.failures, arguments.seed)
        nemesis.run(arguments.seconds)
        began = time.monotonic()
        until(lambda: all(node.ready() for node in nodes), "all nodes ready after the faults")
        ready = time.monotonic() - began
        time.sleep(AFTERWARDS)
        town.stop()
        reader = Reader(town, random.Random(arguments.seed).randrange(NODES))
        settled = reader.settle()
        decide_all(town, 20.0)
        # What has just been bought is being settled: that it was in time before is what counts.
        again = reader.settle()
        state = reader.state(settled[0] if again[0] is not None else None, again[1], again[2])
        reader.close()
        nemesis.look_after()
        state["ended_by_themselves"] = nemesis.died
        (keep / "state.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
        return nemesis, ready
    finally:
        if town:
            town.over.set()
            for person in town.people:
                if person.is_alive():
                    person.join()
        for node in nodes:
            node.kill()
        if store:
            store.close()
        proxies.close()
        for path in folder.glob("*.log"):
            shutil.copy(path, keep)
        shutil.rmtree(folder, ignore_errors=True)


def gaps(records):
    """The times in which nobody was told of a purchase: (longest, sum of those above a second)."""
    moments = sorted(record["end"] for record in records
                     if record["kind"] == "call" and record["op"] == "buy" and record["status"] == 201)
    between = [after - before for before, after in zip(moments, moments[1:])]
    return max(between, default=0.0), sum(gap for gap in between if gap > 1)


def tell(records, checker, state, nemesis, ready):
    for name, times in sorted(nemesis.counts.items()):
        print(f"  {name:32} {times}")
    attempts = checker.attempts.values()
    sold = sum(slot["state"] == "sold" for slot in checker.slots.values())
    unknown = [attempt for attempt in attempts if attempt.open_at_first]
    codes = collections.Counter(call["answer"].get("code", "no answer") for call in checker.calls["buy"]
                                if call["status"] not in (200, 201))
    longest, sum_of_gaps = gaps(records)
    print(f"{len(checker.calls['buy'])} requests for {len(attempts)} purchases; {sold} slots sold in "
          f"{len(checker.campaigns)} campaigns, {len(checker.slots) - sold} void; {state['audit']['deposits']} deposits")
    print(f"unknown at first: {len(unknown)}, of which {sum(bool(attempt.yes) for attempt in unknown)} were bought")
    print("not bought: " + ", ".join(f"{code} {times}" for code, times in codes.most_common()))
    print(f"nothing was sold for {longest:.1f} s at most; in gaps of more than a second, {sum_of_gaps:.1f} s altogether")
    print(f"after the faults: all nodes ready in {ready:.1f} s; when everybody stopped, nothing held or in flight "
          + (f"after {state['settled_s']:.1f} s" if state["settled_s"] is not None else "NOT WITHIN 20 s"))


def main():
    parser = argparse.ArgumentParser(prog="./dev torture", description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--program", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--store", choices=STORES, default="etcd")
    parser.add_argument("--seconds", type=float, default=300, help="of faults (300)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--buyers", type=int, default=BUYERS, help=f"({BUYERS})")
    parser.add_argument("--keep", default="torture", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is ended and removed
    arguments.program = str(pathlib.Path(arguments.program).resolve())
    keep = pathlib.Path(arguments.keep) / f"{arguments.store}-{arguments.seed}"
    shutil.rmtree(keep, ignore_errors=True)
    keep.mkdir(parents=True)
    print(f"store {arguments.store}, {NODES} nodes, {arguments.buyers} buyers, {arguments.seconds:g} s of faults, seed "
          f"{arguments.seed}; kept in {keep}", flush=True)
    log = history.History(keep / "history.jsonl")
    log.write("start", seed=arguments.seed, store=arguments.store, wall=time.time(), monotonic=time.monotonic(),
              fee_basis_points=250)
    try:
        nemesis, ready = run(arguments, keep, log)
    except BaseException:
        print(f"FAILED with seed {arguments.seed}", file=sys.stderr)
        raise
    finally:
        log.close()
    records = history.read(keep / "history.jsonl")
    state = json.loads((keep / "state.json").read_text(encoding="utf-8"))
    checker = Checker(records, state)
    findings = checker.check()
    tell(records, checker, state, nemesis, ready)
    for kind, times in collections.Counter(kind for kind, _ in findings).items():
        print(f"FOUND {kind}, {times} times:")
        for text in [text for found, text in findings if found == kind][:3]:
            print(f"  {text}")
    if not findings and not any(attempt.yes and attempt.open_at_first for attempt in checker.attempts.values()):
        print(f"FAILS: the faults have met no purchase, so that nothing was tested (seed {arguments.seed})")
        return 1
    print(f"{'HOLDS' if not findings else f'FAILS: {len(findings)} findings'} (seed {arguments.seed})")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
