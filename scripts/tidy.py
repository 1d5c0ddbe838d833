"""tidy.py BUILD: clang-tidy over every unit of src/ in BUILD/compile_commands.json that ships (tests are
compiled with all warnings and run, which is what they need), and every header that is installed compiled by itself (the
precompiled header hides what a header forgets to include from us, not from who installs it). One process a core.

What passed is not looked at again until it, a header of ours that it includes, its command or .clang-tidy changes: it
leaves a stamp, named by the hash of all that, in BUILD/tidy/.
"""
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIDY = ["clang-tidy-19", "--quiet", "-p"]
# The flags of the build without its precompiled header.
HEADER_ALONE = ["clang++-19", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Isrc", "-include"]
# The folders that abc2_install names in CMakeLists.txt.
INSTALLED = re.search(r"abc2_install\(([^)]*)\)", (ROOT / "CMakeLists.txt").read_text()).group(1).split()


@functools.cache
def read(path):
    return path.read_bytes()


@functools.cache
def includes(path):
    found = set()
    for name in re.findall(rb'^\s*#\s*include\s*"([^"]+)"', read(path), re.MULTILINE):
        for folder in (ROOT / "src", path.parent):
            header = folder / name.decode()
            if header.is_file():
                found.add(header.resolve())
                break
    return found


def with_headers(path):
    seen, waiting = set(), [path]
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting.extend(includes(one))
    return sorted(seen)


def stamp_of(path, command):
    key = hashlib.sha256(command.encode())
    for part in with_headers(path) + [ROOT / ".clang-tidy", ROOT / "cmake/pch.hpp"]:
        key.update(str(part).encode() + read(part))
    return key.hexdigest()


def jobs_of(build):
    """What there is to do: path -> (the stamp's name, the command)."""
    jobs, definitions = {}, []
    for unit in json.loads(read(build / "compile_commands.json")):
        path = pathlib.Path(unit["file"]).resolve()
        test = path.stem.endswith(("_test", "_fuzz")) or path.stem.startswith("test_")
        if path.is_relative_to(ROOT / "src") and path.exists() and not test and "conformance" not in path.parts:
            jobs[path] = (stamp_of(path, unit["command"]), TIDY + [build, path])
            definitions = definitions or re.findall(r"-DBOOST\w+", unit["command"])
    for path in (header for folder in INSTALLED for header in (ROOT / "src" / folder).glob("*.hpp")):
        command = HEADER_ALONE + [path, "-x", "c++", "/dev/null"] + definitions
        jobs[path] = (stamp_of(path, str(command)), command)
    return jobs


def run(command):
    done = subprocess.run(command, cwd=ROOT, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, re.sub(r"^\d+ warnings?( and \d+ errors?)? generated\.\n", "", done.stdout, flags=re.MULTILINE)


def main(build):
    stamps = build / "tidy"
    stamps.mkdir(exist_ok=True)
    jobs = jobs_of(build)
    if not jobs:
        sys.exit(f"tidy: nothing to look at in {build}")
    waiting = [path for path, (stamp, _) in jobs.items() if not (stamps / stamp).exists()]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        futures = {pool.submit(run, jobs[path][1]): path for path in waiting}
        for future in concurrent.futures.as_completed(futures):
            path = futures[future]
            code, output = future.result()
            if code == 0:
                (stamps / jobs[path][0]).touch()
            else:
                bad += 1
                print(f"tidy: {path.relative_to(ROOT)}\n{output}", flush=True)
    current = {stamp for stamp, _ in jobs.values()}
    for stamp in stamps.iterdir():
        if stamp.name not in current:
            stamp.unlink()
    print(f"tidy: {len(jobs)} units and headers, {len(waiting)} of them new or changed, {bad} with findings")
    return bad


if __name__ == "__main__":
    sys.exit(1 if main(pathlib.Path(sys.argv[1]).resolve()) else 0)
