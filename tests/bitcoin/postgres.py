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
    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="abc2-postgres-"))
        self.user = {}
        if os.geteuid() == 0:  # which PostgreSQL refuses to run as; Debian's package has made a user for it
            entry = pwd.getpwnam("postgres")
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            self.user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        self.folder.chmod(0o755)
        data = str(self.folder / "data")
        subprocess.run([PROGRAMS / "initdb", "-D", data, "-A", "trust", "-U", "abc2", "--no-sync", "--no-locale",
                        "-E", "UTF8"], check=True, capture_output=True, cwd="/", **self.user)
        self.process = subprocess.Popen(
            [PROGRAMS / "postgres", "-D", data, "-k", str(self.folder), "-c", "listen_addresses="],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **self.user)
        for _ in range(600):
            if subprocess.run([PROGRAMS / "createdb", "-h", str(self.folder), "-U", "abc2", "abc2"],
                              capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
        else:
            raise AssertionError("PostgreSQL did not start")
        self.url = f"postgres://abc2@/abc2?host={self.folder}"
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
