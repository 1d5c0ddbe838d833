"""The machine that a benchmark ran on, and small things that all of its parts need."""
import os
import pathlib
import platform
import re
import socket
import subprocess
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "tests"))
from ports import free_port  # noqa: E402


def describe(folder):
    """What a reader must know to compare figures: the processor, the system, and the bare cost of a synced write."""
    cpu = re.search(r"model name\s*:\s*(.+)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())
    return {
        "cpu": cpu.group(1) if cpu else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(int(memory.group(1)) / 1e6, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_before": os.getloadavg()[0],
        **{f"disk_sync_{name}_us": value for name, value in disk_sync(folder).items()},
    }


def disk_sync(folder, writes=300):
    """Microseconds of appending 4 KiB and fdatasync, one after the other: what a durable write costs at least."""
    path = pathlib.Path(folder) / "sync-probe"
    taken = []
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        for _ in range(writes):
            start = time.perf_counter()
            os.write(file, b"x" * 4096)
            os.fdatasync(file)
            taken.append((time.perf_counter() - start) * 1e6)
    finally:
        os.close(file)
        path.unlink()
    taken.sort()
    return {"p50": round(taken[writes // 2]), "p99": round(taken[writes * 99 // 100])}


def wait_for_port(port, process, seconds=30):
    """Until something listens there. RuntimeError if `process` ends first, or after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode} before it listened")
        time.sleep(0.05)
    raise RuntimeError(f"{process.args[0]} does not listen on port {port}")


def stop(process, seconds=30):
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def output_of(command, **options):
    """Standard output of a command; RuntimeError with the end of its error output if it fails."""
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          **options)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-600:]}")
    return done.stdout


def wrk(url, seconds, connections=64, script=None):
    """Requests per second that one thread of wrk gets answered. RuntimeError if an answer was not a success."""
    text = output_of(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *(["-s", script] if script else []), url])
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError("wrk: " + " ".join(re.findall(r".*(?:Non-2xx|Socket errors).*", text)).strip())

    def latency(percent):
        value, unit = re.search(rf"^\s*{percent}%\s+([\d.]+)(us|ms|s)", text, re.MULTILINE).groups()
        return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]

    return {"per_second": float(re.search(r"Requests/sec:\s*([\d.]+)", text).group(1)),
            "p50_ms": latency(50), "p99_ms": latency(99)}
