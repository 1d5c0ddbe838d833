"""The stores as a test needs them, with links that can be cut, and the nodes of abc2 on them.

A store has `members` (Process), `url(node)`, which leads through that node's own links, and `links(node)`, their names.
`aside(node)` is the same store with other documents.
"""
import http.client
import json
import os
import pathlib
import pwd
import subprocess
import time

from processes import Process
from ports import free_port  # noqa: E402

PROGRAMS = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), default=pathlib.Path("/usr/bin"))
POSTGRES = "postgres" if os.geteuid() == 0 else None  # as root it refuses to run; Debian's package has made a user
PATIENCE = 180  # seconds; whatever takes so long never comes, however loaded the machine is


def until(probe, what):
    deadline = time.monotonic() + PATIENCE
    while not probe():
        if time.monotonic() > deadline:
            raise AssertionError(f"never: {what}")
        time.sleep(0.05)


class Store:
    def __init__(self, proxies, nodes):
        self.proxies, self.nodes = proxies, nodes

    def open_links(self, ports):
        """To each of these ports from each node."""
        self.through = [[self.proxies.open(f"node{node}-member{member}", port) for member, port in enumerate(ports)]
                        for node in range(self.nodes)]

    def hosts(self, node):
        return ",".join(f"127.0.0.1:{port}" for port in self.through[node])

    def links(self, node):
        return [f"node{node}-member{member}" for member in range(len(self.through[node]))]

    def close(self):
        for member in self.members:
            member.kill()


class Etcd(Store):
    """Three members, which reach each other through links, too."""

    def __init__(self, folder, proxies, nodes):
        super().__init__(proxies, nodes)
        self.ports = [free_port() for _ in range(3)]
        self.peers = [free_port() for _ in range(3)]
        advertised = [proxies.open(f"peer{member}", port) for member, port in enumerate(self.peers)]
        everybody = ",".join(f"e{member}=http://127.0.0.1:{port}" for member, port in enumerate(advertised))
        self.members = []
        for member in range(3):
            client, peer = f"http://127.0.0.1:{self.ports[member]}", f"http://127.0.0.1:{self.peers[member]}"
            self.members.append(Process(f"member {member}", [
                "etcd", "--name", f"e{member}", "--data-dir", folder / f"etcd{member}", "--logger", "zap",
                "--log-outputs", "stderr", "--log-level", "warn", "--listen-client-urls", client,
                "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls",
                f"http://127.0.0.1:{advertised[member]}", "--initial-cluster", everybody], folder / f"etcd{member}.log"))
        self.open_links(self.ports)

    def start(self):
        for member in self.members:
            member.start()
        until(lambda: len(self.ids()) == 3, "three members of etcd")

    def ids(self):
        """Who is who in what members say to each other."""
        connection = http.client.HTTPConnection("127.0.0.1", self.peers[0], timeout=2)
        try:
            connection.request("GET", "/members")
            self.spoken = {one["name"]: f"{one['id']:x}" for one in json.loads(connection.getresponse().read())}
            return self.spoken
        except (OSError, http.client.HTTPException, ValueError, KeyError):  # not yet
            return {}
        finally:
            connection.close()

    def url(self, node):
        return "etcd://" + self.hosts(node)

    def aside(self, node):
        return self.url(node) + "/registers"

    def leader(self):
        """The member that says so of itself; None while there is none."""
        for member, port in zip(self.members, self.ports):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            try:
                connection.request("GET", "/metrics")
                if b"\netcd_server_is_leader 1\n" in connection.getresponse().read():
                    return member
            except (OSError, http.client.HTTPException):  # it is starting, or paused
                continue
            finally:
                connection.close()
        return None

    def isolation(self, member):
        """(link, source) of all that it says to other members, and they to it."""
        return [(f"peer{member}", None)] + [(f"peer{other}", self.spoken[f"e{member}"])
                                            for other in range(3) if other != member]


class Machine(Process):
    """A PostgreSQL on a port of its own."""

    def __init__(self, name, folder, proxies):
        self.folder, self.port, self.number = folder / name.replace(" ", ""), free_port(), 0
        self.folder.mkdir()
        if POSTGRES:
            os.chown(self.folder, pwd.getpwnam(POSTGRES).pw_uid, pwd.getpwnam(POSTGRES).pw_gid)
        self.replication = f"replication-of-{self.folder.name}"
        self.replicated_from = proxies.open(self.replication, self.port)
        super().__init__(name, [], folder / f"{self.folder.name}.log", POSTGRES)
        self.new_disk()

    def new_disk(self):
        self.number += 1
        self.data = self.folder / f"data{self.number}"
        self.command = [str(PROGRAMS / "postgres"), "-D", str(self.data), "-k", str(self.folder), "-p", str(self.port),
                        "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300", "-c", "log_min_messages=fatal"]

    def tool(self, program, *arguments):
        """The command line of one of PostgreSQL's programs, as its user."""
        become = ["setpriv", "--reuid", POSTGRES, "--regid", POSTGRES, "--clear-groups"] if POSTGRES else []
        return [*become, str(PROGRAMS / program), *map(str, arguments)]

    def make(self, settings):
        subprocess.run(self.tool("initdb", "-D", self.data, "-A", "trust", "-U", "abc2", "--no-locale", "-E", "UTF8"),
                       check=True, capture_output=True, cwd="/")
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as file:
            file.write(settings)

    def sql(self, statement):
        """What it says, or None if it cannot be asked."""
        try:
            done = subprocess.run([PROGRAMS / "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "abc2", "-v",
                                   "ON_ERROR_STOP=1", "-qtA", "-c", statement, "postgres"], capture_output=True,
                                  text=True, check=False, timeout=30, env=os.environ | {"PGCONNECT_TIMEOUT": "10"})
        except subprocess.TimeoutExpired:
            return None
        return done.stdout.strip() if done.returncode == 0 else None


