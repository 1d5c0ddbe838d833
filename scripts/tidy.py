"""tidy.py BUILD: clang-tidy over every unit of BUILD/compile_commands.json, one process a core.

A unit that passed is not looked at again until it, a header of ours that it includes, its command or .clang-tidy
changes: a passed unit leaves a stamp, named by the hash of all that, in BUILD/tidy/.
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
CLANG_TIDY = "clang-tidy-19"


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


def key_of(unit, path):
    key = hashlib.sha256(read(ROOT / ".clang-tidy") + unit["command"].encode())
    for part in with_headers(path) + [ROOT / "cmake/pch.hpp"]:
        key.update(str(part).encode() + read(part))
    return key.hexdigest()


def check(build, path):
    run = subprocess.run([CLANG_TIDY, "-p", build, "--quiet", path], cwd=ROOT, text=True, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return run.returncode, re.sub(r"^\d+ warnings?( and \d+ errors?)? generated\.\n", "", run.stdout, flags=re.MULTILINE)


def main(build):
    stamps = build / "tidy"
    stamps.mkdir(exist_ok=True)
    units = {}
    for unit in json.loads(read(build / "compile_commands.json")):
        path = pathlib.Path(unit["file"]).resolve()
        if path.is_relative_to(ROOT) and not path.is_relative_to(ROOT / "build") and path.exists():
            units[path] = stamps / key_of(unit, path)
    if not units:
        sys.exit("tidy: no units found in " + str(build))
    waiting = [path for path, stamp in units.items() if not stamp.exists()]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        futures = {pool.submit(check, build, path): path for path in waiting}
        for future in concurrent.futures.as_completed(futures):
            path = futures[future]
            code, output = future.result()
            if code == 0:
                units[path].touch()
            else:
                bad += 1
                print(f"tidy: {path.relative_to(ROOT)}\n{output}", flush=True)
    for stale in set(stamps.iterdir()) - set(units.values()):
        stale.unlink()
    print(f"tidy: {len(units)} units, {len(waiting)} of them new or changed, {bad} with findings")
    return bad


if __name__ == "__main__":
    sys.exit(1 if main(pathlib.Path(sys.argv[1]).resolve()) else 0)
