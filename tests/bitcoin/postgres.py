"""A PostgreSQL server of a test's own, on a socket in a folder of its own: no port, no network."""
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile
import time

PROGRAMS = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), default=pathlib.Path("/usr/bin"))


class Postgres:
    def __init__(self, start=True):
        self.process = None
        self.at_once = start

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="abc2-postgres-"))
        self.data = str(self.folder / "data")
        self.url = f"postgres://abc2@/postgres?host={self.folder}"
        self.user = {}
        if os.geteuid() == 0:  # which PostgreSQL refuses to run as; Debian's package has made a user for it
            entry = pwd.getpwnam("postgres")
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            self.user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        self.folder.chmod(0o755)
        subprocess.run([PROGRAMS / "initdb", "-D", self.data, "-A", "trust", "-U", "abc2", "--no-sync", "--no-locale",
                        "-E", "UTF8"], check=True, capture_output=True, cwd="/", **self.user)
        if self.at_once:
            self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        self.process = subprocess.Popen(
            [PROGRAMS / "postgres", "-D", self.data, "-k", str(self.folder), "-c", "listen_addresses="],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **self.user)
        for _ in range(600):
            if subprocess.run([PROGRAMS / "psql", "-h", str(self.folder), "-U", "abc2", "-c", "select 1", "postgres"],
                              capture_output=True).returncode == 0:
                return
            time.sleep(0.1)
        raise AssertionError("PostgreSQL did not start")

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
