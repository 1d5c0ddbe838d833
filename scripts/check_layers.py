"""check_layers.py [ROOT]: holds every #include under src/ against the graph of folders in CMakeLists.txt, and the
folders that must be deterministic, or know nothing of the market, against what they may name. Prints each violation."""
import pathlib
import re
import sys

# Vendor headers, and the only folders that may include them.
VENDORS = {
    r"rocksdb/": ["engines/embedded"],
    r"(libpq-fe|postgres_ext|pg_config).*\.h": ["engines/postgres"],
    r"(grpc|grpcpp|google/protobuf)/|.*\.pb\.h": ["engines/etcd"],
    r"(libcouchbase|couchbase)/": ["engines/couchbase"],
    r"gd\.h": ["market"],
    r"boost/beast": ["http", "cli", "bitcoin"],
    r"openssl/": ["runtime", "http", "cli", "bitcoin"],
    r"secp256k1": ["bitcoin"],
    r"CLI/": ["cli"],
    r"(gtest|gmock)/": ["store", "store/conformance"],  # the conformance suite; tests may anyway
}
# Time, chance, threads and blocking come from the Runtime. A mutex is allowed: it guards what lies in memory, and
# clang-tidy sees to it that no coroutine suspends while it holds one.
DETERMINISTIC = {"journal", "market"}
NOT_DETERMINISTIC = re.compile(
    r"\b\w+_clock::now|\bstd::(jthread|thread|this_thread|async|random_device|mt19937\w*|condition_variable\w*|"
    r"promise|future|counting_semaphore|latch|barrier)\b|\b(sleep_for|sleep_until|usleep|nanosleep|gettimeofday|"
    r"clock_gettime|srand|s?rand48|random_shuffle|getrandom|randombytes_\w+|getenv)\b|(?<![\w.:>])(rand|time|sleep)\s*\(|"
    r"\b(steady_timer|system_timer|deadline_timer|thread_pool)\b")
MARKET_WORDS = re.compile(r"(?<!cancellation_)(?<![a-z])(campaign|seller|buyer|advert|filler|slot|ads?(?![a-z]))", re.I)
# What tests may sit on: the memory engine, or the engine that is named when they run.
TEST_ENGINES = {"engines/memory", "engines/for_tests"}
# (file, name) -> why this one is right. One that is no longer needed is reported too.
EXCEPTIONS = {}


def folder_graph(root):
    text = re.sub(r"#.*", "", (root / "CMakeLists.txt").read_text())
    direct = {}
    for kind, name, rest in re.findall(r"abc2_(folder|program)\(\s*([\w/]+)([^)]*)\)", text):
        folder = re.search(r"FOLDER\s+([\w/]+)", rest).group(1) if kind == "program" else name
        direct[folder] = re.findall(r"[\w/:.-]+", rest.partition("LINKS")[2])
    graph = {}
    for folder in direct:
        seen, waiting = set(), [folder]
        while waiting:
            one = waiting.pop()
            if one in direct and one not in seen:
                seen.add(one)
                waiting += direct[one]
        graph[folder] = seen
    return graph


def check(root):
    graph, problems, used = folder_graph(root), [], set()
    if not graph:
        return [f"{root}/CMakeLists.txt: no abc2_folder() found"]
    sources = [path for path in sorted((root / "src").rglob("*")) if path.suffix in (".cpp", ".hpp", ".ipp", ".h")]
    for path in sources:
        name, folder = str(path.relative_to(root)), str(path.parent.relative_to(root / "src"))
        test = re.search(r"_(test|fuzz)\.cpp$|/test_\w+\.hpp$", name)

        def report(line, what, word):
            if (name, word) in EXCEPTIONS:
                used.add((name, word))
            else:
                problems.append(f"{name}:{line}: {what}")

        if folder not in graph:
            report(1, f"src/{folder} is not in CMakeLists.txt", folder)
            continue
        allowed = graph[folder] | (TEST_ENGINES if test and not folder.startswith("engines/") else set())
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if include := re.match(r'\s*#\s*include\s*(["<])([^">]+)', line):
                quoted, header = include.group(1) == '"', include.group(2)
                target = str(pathlib.PurePath(header).parent)
                if quoted and target not in allowed:
                    report(number, f"{folder} may not include {header}: {target} is not among what it links", header)
                if (quoted and target.startswith("engines/") and folder.startswith("engines/") and target != folder
                        and folder not in TEST_ENGINES):
                    report(number, f"an engine includes another engine: {header}", header)
                for vendor, where in VENDORS.items():
                    if re.match(vendor, header) and folder not in where and not (test and "gtest" in vendor):
                        report(number, f"{header} belongs only in {', '.join(where)}", header)
            code = line.partition("//")[0]
            if folder in DETERMINISTIC and not test and (found := NOT_DETERMINISTIC.search(code)):
                report(number, f"{folder} takes time, chance and threads from the Runtime, not {found.group()}", found.group())
            if folder == "journal" and (found := MARKET_WORDS.search(line)):
                report(number, f"journal knows no word of the market: {found.group()}", found.group())
    return problems + [f"{one[0]}: the exception for {one[1]} is no longer needed" for one in EXCEPTIONS if one not in used]


if __name__ == "__main__":
    found = check(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve())
    print("\n".join(found + [f"layers: {len(found)} violations"]))
    sys.exit(1 if found else 0)
