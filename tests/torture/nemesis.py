"""What goes wrong, from one seed: two lanes of faults at once, one at the store and one at the nodes and their links.

Each fault is a generator that yields seconds to wait, and has mended what it broke when it ends. A lane goes through
all its kinds before it repeats one, so that a short run meets them all. Run by the main thread alone.
"""
import random
import time

LONGER_THAN_TIMEOUTS = (6.0, 8.0)  # a store call is given up after 5 s
CUTS = ("reset", "swallow", "swallow-answers")


class Nemesis:
    def __init__(self, store, nodes, clients, observer, proxies, history, failures, seed, faults=None):
        """`clients` are as nodes, of whom only the links fail; of the observer nothing does. `faults`: the names of the only ones that there are."""
        self.store, self.nodes, self.clients, self.observer = store, nodes, clients, observer
        self.proxies, self.history = proxies, history
        self.counts, self.died, self.failures = {}, [], failures
        self.draws = [random.Random(f"{seed} store"), random.Random(f"{seed} nodes")]
        self.kinds = [[kind for kind in kinds if not faults or name_of(kind) in faults]
                      for kinds in (KINDS[type(store).__name__], NODE_KINDS)]
        if not any(self.kinds):
            raise ValueError(f"no faults: there are {sorted(map(name_of, [*KINDS[type(store).__name__], *NODE_KINDS]))}")
        self.bags, self.over = [[], []], False

    def run(self, seconds):
        """For so long; then every fault is mended before it returns."""
        end = time.monotonic() + seconds
        lanes = [[time.monotonic() + 2 * (lane + 1), lane, self.lane(lane)] for lane in range(2)]
        while lanes:
            self.over = time.monotonic() >= end
            self.look_after()
            lanes.sort(key=lambda one: one[0])
            wait = lanes[0][0] - time.monotonic()
            if wait > 0:
                time.sleep(min(wait, 0.1))
                continue
            try:
                lanes[0][0] = time.monotonic() + next(lanes[0][2])
            except StopIteration:
                lanes.pop(0)

    def look_after(self):
        """Nothing may end that was not killed; PostgreSQL may have to be started twice after it was."""
        if self.failures:  # of the test itself
            raise self.failures[0]
        for process in [*self.nodes, *self.clients, self.observer, *self.store.members]:
            if process.ended_by_itself():
                code = process.process.returncode
                if type(self.store).__name__ != "Etcd" and process in self.store.members:
                    process.start()
                    continue
                self.died.append(f"{process.name} ended by itself with {code}")
                self.history.fault("ended by itself", process.name, "end")
                process.start()

    def kill(self, process, **more):
        self.history.write("kill", who=process.name, at=time.monotonic(), **more)
        process.kill()

    def lane(self, lane):
        while self.kinds[lane] and not self.over:
            if not self.bags[lane]:
                self.bags[lane] = list(self.kinds[lane])
                self.draws[lane].shuffle(self.bags[lane])
            fault = self.bags[lane].pop()
            name = name_of(fault)
            victims = []
            for wait in fault(self, self.draws[lane], victims):
                if victims:
                    self.history.fault(name, victims[0], "begin")
                    victims.clear()
                yield wait
            self.counts[name] = self.counts.get(name, 0) + 1
            self.history.fault(name, "", "end")
            yield self.draws[lane].uniform(0.5, 3.0)


def name_of(fault):
    return fault.__name__.replace("_", "-")


# ------------------------------------------------------------------------------------------------ nodes and links

def kill_node(nemesis, draw, victims):
    node = draw.choice(nemesis.nodes)
    victims.append(node.name)
    nemesis.kill(node)
    yield draw.choice((0.0, draw.uniform(0, 3)))
    node.start()


def kill_nodes_at_once(nemesis, draw, victims):
    nodes = draw.sample(nemesis.nodes, draw.randrange(2, len(nemesis.nodes) + 1))
    victims.append(", ".join(node.name for node in nodes))
    for node in nodes:
        nemesis.kill(node)
    yield draw.uniform(0, 1.5)
    for node in nodes:
        node.start()


def kill_node_again_as_it_starts(nemesis, draw, victims):
    node = draw.choice(nemesis.nodes)
    victims.append(node.name)
    for _ in range(3):
        nemesis.kill(node)
        node.start()
        yield draw.uniform(0, 0.4)


def pause_node(nemesis, draw, victims):
    node = draw.choice(nemesis.nodes)
    victims.append(node.name)
    node.pause()
    yield draw.uniform(*LONGER_THAN_TIMEOUTS)
    node.resume()


def cut_node_off(nemesis, draw, victims):
    node, how = draw.choice([*nemesis.nodes, *nemesis.clients]), draw.choice(CUTS)
    victims.append(f"{node.name}, {how}")
    links = nemesis.store.links(node.number)
    yield from cut(nemesis, draw, links, how)


def cut_links(nemesis, draw, victims):
    links = [link for node in [*nemesis.nodes, *nemesis.clients] for link in nemesis.store.links(node.number)
             if draw.random() < 0.4]
    how = draw.choice(CUTS)
    victims.append(f"{' '.join(links)}, {how}")
    yield from cut(nemesis, draw, links, how)


