"""An etcd of a test's own: members in a folder of their own and on free ports of the loopback."""
import contextlib
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
from ports import free_ports  # noqa: E402

PATIENCE = 120  # seconds until a test gives up; nothing is decided by how long anything takes


class Etcd:
    def __init__(self, members=1, parent=None):
        self.members, self.parent, self.processes = members, parent, []

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="abc2-etcd-", dir=self.parent)
        ports = free_ports(2 * self.members)
        clients, peers = ([f"http://127.0.0.1:{port}" for port in some]
                          for some in (ports[:self.members], ports[self.members:]))
        cluster = ",".join(f"m{i}={peer}" for i, peer in enumerate(peers))
        for i, (client, peer) in enumerate(zip(clients, peers)):
            with open(f"{self.folder.name}/m{i}.log", "wb") as log:
                self.processes.append(subprocess.Popen(
                    ["etcd", f"--name=m{i}", f"--data-dir={self.folder.name}/m{i}", f"--listen-client-urls={client}",
                     f"--advertise-client-urls={client}", f"--listen-peer-urls={peer}",
                     f"--initial-advertise-peer-urls={peer}", f"--initial-cluster={cluster}"],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        deadline = time.monotonic() + PATIENCE
        for process, client in zip(self.processes, clients):
            while not self.well(client):
                if time.monotonic() > deadline or process.poll() is not None:
                    self.__exit__()
                    raise AssertionError("etcd did not start")
                time.sleep(0.05)
        self.url = "etcd://" + ",".join(client.removeprefix("http://") for client in clients)
        return self

    @staticmethod
    def well(client):
        with contextlib.suppress(OSError), urllib.request.urlopen(client + "/health", timeout=5) as answer:
            return b'"true"' in answer.read()
        return False

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
        self.processes = []
        self.folder.cleanup()
