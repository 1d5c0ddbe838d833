"""suite.py STORE PROGRAM...: the unit tests of these GoogleTest programs, which run in memory otherwise, on a real
PostgreSQL or etcd that is started for them. Fails unless every test of theirs ran but those that LEFT_OUT names, and
unless each program did use the server."""
import concurrent.futures
import fnmatch
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from servers import SERVERS, use_memory

SHARDS = 2  # of each program, side by side
PATIENCE = 900  # seconds

# What runs in memory only, and why. A pattern that matches nothing is an error.
LEFT_OUT = {
    "Watching.ABlockWithMoreThanOneDocumentHolds":
        "25,000 writes about how a block of 2500 payments is divided, which is the same on every store",
}


def listed(program):
    """The names of all its tests."""
    names, suite = [], ""
    for line in subprocess.run([program, "--gtest_list_tests"], check=True, capture_output=True,
                               text=True).stdout.splitlines():
        line = line.split("#")[0].rstrip()
        if line.startswith("  "):
            names.append(suite + line.strip())
        elif line.endswith("."):
            suite = line
    return names


def left_out(name):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in LEFT_OUT)


class Shard:
    def __init__(self, program, number, url, folder):
        self.program, self.name = program, f"{pathlib.Path(program).name}-{number}"
        self.report, self.places, self.log = (folder / f"{self.name}.{what}" for what in ("json", "places", "log"))
        self.environment = os.environ | {
            "ABC2_TEST_STORE": url, "ABC2_TEST_STORE_COUNT": str(self.places),
            "GTEST_TOTAL_SHARDS": str(SHARDS), "GTEST_SHARD_INDEX": str(number)}

    def run(self):
        """(passed, skipped, failed): names of tests, and how long each took."""
        arguments = [f"--gtest_output=json:{self.report}"]
        if LEFT_OUT:
            arguments.append("--gtest_filter=-" + ":".join(LEFT_OUT))
        with open(self.log, "wb") as log:
            subprocess.run([self.program, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                           env=self.environment, cwd=pathlib.Path(self.program).parent, timeout=PATIENCE, check=False)
        self.seconds = {}
        if not self.report.exists():
            print(f"{self.name} did not end:\n" + self.log.read_text(errors="replace")[-20000:])
            return
        for suite in json.loads(self.report.read_text())["testsuites"]:
            for test in suite["testsuite"]:
                if test["status"] == "RUN" and "failures" not in test:
                    self.seconds[f"{suite['name']}.{test['name']}"] = float(test["time"].removesuffix("s"))
        text = self.log.read_text(errors="replace")
        if "FAILED" in text:
            print(f"{self.name}:\n" + "\n".join(line for line in text.splitlines()
                                                if not line.startswith(("[ RUN", "[       OK", "[---")))[-20000:])

    def used(self):
        return int(self.places.read_text()) if self.places.exists() else 0


def run(store, programs):
    tests = {program: listed(program) for program in programs}
    everything = [name for names in tests.values() for name in names]
    for pattern, reason in LEFT_OUT.items():
        number = len(fnmatch.filter(everything, pattern))
        assert number > 0, f"{pattern} is no test any more"
        print(f"in memory only: {pattern} ({number}): {reason}")
    began = time.monotonic()
    use_memory()
    with SERVERS[store]() as server, tempfile.TemporaryDirectory(prefix="abc2-stores-") as folder:
        shards = [Shard(program, number, server.url, pathlib.Path(folder))
                  for program in programs for number in range(SHARDS)]
        with concurrent.futures.ThreadPoolExecutor(SHARDS) as pool:
            for done in [pool.submit(shard.run) for shard in shards]:
                done.result()
        seconds = {name: time for shard in shards for name, time in shard.seconds.items()}
        places = {program: sum(shard.used() for shard in shards if shard.program == program) for program in programs}
    for name, took in sorted(seconds.items(), key=lambda each: -each[1])[:10]:
        print(f"{took:6.1f} s {name}")
    missing = [name for name in everything if not left_out(name) and name not in seconds]
    print(f"{len(seconds)} of {len(everything)} tests passed on {store}, in {sum(places.values())} places, "
          f"in {time.monotonic() - began:.0f} s")
    assert not missing, f"did not pass, or did not run: {missing}"
    idle = [program for program, used in places.items() if used == 0]
    assert not idle, f"never used the server: {idle}"


run(sys.argv[1], [str(pathlib.Path(program).resolve()) for program in sys.argv[2:]])
