"""proxy.py: TCP links that can be cut, as a process of its own. Commands are lines of JSON, each answered with "ok":

    ["open", "node0-member1", 21001, 23001]        listen on the first port, connect to the second
    ["cut", "node0-member1", null, "reset"]        from now on, and what is connected
    ["heal", "node0-member1", null]

How it is cut: `reset` ends what is connected and whoever connects; `swallow` reads what comes and passes nothing on;
`swallow-answers` passes on what is asked, and nothing that is answered. Links between members of etcd are one for each
member that is spoken to; the third element says who speaks (etcd says so in its first request), null: everybody.
It ends with its input.
"""
import asyncio
import contextlib
import json
import re
import socket
import struct
import sys

FROM = re.compile(rb"^X-Server-From: *(\w+)", re.MULTILINE | re.IGNORECASE)


class Link:
    def __init__(self, target):
        self.target, self.cuts, self.connections = target, {}, set()

    def cut(self, connection):
        return self.cuts.get(connection.source) or self.cuts.get(None)


class Connection:
    def __init__(self, link, writer):
        self.link, self.writers, self.source, self.tainted = link, [writer], None, False

    def reset(self):
        for writer in self.writers:
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def pump(self, reader, writer, answers):
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if not answers and self.source is None:
                    found = FROM.search(data)
                    self.source = found.group(1).decode() if found else ""
                how = self.link.cut(self)
                if how == "reset":
                    break
                if how == "swallow" or (how == "swallow-answers" and answers):
                    self.tainted = True
                    continue
                writer.write(data)
                await writer.drain()
        self.reset() if self.tainted or self.link.cut(self) else [one.close() for one in self.writers]


async def serve(link, reader, writer):
    connection = Connection(link, writer)
    link.connections.add(connection)
    try:
        if link.cuts.get(None) == "reset":
            return connection.reset()
        there, onward = await asyncio.open_connection("127.0.0.1", link.target)
        connection.writers.append(onward)
        await asyncio.gather(connection.pump(reader, onward, False), connection.pump(there, writer, True))
    except OSError:  # nobody listens there: the same is said here
        connection.reset()
    finally:
        link.connections.discard(connection)


async def main():
    links, loop, lines = {}, asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    servers = []
    while line := await lines.readline():
        verb, name, *rest = json.loads(line)
        if verb == "open":
            links[name] = Link(rest[1])
            servers.append(await asyncio.start_server(lambda r, w, link=links[name]: serve(link, r, w), "127.0.0.1",
                                                      rest[0]))
        elif verb == "cut":
            links[name].cuts[rest[0]] = rest[1]
            for connection in list(links[name].connections):
                if links[name].cut(connection) == "reset":
                    connection.reset()
        else:
            links[name].cuts.pop(rest[0], None)
            for connection in list(links[name].connections):
                if connection.tainted:  # what went missing in it cannot be made up for
                    connection.reset()
        print("ok", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
