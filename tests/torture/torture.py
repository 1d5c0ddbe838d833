"""Real stores, five nodes and many buyers, while processes are killed and paused and links are cut; then it stops, and
what everybody was told is held against what there is.

    torture.py --build build/release [--store etcd|postgres|standby] [--seconds N] [--seed S] [--faults NAME,...]
               [--keep DIRECTORY]

One seed gives the same faults in the same order, and the same wishes of each buyer; what meets what is the machine's.
The history and the final state are kept, and can be checked again: check.py HISTORY STATE. So are the histories of
single documents, which clients of their own make of the same store: abc2_registers check FILE FILE.
"""
import argparse
import collections
import json
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import history
from check import Checker
from cluster import STORES, Node, Registers, Unsettled, until
from figures import gaps, leader_gaps, orphans, percentile
from final import SETTLED_WITHIN, Reader
from load import Town, decide_all
from nemesis import Nemesis
from processes import Proxies

NODES, BUYERS, SELLERS, REGISTERS = 5, 30, 3, 2
AFTERWARDS = 5.0  # seconds for which everybody goes on when the faults have ended
TO_END = 120.0    # and which who is asked to end has for it


def run(arguments, keep, log):
    """(the nemesis, seconds until all nodes were ready again)."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="abc2-torture-"))
    folder.chmod(0o755)
    proxies, store, nodes, registers, unsettled, town = Proxies(), None, [], [], None, None
    try:
        store = STORES[arguments.store](folder, proxies, NODES + REGISTERS + 1)
        store.start()
        nodes += [Node(number, arguments.build / "abc2", folder, store.url(number)) for number in range(NODES)]
        for node in nodes:
            node.start()
        until(lambda: all(node.ready() for node in nodes), "all nodes ready")
        town = Town(nodes, log, arguments.seed, arguments.buyers, SELLERS)
        town.start()
        registers += [Registers(NODES + number, arguments.build / "tests/linearizability/abc2_registers", folder,
                                store.aside(NODES + number), arguments.seed, keep / f"registers{number}.jsonl")
                      for number in range(REGISTERS)]
        unsettled = Unsettled(arguments.build / "tests/torture/abc2_unsettled", folder, store.url(NODES + REGISTERS),
                              keep / "unsettled.jsonl")
        for process in [*registers, unsettled]:
            process.start()
        nemesis = Nemesis(store, nodes, registers, unsettled, proxies, log, town.failures, arguments.seed,
                          arguments.faults)
        nemesis.run(arguments.seconds)
        began = time.monotonic()
        until(lambda: all(node.ready() for node in nodes), "all nodes ready after the faults")
        ready = time.monotonic() - began
        time.sleep(AFTERWARDS)
        town.stop()
        ended = {process.name: process.end(TO_END) for process in registers}
        reader = Reader(town, random.Random(arguments.seed).randrange(NODES))
        settled = reader.settle()
        ended[unsettled.name] = unsettled.end(TO_END)
        decide_all(town, 60.0)
        # What has just been bought is being settled: that it was in time before is what counts.
        again = reader.settle()
        state = reader.state(settled[0] if again[0] is not None else None, again[1], again[2])
        reader.close()
        nemesis.look_after()
        state["ended_by_themselves"] = nemesis.died + [f"{name} ended with {code}" for name, code in ended.items() if code != 0]
        (keep / "state.json").write_text(json.dumps(state, indent=1), encoding="utf-8")
        return nemesis, ready
    finally:
        if town:
            town.over.set()
            for person in town.people:
                if person.is_alive():
                    person.join()
        for process in [*nodes, *registers, *([unsettled] if unsettled else [])]:
            process.kill()
        if store:
            store.close()
        proxies.close()
        for path in folder.glob("*.log"):
            shutil.copy(path, keep)
        shutil.rmtree(folder, ignore_errors=True)


def judge_registers(arguments, keep):
    """(the checker's last lines, what it says of documents without an order): the engine's own verdict."""
    judged = subprocess.run([arguments.build / "tests/linearizability/abc2_registers", "check",
                             *sorted(keep.glob("registers*.jsonl"))], capture_output=True, text=True, check=False)
    *stories, figures, verdict = judged.stdout.splitlines() or ["", f"exit code {judged.returncode}: {judged.stderr}"]
    if judged.returncode == 0 and int(re.search(r"(\d+) writes applied", figures).group(1)) < 100:
        return [figures, verdict], ["too little was written for a verdict"]
    return [figures, verdict], stories if judged.returncode else None


def tell_times(records, keep):
    longest, sum_of_gaps = gaps(records)
    print(f"nothing was sold for {longest:.1f} s at most; in gaps of more than a second, {sum_of_gaps:.1f} s altogether")
    if after_leader := leader_gaps(records):
        print(f"nothing was sold when etcd's leader was killed, {len(after_leader)} times: p50 "
              f"{percentile(after_leader, 50):.2f} s, most {after_leader[-1]:.2f} s")
    if unsettled := orphans(records, history.read(keep / "unsettled.jsonl")):
        print(f"unsettled after their node was killed, {len(unsettled)} purchases: p50 {percentile(unsettled, 50):.2f} s, "
              f"p99 {percentile(unsettled, 99):.2f} s, most {unsettled[-1]:.2f} s")


def tell(records, checker, state, nemesis, ready):
    for name, times in sorted(nemesis.counts.items()):
        print(f"  {name:32} {times}")
    attempts = checker.attempts.values()
    sold = sum(slot["state"] == "sold" for slot in checker.slots.values())
    unknown = [attempt for attempt in attempts if attempt.open_at_first]
    codes = collections.Counter(call["answer"].get("code", "no answer") for call in checker.calls["buy"]
                                if call["status"] not in (200, 201))
    print(f"{len(checker.calls['buy'])} requests for {len(attempts)} purchases; {sold} slots sold in "
          f"{len(checker.campaigns)} campaigns, {len(checker.slots) - sold} void; {state['audit']['deposits']} deposits")
    print(f"unknown at first: {len(unknown)}, of which {sum(bool(attempt.yes) for attempt in unknown)} were bought")
    print("not bought: " + ", ".join(f"{code} {times}" for code, times in codes.most_common()))
    print(f"after the faults: all nodes ready in {ready:.1f} s; when everybody stopped, nothing held or in flight "
          + (f"after {state['settled_s']:.1f} s" if state["settled_s"] is not None else f"NOT WITHIN {SETTLED_WITHIN:g} s"))


def main():
    parser = argparse.ArgumentParser(prog="./dev torture", description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--store", choices=STORES, default="etcd")
    parser.add_argument("--seconds", type=float, default=300, help="of faults (300)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--faults", type=lambda names: names.split(","), help="only these, such as kill-node,kill-leader")
    parser.add_argument("--buyers", type=int, default=BUYERS, help=f"({BUYERS})")
    parser.add_argument("--keep", default="torture", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is ended and removed
    arguments.build = pathlib.Path(arguments.build).resolve()
    keep = pathlib.Path(arguments.keep).resolve() / f"{arguments.store}-{arguments.seed}"
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
    tell_times(records, keep)
    lines, stories = judge_registers(arguments, keep)
    print("single documents: " + "; ".join(lines))
    if stories is not None:
        findings.append(("not linearizable", "\n  ".join(stories[:25])))
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
