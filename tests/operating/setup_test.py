"""packaging/: the unit as systemd's own checkers see it, and nginx with packaging/nginx.conf before two real servers."""
import contextlib
import http.client
import json
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time

import runbook

ROOT = runbook.ROOT
sys.path.append(str(ROOT / "tests"))
sys.path.append(str(ROOT / "tests/http"))
from abc2_server import PATIENCE, PROGRAM, Server, run  # noqa: E402
from ports import free_ports  # noqa: E402


def must(*command, **more):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=PATIENCE, **more)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout + done.stderr


def the_unit_is_sound():
    text = (ROOT / "packaging/abc2.service").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "abc2"
        program.symlink_to(pathlib.Path(PROGRAM).resolve())
        unit = pathlib.Path(folder) / "abc2.service"
        unit.write_text(text.replace("@bindir@", folder), encoding="utf-8")
        said = must("systemd-analyze", "verify", "--man=no", unit)
        assert "abc2.service" not in said, said
        said = must("systemd-analyze", "security", "--offline=true", "--threshold=15", unit)
        assert "Overall exposure level" in said, said
        command = re.search(r"^ExecStart=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE).group(1)
        settings = pathlib.Path(folder) / "abc2.toml"
        settings.write_text('store = "memory:"\n[serve]\nport = 0\naddress = "nowhere"\n', encoding="utf-8")
        command = command.replace("/etc/abc2/abc2.toml", str(settings)).split()
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
        assert done.returncode == 1 and "nowhere" in done.stderr, f"the settings file was not read: {done}"


def certificate(folder, name):
    must("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem", "-subj", f"/CN={name}",
         "-addext", f"subjectAltName=DNS:{name}")


class Proxy:
    """nginx with the file as it is, but for names, ports and servers."""

    def __init__(self, folder, servers):
        self.folder, (self.plain, self.port) = folder, free_ports(2)
        text = (ROOT / "packaging/nginx.conf").read_text(encoding="utf-8")
        lines = iter(servers)
        text = re.sub(r"^ *server 10\..*\n", lambda line: next(
            (line.group(0).replace(line.group(0).split()[1], f"127.0.0.1:{port}") for port in lines), ""), text,
            flags=re.MULTILINE)
        for old, new in (("listen 80;", f"listen 127.0.0.1:{self.plain};"),
                         ("listen 443 ", f"listen 127.0.0.1:{self.port} "),
                         ("/etc/ssl/market.example.pem", f"{folder}/market.example.pem"),
                         ("/etc/ssl/private/market.example.key", f"{folder}/market.example.key"),
                         ("/etc/abc2/authority.pem", f"{folder}/market.internal.pem")):
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi",
                                                                                 "uwsgi", "scgi"))
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/pid; error_log {folder}/errors; worker_processes 1;\nevents {{}}\n"
            f"http {{ access_log off;\n{temporary}{text}}}\n", encoding="utf-8")
        nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
        must(nginx, "-t", "-p", folder, "-c", folder / "nginx.conf")
        self.process = subprocess.Popen([nginx, "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL)
        self.context = ssl.create_default_context(cafile=folder / "market.example.pem")
        deadline = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError):
                return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE).close()
            assert time.monotonic() < deadline and self.process.poll() is None, (folder / "errors").read_text()
            time.sleep(0.05)

    def connection(self):
        """As a browser at https://market.example."""
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        connection = http.client.HTTPSConnection("market.example", self.port, timeout=PATIENCE)
        connection.sock = self.context.wrap_socket(raw, server_hostname="market.example")
        return connection

    def ask(self, method, path, body=None, **headers):
        with contextlib.closing(self.connection()) as connection:
            headers = {name.replace("_", "-"): value for name, value in headers.items()}
            if body is not None:
                headers["Content-Type"] = "application/json"
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=PATIENCE)


@contextlib.contextmanager
def behind_proxy(*arguments):
    with tempfile.TemporaryDirectory(prefix="abc2-proxy-") as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        certificate(folder, "market.example")
        certificate(folder, "market.internal")
        servers = []
        for _ in range(2):
            servers.append(Server("--demo", "--behind-proxy", "--secure-cookies", "--tls-certificate",
                                  str(folder / "market.internal.pem"), "--tls-key", str(folder / "market.internal.key"),
                                  *arguments))
            stack.callback(servers[-1].close)
        proxy = Proxy(folder, [server.port for server in servers])
        stack.callback(proxy.close)
        yield proxy, servers


def the_settings_file_is_taken():
    text = runbook.block("toml", "behind-proxy")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        certificate(folder, "market.internal")
        for old, new in ((re.search(r'"postgres://.*?"', text).group(0), '"memory:"'), ("10.0.0.11", "127.0.0.1"),
                         ("8443", "0"), ("/etc/abc2/node.pem", f"{folder}/market.internal.pem"),
                         ("/etc/abc2/node.key", f"{folder}/market.internal.key")):
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (folder / "abc2.toml").write_text(text, encoding="utf-8")
        with subprocess.Popen([PROGRAM, "--config", folder / "abc2.toml", "serve"], stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.DEVNULL) as server:
            said = server.stdout.readline()
            server.terminate()
        assert said.startswith("https://127.0.0.1:") and server.returncode == 0, (said, server.returncode)


def the_market_is_served_through_nginx():
    with behind_proxy() as (proxy, servers):
        for path in ("/healthz", "/readyz", "/api/campaigns/demo-seller/1"):
            assert proxy.ask("GET", path)[0] == 200, path
        assert proxy.ask("GET", "/metrics")[0] == 404
        status, headers, _ = proxy.ask("POST", "/api/sessions", {"user": "demo-alice", "password": "demo-password"})
        assert status == 201 and "Secure" in headers["Set-Cookie"], (status, headers)
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", proxy.plain, timeout=PATIENCE)) as plain:
            plain.request("GET", "/x", headers={"Host": "market.example"})
            answer = plain.getresponse()
            assert answer.status == 301 and answer.getheader("Location") == "https://market.example/x", answer
        # A live stream comes through as it is sent.
        with contextlib.closing(proxy.connection()) as stream:
            stream.request("GET", "/api/campaigns/demo-seller/1/events")
            answer = stream.getresponse()
            said = b""
            while b"event: campaign" not in said:
                said += answer.read1(4096)
        # One of the two goes, and nobody notices.
        servers[0].process.kill()
        servers[0].process.wait()
        for _ in range(20):
            assert proxy.ask("GET", "/api/campaigns/demo-seller/1")[0] == 200


def a_forged_address_is_of_no_use():
    with behind_proxy("--login-burst", "3", "--login-every-ms", "86400000") as (proxy, _):
        answers = [proxy.ask("POST", "/api/sessions", {"user": "demo-alice", "password": "wrong password"},
                             X_Forwarded_For=f"192.0.2.{number}")[0] for number in range(12)]
        # Each of the two servers lets three pass; all of these came from here.
        assert answers.count(401) <= 6 and 429 in answers, answers


run(the_unit_is_sound, the_settings_file_is_taken, the_market_is_served_through_nginx,
    a_forged_address_is_of_no_use)
