"""check_files.py [ROOT]: rules that no compiler checks, over every file that git tracks. Prints each violation."""
import pathlib
import re
import subprocess
import sys

LINES_MOST = 600
CODE = (".cpp", ".hpp", ".ipp", ".h")
TEXT = CODE + (".md", ".txt", ".py", ".sh", ".cmake", ".yaml", ".yml", ".json", ".js", ".ts", ".html", ".sql", ".css", ".svelte", ".mjs", "")

# A parameter that may dangle once the coroutine has suspended: a reference that binds to temporaries, or a view.
# A plain `Store&` cannot bind to a temporary: it names a service that outlives its operations.
DANGLING = re.compile(r"const\s+[\w:<>,\s]+?&(?!&)|[\w>]\s*&&|\bstd::(string_view|span)\b")
COROUTINE = re.compile(r"^[ \t]*(?:\[\[nodiscard\]\]\s*)?(?:static\s+|virtual\s+|inline\s+)*"
                       r"(?:abc2::|boost::asio::|asio::)?(?:Task|awaitable)<[^;={}]*?>\s+[\w:~]+\(([^;{}]*?)\)[^;{}()]*[;{]"
                       r"|\[[^\]\n]*\]\s*\(([^()]*)\)\s*(?:mutable\s*)?->\s*(?:abc2::|boost::asio::|asio::)?(?:Task|awaitable)<",
                       re.MULTILINE)

# (what it is, the expression, which files). A reason in a comment on the same line or the line above allows the last two.
EVERYWHERE = [
    ("a blank at the end of a line", re.compile(r"[ \t]+$"), lambda path: path.suffix != ".md"),
    ("a path of somebody's machine", re.compile(r"(?<![\w./$}])/(home|root|Users|work|tmp/build)[/-]"), lambda path: True),
    ("unfinished work", re.compile(r"\b(TOD[O]|FIXM[E]|HAC[K]|XX[X])\b"), lambda path: True),
    ("an address of a package registry", re.compile(r'"resolved"\s*:'), lambda path: path.name == "package-lock.json"),
    # Of clang-tidy's checks, bugprone-unused-raii takes a quarter of all time.
    ("a lock without a name, which is over at once",
     re.compile(r"\b(lock_guard|unique_lock|scoped_lock|shared_lock)(<[^<>]*>)?\s*[({]"), lambda path: path.suffix in CODE),
    ("a tab", re.compile(r"\t"), lambda path: path.suffix in CODE),
    ("a discarded result", re.compile(r"(?<!THROW\()(?<!DEATH\()\(void\)\s*[^;)]*\("), lambda path: path.suffix in CODE),
    ("a test that waits by the clock", re.compile(r"\bsleep_for\b"), lambda path: path.name.endswith("_test.cpp")),
]
WITH_REASON = [
    ("a check that is turned off without a reason", re.compile(r"NOLIN[T](?!.*:\s*\w)")),
    ("an exception swallowed without a reason", re.compile(r"catch\s*\(\.\.\.\)")),
]


def problems_of(path, text):
    found = []
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        for what, expression, applies in EVERYWHERE:
            if applies(path) and expression.search(line):
                found.append((number, what))
        if path.suffix in CODE:
            for what, expression in WITH_REASON:
                around = line.partition("//")[2] or (number > 1 and "//" in lines[number - 2])
                if expression.search(line) and (expression is WITH_REASON[0][1] or not around):
                    found.append((number, what))
    if path.suffix in CODE:
        if len(lines) > LINES_MOST:
            found.append((len(lines), f"more than {LINES_MOST} lines: look for the seam"))
        plain = re.sub(r"//.*", "", text)
        for coroutine in COROUTINE.finditer(plain):
            parameters, nested = coroutine.group(1) or coroutine.group(2) or "", 1
            while nested:  # what stands between < and > is no parameter: std::function<void(const T&)>
                parameters, nested = re.subn(r"<[^<>]*>", "", parameters)
            if bad := DANGLING.search(parameters):
                at = plain.count("\n", 0, coroutine.end(1) if coroutine.group(1) else coroutine.end(2)) + 1
                found.append((at, f"a coroutine's parameter that may dangle: {bad.group()}"))
    if text and not text.endswith("\n"):
        found.append((len(lines), "no newline at the end"))
    return found


def check(root, names):
    problems = []
    for name in names:
        path = root / name
        if path.suffix not in TEXT or not path.is_file() or path.is_symlink():
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            if path.suffix:
                problems.append(f"{name}:1: not UTF-8")
            continue
        problems += [f"{name}:{line}: {what}" for line, what in problems_of(path, text)]
        # Where this checkout lies is nobody else's business.
        if len(root.parts) > 2 and str(root) in text:
            problems.append(f"{name}:1: the path of this checkout")
    return problems


if __name__ == "__main__":
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
    names = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True).stdout
    found = check(root, [name for name in names.split("\0") if name])
    print("\n".join(found + [f"files: {len(found)} violations"]))
    sys.exit(1 if found else 0)
