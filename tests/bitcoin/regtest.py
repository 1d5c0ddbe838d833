"""A real bitcoin node in regtest mode (tests/bitcoin/node) and extended keys for it, for tests in Python that use
nothing but its standard library."""
import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import subprocess

PASSWORD = "of-the-tests"
SOMEWHERE = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"  # an address of nobody here


class Node:
    """Mines at command, and ends with its standard input. `folder` has node.js and its packages."""

    def __init__(self, folder):
        self.process = subprocess.Popen(["node", str(pathlib.Path(folder) / "node.js"), PASSWORD],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline().strip()
        assert line, "the bitcoin node did not start"
        self.port = int(line)

    def __enter__(self):
        self.mine(440)  # from 432 blocks on there is segwit
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def call(self, method, *params):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        token = base64.b64encode(f"x:{PASSWORD}".encode()).decode()
        connection.request("POST", "/", json.dumps({"method": method, "params": params, "id": 1}),
                           {"Authorization": "Basic " + token})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        assert not answer.get("error"), answer
        return answer["result"]

    def mine(self, count, address=SOMEWHERE):
        """New bitcoin for the address, in each block."""
        self.call("generatetoaddress", count, address)

    def settings(self, folder, *, hot_key=None, **more):
        """Writes a settings file with this node into the folder, and returns its path."""
        folder = pathlib.Path(folder)

        def secret(name, text):
            with open(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(text + "\n")
            return name

        settings = {
            "network": "regtest",
            "nodes": [{"name": "one", "url": f"http://127.0.0.1:{self.port}", "user": "x",
                       "password_file": secret("node.password", PASSWORD)}],
            "deposits": {"confirmations": [{"from_sat": 0, "needed": 3}]},
            "look_every_ms": 50, "pay_every_ms": 100, **more}
        if hot_key:
            settings.setdefault("withdrawals", {})["key_file"] = secret("hot.key", hot_key)
        (folder / "bitcoin.json").write_text(json.dumps(settings))
        return str(folder / "bitcoin.json")


# secp256k1: its field, its order and its generator.
P = 2**256 - 2**32 - 977
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def public_key(secret):
    point, power, rest = None, G, int.from_bytes(secret, "big")
    while rest:
        if rest & 1:
            point = add(point, power)
        power, rest = add(power, power), rest >> 1
    return bytes([2 + (point[1] & 1)]) + point[0].to_bytes(32, "big")


def base58check(data):
    alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    data += hashlib.sha256(hashlib.sha256(data).digest()).digest()[:4]
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = alphabet[digit] + text
    return text


def extended_keys(seed):
    """The public and the private master key of a seed (BIP32), as networks for tests write them."""
    both = hmac.new(b"Bitcoin seed", seed, hashlib.sha512).digest()
    secret, chain = both[:32], both[32:]
    head = bytes(9)
    return (base58check(bytes.fromhex("043587cf") + head + chain + public_key(secret)),
            base58check(bytes.fromhex("04358394") + head + chain + b"\0" + secret))
