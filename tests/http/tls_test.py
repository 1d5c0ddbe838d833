"""HTTPS: the same answers, cookies that do not leave it, and nothing of what is too old."""
import http.client
import json
import pathlib
import ssl
import subprocess
import tempfile

from abc2_server import PATIENCE, PROGRAM, read_to_end, run, serving

PASSWORD = "a password for tests"


def make_certificate(folder):
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return key, certificate


def with_tls(test):
    def wrapped():
        with tempfile.TemporaryDirectory(prefix="abc2-tls-") as name:
            key, certificate = make_certificate(pathlib.Path(name))
            with serving("--demo", "--tls-certificate", str(certificate), "--tls-key", str(key),
                         "--handshake-timeout-ms", "200") as server:
                assert server.url.startswith("https://"), server.url
                test(server, ssl.create_default_context(cafile=certificate))
                server.terminate()
                assert server.wait() == 0, server.log()
    wrapped.__name__ = test.__name__
    return wrapped


@with_tls
def requests_over_one_connection(server, trust):
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=PATIENCE, context=trust)
    sizes = set()
    for path in ["/ads/demo-seller/1.json", "/api/version", "/ads/demo-seller/1.html"] * 20:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200, answer.status
        sizes.add(len(answer.read()))
    connection.request("GET", json.loads(get(connection, "/ads/demo-seller/1.json"))["ad"]["image"])
    assert len(connection.getresponse().read()) > 70_000
    connection.request("POST", "/api/sessions", json.dumps({"user": "demo-bob", "password": "demo-password"}),
                       {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 201, answer.read()
    assert "; Secure" in answer.getheader("set-cookie"), answer.getheader("set-cookie")
    assert answer.getheader("strict-transport-security")
    answer.read()
    connection.close()


def get(connection, path):
    connection.request("GET", path)
    return connection.getresponse().read()


@with_tls
def live_events(server, trust):
    with server.connect() as bare, trust.wrap_socket(bare, server_hostname="127.0.0.1") as connection:
        connection.sendall(b"GET /api/campaigns/demo-seller/1/events HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = b""
        while b"event: campaign" not in answer:
            answer += connection.recv(65536)
        server.terminate()
        while piece := connection.recv(65536):
            answer += piece
        assert answer.endswith(b"0\r\n\r\n"), answer[-200:]


@with_tls
def strangers_are_turned_away(server, trust):
    with server.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"alive" not in read_to_end(connection)
    with server.connect() as connection:  # says nothing
        assert read_to_end(connection) == b""
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    import warnings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with server.connect() as bare:
        try:
            old.wrap_socket(bare, server_hostname="127.0.0.1")
        except (ssl.SSLError, ConnectionError):
            return
    raise AssertionError("TLS 1.1 was spoken")


def a_wrong_key_is_said_at_the_start():
    with tempfile.TemporaryDirectory(prefix="abc2-tls-") as name:
        folder = pathlib.Path(name)
        _, certificate = make_certificate(folder)
        (folder / "other").mkdir()
        other_key, _ = make_certificate(folder / "other")
        for key in (other_key, folder / "missing.pem"):
            ended = subprocess.run([PROGRAM, "serve", "--store", "memory:", "--port", "0", "--tls-certificate", certificate,
                                    "--tls-key", key], capture_output=True, text=True, timeout=PATIENCE, check=False)
            assert ended.returncode == 1 and "cannot be used" in ended.stderr, ended


run(requests_over_one_connection, live_events, strangers_are_turned_away, a_wrong_key_is_said_at_the_start)
