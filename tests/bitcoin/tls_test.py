"""HTTPS to a bitcoin node: only a certificate of the authority that the settings name, and of the host that was asked,
is good enough to be told the password."""
import contextlib
import json
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

sys.path.append(str(pathlib.Path(__file__).parent.parent / "http"))
import regtest  # noqa: E402
from abc2_server import run, serving  # noqa: E402


class TlsFront:
    """Ends TLS in front of the node, and keeps what clients said inside of it."""

    def __init__(self, certificate, key, port):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.node_port = self.listener.getsockname()[1], port
        self.heard = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    def serve(self, plain):
        with contextlib.suppress(OSError), self.context.wrap_socket(plain, server_side=True) as client:
            with socket.create_connection(("127.0.0.1", self.node_port)) as node:
                request = b""
                while b"\r\n\r\n" not in request or len(request.split(b"\r\n\r\n", 1)[1]) < length_of(request):
                    piece = client.recv(65536)
                    if not piece:
                        return
                    request += piece
                self.heard.append(request)
                node.sendall(request)
                while piece := node.recv(65536):
                    client.sendall(piece)


def length_of(request):
    for line in request.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


def make_certificate(folder, name, subject):
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=" + name, "-addext", "subjectAltName=" + subject,
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


def state_with(node, folder, front, ca_file):
    """What `abc2 bitcoin state` says of the node behind the front."""
    path = pathlib.Path(node.settings(folder))
    settings = json.loads(path.read_text())
    settings["nodes"][0]["url"] = f"https://127.0.0.1:{front.port}"
    if ca_file:
        settings["nodes"][0]["ca_file"] = str(ca_file)
    path.write_text(json.dumps(settings))
    said = subprocess.run([sys.argv[1], "bitcoin", "state", "--json", "--store", "memory:", "--bitcoin", str(path)],
                          check=True, capture_output=True, text=True)
    return json.loads(said.stdout)["nodes"][0]


def certificates_are_checked():
    with tempfile.TemporaryDirectory() as name, regtest.Node(sys.argv[3]) as node:
        folder = pathlib.Path(name)
        right, key = make_certificate(folder, "right", "IP:127.0.0.1")
        other_host, other_key = make_certificate(folder, "elsewhere", "DNS:elsewhere.example")
        front = TlsFront(right, key, node.port)
        assert state_with(node, folder, front, right)["height"] == 440
        assert front.heard and b"Authorization: Basic" in front.heard[0]
        for authority, served in ((None, (right, key)), (other_host, (right, key)), (other_host, (other_host, other_key))):
            suspect = TlsFront(*served, node.port)
            state = state_with(node, folder, suspect, authority)
            assert state["height"] is None and "did not answer" in state["trouble"], state
            assert not suspect.heard, "it was told the password"
            suspect.listener.close()
        with serving("--bitcoin", node.settings(folder)) as server:
            assert regtest.PASSWORD not in server.log()


run(certificates_are_checked)
