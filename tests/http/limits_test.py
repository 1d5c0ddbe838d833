"""Every limit on what a client may do is really kept, and what is well-formed is really understood."""
import contextlib
import json
import socket
import threading
import time

from abc2_server import PATIENCE, read_to_end, run, serving
from picture import png

PASSWORD = "a password for tests"


def status_of(answer):
    return int(answer.split(b" ", 2)[1])


def talk(server, raw):
    """Sends the bytes and reads until the server closes."""
    with server.connect() as connection:
        connection.sendall(raw)
        return read_to_end(connection)


def read_answers(connection, count):
    """`count` answers with a Content-Length, as (status, body)."""
    answers, data = [], b""
    while len(answers) < count:
        head, separator, rest = data.partition(b"\r\n\r\n")
        if separator:
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            length = int(fields[b"content-length"])
            if len(rest) >= length:
                answers.append((status_of(head), rest[:length]))
                data = rest[length:]
                continue
        piece = connection.recv(65536)
        assert piece, f"the connection ended after {answers}"
        data += piece
    assert not data, data
    return answers


def malformed_requests_are_refused():
    with serving() as server:
        for raw in (b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
                    b"GET / HTTP/1.1\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
                    b"GET example HTTP/1.1\r\nHost: a\r\n\r\n",
                    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
                    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"):
            answer = talk(server, raw)
            assert status_of(answer) == 400, (raw, answer)
            assert b"application/problem+json" in answer and b"Connection: close" in answer, answer
        assert status_of(talk(server, b"GET / HTTP/2.7\r\nHost: a\r\n\r\n")) == 505


def sizes_are_limited():
    with serving("--max-header-bytes", "1024", "--max-body-bytes", "2000") as server:
        long_field = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 1100 + b"\r\n\r\n"
        assert status_of(talk(server, long_field)) == 431
        assert status_of(talk(server, b"GET /" + b"x" * 5000)) == 431  # without an end
        assert status_of(talk(server, b"POST /api/accounts HTTP/1.1\r\nHost: a\r\nContent-Length: 2001\r\n\r\n")) == 413
        chunked = b"POST /api/accounts HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert status_of(talk(server, chunked + (b"100\r\n" + b"x" * 256 + b"\r\n") * 10)) == 413
        # A client that goes on sending still gets to read why.
        with server.connect() as connection:
            connection.sendall(b"POST /api/accounts HTTP/1.1\r\nHost: a\r\nContent-Length: 400000\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                connection.sendall(b"x" * 400000)
            assert status_of(read_to_end(connection)) == 413
        assert server.request("GET", "/api/version", headers={"X": "x" * 500})[0] == 200


def slow_clients_are_not_waited_for():
    with serving("--header-timeout-ms", "200", "--body-timeout-ms", "200", "--idle-timeout-ms", "200") as server:
        assert status_of(talk(server, b"GET / HT")) == 408
        assert status_of(talk(server, b"POST /api/accounts HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{")) == 408
        assert talk(server, b"") == b""  # an idle connection is closed without a word
        # Bytes that trickle in do not start the time anew.
        with server.connect() as connection:
            stop = time.monotonic() + PATIENCE
            connection.settimeout(0.02)
            answer = b""
            while time.monotonic() < stop:
                with contextlib.suppress(TimeoutError):
                    piece = connection.recv(65536)
                    answer += piece
                    if not piece:
                        break
                with contextlib.suppress(ConnectionError):
                    connection.sendall(b"x")
            else:
                raise AssertionError("a client may keep a connection for ever by sending a byte now and then")
            assert status_of(answer) == 408, answer
        # A request that is complete in time is answered however often the client has been late before.
        assert server.request("GET", "/healthz")[0] == 200


def a_client_that_does_not_read_is_cut_off():
    with serving("--write-timeout-ms", "200") as server:
        server.request("POST", "/api/accounts", {"user": "ann", "password": PASSWORD})
        token = json.loads(server.request("POST", "/api/sessions", {"user": "ann", "password": PASSWORD})[2])["token"]
        picture = png(400, 600)
        made = server.request("POST", "/api/images", picture,
                              {"Content-Type": "image/png", "Authorization": "Bearer " + token})
        path = json.loads(made[2])["image"]
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", server.port))
            size = len(server.request("GET", path)[2])
            asked = 64 * 1024 * 1024 // size
            request = f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
            with contextlib.suppress(ConnectionError):
                connection.settimeout(2)
                with contextlib.suppress(TimeoutError):
                    connection.sendall(request * asked)
            deadline = time.monotonic() + PATIENCE
            while b"abc2_http_timeouts_total 1" not in server.request("GET", "/metrics")[2]:
                assert time.monotonic() < deadline, "the server waits for ever for a client that does not read"
            connection.settimeout(PATIENCE)
            assert len(read_to_end(connection)) < asked * size


def connections_are_limited():
    with serving("--max-connections", "3") as server, contextlib.ExitStack() as stack:
        kept = [stack.enter_context(server.connect()) for _ in range(3)]
        for connection in kept:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            assert read_answers(connection, 1)[0][0] == 200
        assert status_of(talk(server, b"")) == 503
        kept[0].close()
        deadline = time.monotonic() + PATIENCE
        while True:  # the server has to notice
            answer = talk(server, b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            if status_of(answer) == 200:
                break
            assert time.monotonic() < deadline, "a closed connection still counts"


def requests_in_flight_are_limited():
    with serving("--max-requests", "1", "--password-cost", "moderate") as server:
        def register():
            server.request("POST", "/api/accounts", {"user": "ann", "password": PASSWORD})
        deadline = time.monotonic() + PATIENCE
        refused = False
        while not refused:
            assert time.monotonic() < deadline, "never was a request refused while another was being answered"
            slow = threading.Thread(target=register)
            slow.start()
            while slow.is_alive() and not refused:
                status, fields, body = server.request("GET", "/healthz")
                refused = status == 503
            slow.join()
        assert json.loads(body)["code"] == "service_unavailable" and fields["retry-after"], body
        assert server.request("GET", "/healthz")[0] == 200


def requests_in_one_packet_are_answered_in_order():
    with serving("--demo") as server, server.connect() as connection:
        paths = ["/ads/demo-seller/1.json", "/api/version", "/ads/demo-seller/1.json", "/ads/demo-seller/1.json",
                 "/nothing", "/healthz"] * 40
        connection.sendall(b"".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for path in paths))
        answers = read_answers(connection, len(paths))
        for path, (status, body) in zip(paths, answers):
            assert status == (404 if path == "/nothing" else 200), (path, status)
            assert (b'"buyer"' in body) == path.startswith("/ads/"), (path, body)
        # In pieces of every size, too.
        request = b"POST /api/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        for cut in range(1, len(request)):
            connection.sendall(request[:cut])
            connection.sendall(request[cut:])
            assert read_answers(connection, 1)[0][0] in (400, 429)


def a_body_may_come_in_pieces_of_any_size():
    with serving("--login-burst", "100000") as server:
        request = (b"POST /api/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                   b"Transfer-Encoding: chunked\r\n\r\n1;ext=x\r\n{\r\n00000001\r\n}\r\n0\r\nTrailer: x\r\n\r\n")
        with server.connect() as connection:
            for cut in range(1, len(request)):
                connection.sendall(request[:cut])
                # A request on another connection: the first part has been read, and no event loop is stuck with it.
                for _ in range(4):
                    assert server.request("GET", "/healthz")[0] == 200
                connection.sendall(request[cut:])
                assert read_answers(connection, 1)[0][0] == 400, cut  # {} lacks a user
        endless = request[:request.index(b"ext=x")] + b"x" * 100_000
        with server.connect() as connection:
            with contextlib.suppress(ConnectionError):
                connection.sendall(endless)
            assert status_of(read_to_end(connection)) in (400, 431)
        assert server.request("GET", "/healthz")[0] == 200


def older_clients_are_understood():
    with serving() as server:
        answer = talk(server, b"GET /healthz HTTP/1.0\r\n\r\n")
        assert status_of(answer) == 200 and b"Connection: close" in answer, answer
        with server.connect() as connection:
            for _ in range(2):
                connection.sendall(b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                assert read_answers(connection, 1)[0][0] == 200
        with server.connect() as connection:
            connection.sendall(b"POST /api/sessions HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                               b"Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n")
            assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
            connection.sendall(b"{}")
            assert status_of(read_to_end(connection)) == 400
        # A trailer is no header: it cannot log anybody in.
        smuggled = (b"POST /api/keys HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
                    b"\r\n2\r\n{}\r\n0\r\nAuthorization: Basic x\r\n\r\n")
        assert status_of(talk(server, smuggled)) == 401


run(malformed_requests_are_refused, sizes_are_limited, slow_clients_are_not_waited_for,
    a_client_that_does_not_read_is_cut_off, connections_are_limited, requests_in_flight_are_limited,
    requests_in_one_packet_are_answered_in_order, a_body_may_come_in_pieces_of_any_size, older_clients_are_understood)
