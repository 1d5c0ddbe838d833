"""A primary and its synchronous standby, set up and promoted by the commands of docs/operating.md: what was acknowledged
before the primary was lost is there afterwards, and the server goes on by itself."""
import json
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time

import runbook

sys.path.append(str(runbook.ROOT / "tests"))
sys.path.append(str(runbook.ROOT / "tests/http"))
sys.path.append(str(runbook.ROOT / "tests/bitcoin"))
from abc2_server import PATIENCE, run, serving  # noqa: E402
from ports import free_port  # noqa: E402
from postgres import PROGRAMS  # noqa: E402

USER = {}
if os.geteuid() == 0:  # which PostgreSQL refuses to run as
    entry = pwd.getpwnam("postgres")
    USER = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
SETTINGS = runbook.block("ini", "synchronous_standby_names")
ROLES = runbook.block("sql", "CREATE ROLE")
COPY = runbook.block("sh", "pg_basebackup")
PROMOTE = runbook.block("sh", "pg_ctl promote")


def must(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE, cwd="/", **more)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout.strip()


class Machine:
    """A PostgreSQL on a port of its own."""

    def __init__(self, folder):
        self.data = folder / "main"
        self.port, self.folder, self.process = free_port(), folder, None
        folder.mkdir()
        if USER:
            os.chown(folder, USER["user"], USER["group"])

    def start(self):
        self.process = subprocess.Popen(
            [PROGRAMS / "postgres", "-D", self.data, "-k", str(self.folder), "-p", str(self.port),
             "-c", "listen_addresses=127.0.0.1"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **USER)
        self.until(lambda: subprocess.run([PROGRAMS / "pg_isready", "-h", "127.0.0.1", "-p", str(self.port)],
                                          capture_output=True, check=False).returncode == 0)

    def sql(self, statements):
        return must([PROGRAMS / "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-v",
                     "ON_ERROR_STOP=1", "-qtA"], input=statements)

    def until(self, probe):
        deadline = time.monotonic() + PATIENCE
        while not probe():
            assert time.monotonic() < deadline, "never"
            time.sleep(0.05)

    def lose(self):
        """All of it at once: this is what a lost machine does."""
        if self.process:
            self.process.send_signal(3)  # SIGQUIT: at once, without a farewell to anybody; its helpers go with it
            self.process.wait()
            self.process = None


def as_written(command, primary, standby):
    """A command of the runbook, with the test's folder and port instead of /var/lib and db1."""
    text = command.replace("/var/lib/postgresql/15/main", str(standby.data))
    text = text.replace("-h db1", f"-h 127.0.0.1 -p {primary.port}")
    return must(["sh", "-c", f"PATH={PROGRAMS}:$PATH\n{text}"], **USER)


def what_was_acknowledged_outlives_the_primary():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="abc2-standby-"))
    folder.chmod(0o755)
    primary, standby = Machine(folder / "primary"), Machine(folder / "standby")
    try:
        must([PROGRAMS / "initdb", "-D", primary.data, "-A", "trust", "-U", "postgres", "--no-sync", "--no-locale", "-E",
              "UTF8"], **USER)
        with open(primary.data / "postgresql.conf", "a", encoding="utf-8") as settings:
            settings.write("\n" + SETTINGS)
        primary.start()
        # The roles are made before there is a standby to wait for.
        primary.sql("SET synchronous_commit = local;\n" + ROLES)
        as_written(COPY, primary, standby)
        standby.start()
        primary.until(lambda: primary.sql("SELECT application_name, sync_state FROM pg_stat_replication")
                      == "standby1|sync")
        store = f"postgres://abc2:PASSWORD@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/abc2"
        with serving("--operators", "op", store=store) as server:
            def ask(method, path, body=None, token=None):
                headers = {"Authorization": "Bearer " + token} if token else {}
                status, _, raw = server.request(method, path, body, headers)
                return status, json.loads(raw)

            for user in ("op", "ann"):
                assert ask("POST", "/api/accounts", {"user": user, "password": "a password"})[0] == 201
            token = ask("POST", "/api/sessions", {"user": "op", "password": "a password"})[1]["token"]

            def fund(number):
                return ask("POST", "/api/operator/deposits", {"id": f"d{number}", "user": "ann", "amount_sat": 100},
                           token)[0]
            for number in range(20):
                assert fund(number) == 201, number
            primary.lose()
            as_written(PROMOTE, primary, standby)
            alone = re.findall(r"`(ALTER SYSTEM SET [^`]*|SELECT pg_reload_conf\(\))`", runbook.TEXT)
            assert len(alone) == 2, alone
            for statement in alone:
                standby.sql(statement)
            standby.until(lambda: ask("GET", "/readyz")[0] == 200)
            standby.until(lambda: fund(20) in (200, 201))
            report = ask("POST", "/api/operator/audit", token=token)[1]
            assert report["passed"] and report["put_in_sat"] == 2100, report
    finally:
        primary.lose()
        standby.lose()
        shutil.rmtree(folder, ignore_errors=True)


run(what_was_acknowledged_outlives_the_primary)
