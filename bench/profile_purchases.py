"""Where the microseconds of a purchase go: perf looks at `abc2 bench purchases` while it measures, once with a commit
for each purchase and once in steps; what it sees is divided by thread and by kind of work, and by the purchases of that
time. Beside it the limit: what the same bytes cost when they are written and synced with nothing around them. To be
looked at makes each switch of a thread dearer: rates are those of ./dev bench, what is to be read here are shares.
"""
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import machine

SETTLED = 4  # seconds after the start: the store is filled and warm
KINDS = (  # the first that fits; what a symbol is called, or the file that it is in
    ("reading JSON", re.compile(r"boost::json|CanonicalReader|detail::Reader|parse_document|store::decode")),
    ("writing JSON", re.compile(r"detail::append_|store::encode|append_members|append_number")),
    ("RocksDB's memtable", re.compile(r"MemTable|SkipList|DynamicBloom|ConcurrentArena|Arena::")),
    ("RocksDB, all else", re.compile(r"rocksdb::|librocksdb|libsnappy|liblz4|libzstd|crc32c|XXH|LZ4_")),
    ("allocation", re.compile(r"jemalloc|operator (new|delete)|^(malloc|free|calloc|realloc|aligned_alloc)$|^je_|sdallocx")),
    ("copying and comparing bytes", re.compile(r"^__?mem(move|cpy|cmp|set|chr)|^__strlen")),
    ("the cache of documents", re.compile(r"DocumentCache|Visible")),
    ("the engine, all else", re.compile(r"engines::embedded|EmbeddedStore|store::")),
    ("journal and market", re.compile(r"abc2::(journal|market|runtime::random)")),
    ("coroutines and event loops", re.compile(r"boost::asio|abc2::runtime|coroutine")),
    ("the system", re.compile(r"\[k\]|kernel|pthread|futex|libc\.so|vdso")),
)


def kind_of(symbol, file):
    return next((name for name, expression in KINDS if expression.search(symbol) or expression.search(file)), "other")


def cpu_seconds(pid):
    """Of all its threads, by user and system."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def look(program, store, sizes, buyers, seconds, data, form):
    command = [str(part) for part in (program, "bench", "purchases", "--buyers", buyers, "--seconds", seconds + SETTLED + 2,
                                      *sizes, "--store", store, "--json", *form)]
    bench = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        time.sleep(SETTLED)
        before = cpu_seconds(bench.pid)
        recorded = subprocess.run(["perf", "record", "-q", "-F", "997", "-o", str(data), "-p", str(bench.pid), "--", "sleep",
                                   str(seconds)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        used = cpu_seconds(bench.pid) - before
        out, _ = bench.communicate(timeout=120)
    finally:
        machine.stop(bench)
    if recorded.returncode != 0:
        sys.exit("bench: perf may not look at a process here (sysctl kernel.perf_event_paranoid must be 1 or less, or "
                 f"you root):\n{recorded.stderr.strip()[-500:]}")
    result = json.loads(out.strip().splitlines()[-1])
    purchases = result["per_second"] * seconds
    report = subprocess.run(["perf", "report", "-i", str(data), "--stdio", "-g", "none", "--no-children", "--sort",
                             "comm,dso,sym", "-t", "|", "-q"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            check=True).stdout
    shares = collections.Counter()
    for line in report.splitlines():
        parts = [part.strip() for part in line.split("|")]
        if len(parts) < 4 or not parts[0].endswith("%"):
            continue
        thread = "event loops" if parts[1] == "abc2 loop" else "writer" if parts[1] == "abc2 writer" else "behind them"
        shares[thread, kind_of(parts[3], parts[2])] += float(parts[0][:-1]) / 100
    each = 1e6 * used / purchases
    return {"per_second": result["per_second"], "cpu_us": round(each, 1), "cores": round(used / seconds, 2),
            "bytes": result["document_bytes_per_purchase"],
            "us": {f"{thread}: {kind}": round(share * each, 1) for (thread, kind), share in shares.most_common()}}


def bare(folder, size, times=300):
    """Microseconds of writing and syncing so many bytes at the end of a file, the median."""
    taken = []
    path = pathlib.Path(folder) / "bare"
    with open(path, "wb", buffering=0) as file:
        for _ in range(times):
            start = time.perf_counter()
            file.write(b"x" * size)
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - start) * 1e6)
    path.unlink()
    return sorted(taken)[times // 2]


def run(options, about, folder, build):
    program, sizes = build / "abc2", ["--accounts", options.accounts, "--campaigns", options.campaigns]
    subprocess.run(["ninja", "-C", build, "engine_bench"], check=True, stdout=subprocess.DEVNULL)
    forms = {"one commit": [], "in steps": ["--steps"]}
    looks = {name: look(program, f"embedded:{folder}/{name.replace(' ', '-')}", sizes, 64, options.seconds,
                        folder / "perf.data", form) for name, form in forms.items()}
    commit, steps = looks["one commit"], looks["in steps"]
    print(f"\n{'microseconds of a processor, a purchase':<56}{'in steps':>10}{'one commit':>12}")
    for name in sorted(set(commit["us"]) | set(steps["us"]),
                       key=lambda name: (name.split(":")[0], -commit["us"].get(name, 0))):
        if max(commit["us"].get(name, 0), steps["us"].get(name, 0)) >= 0.5:
            print(f"  {name:<54}{steps['us'].get(name, 0):>10.1f}{commit['us'].get(name, 0):>12.1f}")
    print(f"{'all, on so many processors':<56}{steps['cpu_us']:>6.1f} {steps['cores']:>4.2f}"
          f"{commit['cpu_us']:>7.1f} {commit['cores']:>4.2f}")
    print(f"{'purchases a second, 64 buyers':<56}{steps['per_second']:>10,.0f}{commit['per_second']:>12,.0f}")
    size = int(commit["bytes"])
    limits = {purchases: bare(folder, size * purchases) for purchases in (1, 16, 64)}
    print(f"\n{'bare: the bytes of so many purchases, written and synced':<56}{'us':>10}{'a second':>12}")
    for purchases, taken in limits.items():
        print(f"  {purchases:<54}{taken:>10.0f}{1e6 / taken * purchases:>12,.0f}")
    print("\nthe engine alone, four documents of the same size in each commit:")
    engine = subprocess.run([str(part) for part in (build / "bench/engine_bench", folder / "engine", options.seconds, 20000,
                                                    size // 4, 2, 4)], stdin=subprocess.DEVNULL, check=True, text=True,
                            capture_output=True).stdout
    print(engine.rstrip())
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"machine": about, "seconds": options.seconds, **looks, "bare_us": limits,
                                       "engine": engine.splitlines()}, indent=2) + "\n")
    print(f"all figures: {options.out}")
    return 0
