"""Three members of etcd, started as docs/operating.md says, with TLS and certificates of clients: a server on them goes
on when any one of them is lost."""
import json
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time

import runbook

sys.path.append(str(runbook.ROOT / "tests"))
sys.path.append(str(runbook.ROOT / "tests/http"))
from abc2_server import PATIENCE, run, serving  # noqa: E402
from ports import free_ports  # noqa: E402

COMMAND = runbook.block("sh", "etcd --name e1")
STORE = runbook.block("toml", "etcd://")


def certificates(folder):
    def openssl(*arguments):
        done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-days", "2", "-keyout", "authority.key", "-out", "authority.pem", "-subj",
            "/CN=authority")
    openssl("req", *key, "-keyout", "node.key", "-out", "node.csr", "-subj", "/CN=node")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n", encoding="utf-8")
    openssl("x509", "-req", "-in", "node.csr", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial",
            "-days", "2", "-extfile", "names", "-out", "node.pem")


class Members:
    def __init__(self, folder):
        self.folder, ports = folder, free_ports(6)
        self.places = {f"10.0.0.2{i + 1}": (ports[2 * i], ports[2 * i + 1]) for i in range(3)}
        self.processes = [self.start(number) for number in range(3)]

    def start(self, number):
        text = COMMAND.replace("--name e1", f"--name e{number + 1}").replace("/var/lib/etcd", f"{self.folder}/e{number}")
        words = shlex.split(text.replace("\\\n", " "))
        for at in range(1, len(words)):
            if words[at - 1].endswith("-urls"):  # the first member's own, which are this one's here
                words[at] = words[at].replace("10.0.0.21", f"10.0.0.2{number + 1}")
            for host, (client, peer) in self.places.items():
                words[at] = words[at].replace(f"{host}:2379", f"127.0.0.1:{client}")
                words[at] = words[at].replace(f"{host}:2380", f"127.0.0.1:{peer}")
        with open(self.folder / f"e{number}.log", "ab") as log:
            return subprocess.Popen(words, cwd=self.folder, stdout=log, stderr=log)

    def store(self):
        url = STORE.split('"')[1].replace("/etc/abc2/", f"{self.folder}/")
        for host, (client, _) in self.places.items():
            url = url.replace(host, f"127.0.0.1:{client}")
        return url

    def kill(self, number):
        self.processes[number].kill()
        self.processes[number].wait()

    def close(self):
        for number in range(3):
            self.kill(number)


def any_member_may_go():
    with tempfile.TemporaryDirectory(prefix="abc2-members-") as name:
        folder = pathlib.Path(name)
        certificates(folder)
        members = Members(folder)
        try:
            with serving("--operators", "op", store=members.store()) as server:
                def ask(method, path, body=None, token=None):
                    headers = {"Authorization": "Bearer " + token} if token else {}
                    status, _, raw = server.request(method, path, body, headers)
                    return status, json.loads(raw)

                def until(what, probe):
                    deadline = time.monotonic() + PATIENCE
                    while not probe():
                        assert time.monotonic() < deadline, f"never: {what}"
                        time.sleep(0.05)

                until("ready", lambda: ask("GET", "/readyz")[0] == 200)
                for user in ("op", "ann"):
                    status, answer = ask("POST", "/api/accounts", {"user": user, "password": "a password"})
                    assert status == 201, answer
                token = ask("POST", "/api/sessions", {"user": "op", "password": "a password"})[1]["token"]

                def fund(number):
                    return ask("POST", "/api/operator/deposits",
                               {"id": f"d{number}", "user": "ann", "amount_sat": 100}, token)[0] in (200, 201)
                for number in range(3):
                    members.kill(number)
                    until(f"a deposit without e{number + 1}", lambda: fund(number))
                    members.processes[number] = members.start(number)
                    until("the member is back", lambda: back(members, number))
                report = ask("POST", "/api/operator/audit", token=token)[1]
                assert report["passed"] and report["put_in_sat"] == 300, report
        except BaseException:
            for log in folder.glob("e*.log"):
                print(log.name, log.read_text(errors="replace")[-1500:], file=sys.stderr)
            raise
        finally:
            members.close()


def back(members, number):
    """Whether the member answers a request that it can answer only with a leader."""
    client = list(members.places.values())[number][0]
    done = subprocess.run(
        ["curl", "-s", "--cacert", "authority.pem", "--cert", "node.pem", "--key", "node.key",
         f"https://127.0.0.1:{client}/health"], cwd=members.folder, capture_output=True, text=True, check=False)
    return '"health":"true"' in done.stdout


run(any_member_may_go)