def flapping_links(nemesis, draw, victims):
    """Every connection between nodes and stores breaks, again and again."""
    links = [link for node in [*nemesis.nodes, *nemesis.clients] for link in nemesis.store.links(node.number)]
    victims.append("all links")
    for _ in range(4):
        for link in links:
            nemesis.proxies.cut(link, "reset")
            nemesis.proxies.heal(link)
        yield draw.uniform(0.1, 0.8)


def cut(nemesis, draw, links, how):
    for link in links:
        nemesis.proxies.cut(link, how)
    yield draw.choice((draw.uniform(0.2, 2), draw.uniform(*LONGER_THAN_TIMEOUTS)))
    for link in links:
        nemesis.proxies.heal(link)


NODE_KINDS = (kill_node, kill_node, kill_nodes_at_once, kill_node_again_as_it_starts, pause_node, cut_node_off,
              cut_links, flapping_links)


# ------------------------------------------------------------------------------------------------------- stores

def one_of(nemesis, draw, victims):
    member = draw.choice(nemesis.store.members)
    victims.append(member.name)
    return member


def kill_member(nemesis, draw, victims):
    member = one_of(nemesis, draw, victims)
    nemesis.kill(member)
    yield draw.uniform(0, 4)
    member.start()


def kill_leader(nemesis, draw, victims):
    """Of etcd: somebody else has to be elected."""
    leader = nemesis.store.leader()
    while leader is None:
        nemesis.look_after()
        yield 0.2
        leader = nemesis.store.leader()
    victims.append(leader.name)
    nemesis.kill(leader, leader=True)
    yield draw.uniform(4, 6)
    leader.start()
    yield draw.uniform(1, 3)


def pause_member(nemesis, draw, victims):
    member = one_of(nemesis, draw, victims)
    member.pause()
    yield draw.uniform(*LONGER_THAN_TIMEOUTS)
    member.resume()


def pause_member_briefly(nemesis, draw, victims):
    member = one_of(nemesis, draw, victims)
    member.pause()
    yield draw.uniform(0.5, 2.5)
    member.resume()


def isolate_member(nemesis, draw, victims):
    """It can be asked, and cannot ask the other members."""
    number, how = draw.randrange(len(nemesis.store.members)), draw.choice(CUTS[:2])
    victims.append(f"member {number}, {how}")
    links = nemesis.store.isolation(number)
    for link, source in links:
        nemesis.proxies.cut(link, how, source)
    yield draw.uniform(*LONGER_THAN_TIMEOUTS)
    for link, source in links:
        nemesis.proxies.heal(link, source)


def kill_all_members(nemesis, draw, victims):
    victims.append("all members")
    for member in nemesis.store.members:
        nemesis.kill(member)
    yield draw.uniform(0, 3)
    for member in nemesis.store.members:
        member.start()


def pause_all_members(nemesis, draw, victims):
    victims.append("all members")
    for member in nemesis.store.members:
        member.pause()
    yield draw.uniform(*LONGER_THAN_TIMEOUTS)
    for member in nemesis.store.members:
        member.resume()


# A standby is promoted only if it has everything, so each of these ends when it is in step again.

def back_in_step(nemesis):
    store = nemesis.store
    while not store.in_sync():
        nemesis.look_after()
        yield 0.2


def kill_primary(nemesis, draw, victims):
    victims.append(nemesis.store.primary.name)
    nemesis.kill(nemesis.store.primary)
    yield draw.uniform(0, 3)
    nemesis.store.primary.start()
    yield from back_in_step(nemesis)


def pause_primary(nemesis, draw, victims):
    victims.append(nemesis.store.primary.name)
    nemesis.store.primary.pause()
    yield draw.uniform(*LONGER_THAN_TIMEOUTS)
    nemesis.store.primary.resume()
    yield from back_in_step(nemesis)


def kill_standby(nemesis, draw, victims):
    victims.append(nemesis.store.standby.name)
    nemesis.kill(nemesis.store.standby)
    yield draw.uniform(0, 4)
    nemesis.store.standby.start()
    yield from back_in_step(nemesis)


def pause_standby(nemesis, draw, victims):
    victims.append(nemesis.store.standby.name)
    nemesis.store.standby.pause()
    yield draw.uniform(*LONGER_THAN_TIMEOUTS)
    nemesis.store.standby.resume()
    yield from back_in_step(nemesis)


def cut_replication(nemesis, draw, victims):
    how = draw.choice(CUTS)
    victims.append(f"of {nemesis.store.primary.name}, {how}")
    yield from cut(nemesis, draw, [nemesis.store.primary.replication], how)
    yield from back_in_step(nemesis)


def promote_standby(nemesis, draw, victims):
    """The primary is lost with its disk; then a new standby is made."""
    store = nemesis.store
    victims.append(f"{store.primary.name} is lost, {store.standby.name} is promoted")
    nemesis.kill(store.primary)
    yield draw.uniform(0, 2)
    for _ in store.promote():
        yield 0.05
    yield draw.uniform(1, 3)
    for _ in store.new_standby():
        yield 0.1


KINDS = {
    "Etcd": (kill_member, kill_leader, pause_member, pause_member_briefly, isolate_member, isolate_member,
             kill_all_members, pause_all_members),
    "Postgres": (kill_member, kill_member, pause_member, pause_member_briefly),
    "Forgetful": (kill_member,),
    "Standby": (kill_primary, pause_primary, kill_standby, pause_standby, cut_replication, promote_standby,
                promote_standby),
}
