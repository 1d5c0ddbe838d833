"""Processes that can be killed, stopped for a while and started again, and that end with the one that started them.

All of them must be started by the main thread: they are told to die when the thread that started them does.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE.resolve().parent))
from ports import free_port  # noqa: E402


def children(pid):
    """All that it started, and those that these started."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parents[int(entry)] = int(pathlib.Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):  # it has ended meanwhile
                continue
    found, waiting = [], [pid]
    while waiting:
        parent = waiting.pop()
        mine = [child for child, its in parents.items() if its == parent]
        found += mine
        waiting += mine
    return found


def send(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:  # it has just ended
            continue


class Process:
    """A command that runs, or does not, or is paused."""

    def __init__(self, name, command, log, user=None, environment=None):
        self.name, self.command, self.log = name, [str(part) for part in command], log
        self.user, self.environment = user, environment or {}
        self.process, self.wanted, self.paused = None, False, False

    def start(self):
        become = ["--reuid", self.user, "--regid", self.user, "--clear-groups"] if self.user else []
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", *become, "--pdeathsig", "KILL", *self.command], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd="/", env=os.environ | self.environment)
        self.wanted, self.paused = True, False

    def running(self):
        return self.process is not None and self.process.poll() is None

    def ended_by_itself(self):
        return self.wanted and not self.running()

    def everybody(self, number):
        """The signal to it and all that it started: first it, so that it starts no more."""
        self.process.send_signal(signal.SIGSTOP)
        send([self.process.pid, *children(self.process.pid)], number)

    def kill(self):
        self.wanted = False
        if self.running():
            self.everybody(signal.SIGKILL)
        if self.process:
            self.process.wait()

    def end(self, patience):
        """It is asked to end, and has so many seconds. Its exit code; None: it was killed after them."""
        self.wanted = False
        self.process.terminate()
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def pause(self):
        self.everybody(signal.SIGSTOP)
        self.paused = True

    def resume(self):
        if self.paused:
            # The order does not matter: whoever goes on first waits for the others.
            send([self.process.pid, *children(self.process.pid)], signal.SIGCONT)
            self.paused = False


class Proxies:
    """All links, in one process of their own (proxy.py)."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, "-B", HERE / "proxy.py"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)

    def say(self, *command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if answer != "ok\n":
            raise AssertionError(f"the proxy has ended at {command}")

    def open(self, name, target):
        """The port at which it is reached through this link."""
        port = free_port()
        self.say("open", name, port, target)
        return port

    def cut(self, name, how, source=None):
        self.say("cut", name, source, how)

    def heal(self, name, source=None):
        self.say("heal", name, source)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