class Postgres(Store):
    def __init__(self, folder, proxies, nodes):
        super().__init__(proxies, nodes)
        self.members = [Machine("member 0", folder, proxies)]
        self.open_links([self.members[0].port])

    settings = ""

    def start(self):
        self.members[0].make(self.settings)
        self.members[0].start()
        until(lambda: self.members[0].sql("select 1") == "1", "PostgreSQL")

    def url(self, node):
        return f"postgres://abc2@{self.hosts(node)}/postgres"

    def aside(self, node):
        url = self.url(node)
        return url + ("&" if "?" in url else "?") + "table=abc2_registers"


class Forgetful(Postgres):
    """Acknowledges what is not on the disk yet, and forgets it when it is killed: a run on it must fail."""

    settings = "synchronous_commit = off\nwal_writer_delay = 10s\n"

    def url(self, node):
        return super().url(node) + "?asynchronous_commit=yes"


class Standby(Store):
    """A primary and a synchronous standby, which take turns: the standby is promoted once the primary is lost."""

    def __init__(self, folder, proxies, nodes):
        super().__init__(proxies, nodes)
        self.members = [Machine(f"member {number}", folder, proxies) for number in range(2)]
        self.primary, self.standby = self.members
        self.open_links([member.port for member in self.members])

    url, aside = Postgres.url, Postgres.aside

    def start(self):
        self.primary.make("wal_level = replica\nmax_wal_senders = 10\nhot_standby = on\nsynchronous_commit = on\n")
        self.primary.start()
        until(lambda: self.primary.sql("select 1") == "1", "the primary")
        for _ in self.new_standby():
            time.sleep(0.1)

    def in_sync(self):
        return self.primary.sql("select application_name || sync_state from pg_stat_replication") == "standby1sync"

    def new_standby(self):
        """Step by step: a copy of the primary, on a new disk, for which every commit waits from then on."""
        self.standby.new_disk()
        copy = subprocess.Popen(
            self.standby.tool("pg_basebackup", "-h", "127.0.0.1", "-p", self.primary.replicated_from, "-U", "abc2", "-D",
                              self.standby.data, "-R", "-X", "stream", "-c", "fast", "-d", "application_name=standby1"),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/")
        while copy.poll() is None:
            yield
        complaint = copy.stderr.read()
        copy.stderr.close()
        if copy.returncode:
            raise AssertionError(f"no copy could be made: {complaint}")
        self.standby.start()
        self.must("alter system set synchronous_standby_names = 'standby1'")
        self.must("select pg_reload_conf()")
        while not self.in_sync():
            yield

    def promote(self):
        """Step by step: the standby goes on alone. The primary must have been killed, for good."""
        if self.primary.running():
            raise AssertionError("there would be two primaries")
        self.primary, self.standby = self.standby, self.primary
        promotion = subprocess.Popen(self.primary.tool("pg_ctl", "promote", "-w", "-D", self.primary.data),
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        while promotion.poll() is None:
            yield
        if promotion.returncode:
            raise AssertionError("the standby could not be promoted")
        self.must("alter system set synchronous_standby_names = ''")
        self.must("select pg_reload_conf()")

    def must(self, statement):
        until(lambda: self.primary.sql(statement) is not None, f"{self.primary.name} carries out: {statement}")


STORES = {"etcd": Etcd, "postgres": Postgres, "standby": Standby, "forgetful": Forgetful}


class Node(Process):
    """abc2 serve, always on the same port. Every second node writes one document at a time, the others in commits."""

    def __init__(self, number, program, folder, url):
        self.number, self.port = number, free_port()
        super().__init__(f"node {number}", [
            program, "serve", "--store", url, "--port", self.port, "--operators", "op", "--fee-basis-points", "250",
            "--password-cost", "minimum", "--login-burst", "100000", "--registration-burst", "100000", "--threads", "2",
            "--log-level", "warning", *(["--steps"] if number % 2 else [])], folder / f"node{number}.log")

    def ready(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):  # it is starting, or paused
            return False
        finally:
            connection.close()


class Registers(Process):
    """Clients of single documents, whose history is judged by itself: see tests/linearizability."""

    def __init__(self, number, program, folder, url, seed, history):
        self.number, self.history = number, history
        super().__init__(f"registers {number}", [
            program, "run", "--store", url, "--history", history, "--name", chr(ord("a") + number), "--seed",
            str(seed * 100 + number), "--clients", "6", "--documents", "4", "--pause-ms", "80", "--fresh-ms", "2000"],
            folder / f"registers{number}.log")


class Unsettled(Process):
    """Looks at who has a hold, past all links that are cut."""

    def __init__(self, program, folder, url, history):
        super().__init__("unsettled", [program, "--store", url, "--history", history], folder / "unsettled.log")
