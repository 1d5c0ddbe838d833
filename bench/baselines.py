"""What a user would take instead: PostgreSQL and SQLite for the purchase, nginx for serving ads."""
import glob
import json
import os
import pathlib
import pwd
import subprocess

import machine
from machine import free_port

HERE = pathlib.Path(__file__).resolve().parent


class Postgres:
    """A cluster of its own, durable (fsync and synchronous_commit on), reached by a Unix socket in its folder.

    It runs only while it is measured: between two runs it is stopped, so that nothing of it disturbs the others.
    """

    def __init__(self, folder, accounts, campaigns):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
        if not found:
            raise RuntimeError("PostgreSQL is not installed")
        self.bin, self.folder = pathlib.Path(found[-1]), pathlib.Path(folder)
        self.variables = {"accounts": accounts, "campaigns": campaigns}
        self.folder.mkdir()
        # The server refuses to run as root; its user must reach the folder and the scripts.
        self.user = []
        if os.getuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.user = ["runuser", "-u", "postgres", "--"]
        self.run("initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
        with open(self.folder / "data/postgresql.conf", "a", encoding="utf-8") as settings:
            settings.write(f"listen_addresses = ''\nunix_socket_directories = '{self.folder}'\nmax_connections = 200\n"
                           "fsync = on\nsynchronous_commit = on\nfull_page_writes = on\nshared_buffers = 256MB\n"
                           "max_wal_size = 4GB\ncheckpoint_timeout = 15min\n")
        with self:
            self.sql((HERE / "postgres/schema.sql").read_text())
            self.sql("VACUUM ANALYZE")
            self.sql("CHECKPOINT")
            self.version = self.sql("SHOW server_version").split()[0]

    def run(self, program, *arguments, **options):
        return machine.output_of([*self.user, self.bin / program, *arguments], cwd=self.folder, **options)

    def sql(self, text):
        variables = [f"-v{name}={value}" for name, value in self.variables.items()]
        done = subprocess.run([*self.user, self.bin / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *variables,
                               "-h", self.folder, "-U", "postgres"],
                              cwd=self.folder, input=text, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError("psql: " + done.stderr.strip())
        return done.stdout.strip()

    def __enter__(self):
        self.run("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "start")
        return self

    def __exit__(self, *_):
        self.run("pg_ctl", "-D", self.folder / "data", "-w", "-m", "fast", "stop")

    def purchases(self, clients, seconds):
        script = self.folder / "purchase.sql"
        script.write_text((HERE / "postgres/purchase.sql").read_text())
        variables = [f"-D{name}={value}" for name, value in self.variables.items()]
        with self:
            common = ["-h", self.folder, "-U", "postgres", "-n", "-M", "prepared", "-f", script, *variables,
                      "-c", clients, "-j", min(clients, os.cpu_count())]
            self.run("pgbench", *common, "-T", 1)  # fills the caches
            text = self.run("pgbench", *common, "-T", seconds, "-l", "--sampling-rate=0.2",
                            f"--log-prefix={self.folder}/latency")
            if self.sql(f"SELECT books_are_sound({self.variables['accounts']})") != "t":
                raise RuntimeError("PostgreSQL: the books are not sound")
        taken = []
        for log in self.folder.glob("latency.*"):
            taken += [int(line.split()[2]) / 1000 for line in log.read_text().splitlines()]
            log.unlink()
        taken.sort()
        rate = next(float(line.split()[2]) for line in text.splitlines() if line.startswith("tps = "))
        return {"per_second": rate, "p50_ms": taken[len(taken) // 2], "p99_ms": taken[len(taken) * 99 // 100]}


def sqlite_purchases(program, folder, accounts, campaigns, threads, seconds):
    folder.mkdir()
    return json.loads(machine.output_of([program, "--db", folder / "db", "--threads", threads, "--seconds", seconds,
                                         "--accounts", accounts, "--campaigns", campaigns]))


class Nginx:
    """nginx with as many workers as cores, serving one body from its cache of open files, with keep-alive."""

    def __init__(self, folder, body):
        self.folder = pathlib.Path(folder)
        (self.folder / "www").mkdir(parents=True)
        (self.folder / "www/ad.json").write_bytes(body)
        self.port = free_port()
        # Its workers change to another user when it is started by root.
        os.chmod(self.folder, 0o755)
        scratch = "".join(f"  {kind}_temp_path {self.folder}/tmp;\n"
                          for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.folder / "nginx.conf").write_text(
            ("user www-data;\n" if os.getuid() == 0 else "") +
            f"daemon off;\nworker_processes auto;\npid {self.folder}/pid;\nerror_log {self.folder}/errors;\n"
            "events { worker_connections 2048; }\n"
            "http {\n  access_log off;\n  sendfile on;\n  tcp_nodelay on;\n  keepalive_timeout 60s;\n"
            "  keepalive_requests 1000000000;\n  open_file_cache max=64;\n  types { application/json json; }\n" + scratch +
            f"  server {{ listen 127.0.0.1:{self.port} backlog=1024; root {self.folder}/www; }}\n}}\n")

    def requests(self, seconds):
        process = subprocess.Popen(["/usr/sbin/nginx", "-p", self.folder, "-e", self.folder / "errors",
                                    "-c", self.folder / "nginx.conf"], stdin=subprocess.DEVNULL)
        try:
            machine.wait_for_port(self.port, process)
            url = f"http://127.0.0.1:{self.port}/ad.json"
            machine.wrk(url, 1)
            return machine.wrk(url, seconds)
        finally:
            machine.stop(process)
