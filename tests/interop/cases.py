"""What must hold, for a client of any language. A case is a function of the client's agent and a name no other uses."""
import collections
import time

from agent import Wrong, wait

# A new consumer may have to wait for its client's next heartbeat or route poll (30 s), on a loaded machine some more.
PATIENCE = 90
BIG = 9000   # bytes; every client compresses a body above 4096

OFFERED = {"ali-ons": {"sync", "async"}}   # modes of sending; all others have all
MODES = ("sync", "async", "oneway", "batch")


def equal(what, want, got):
    if want != got:
        raise Wrong(f"{what}: want {want!r}, got {got!r}"[:400])


def same(what, want, got):
    """The same names, each once."""
    want, counts = set(want), collections.Counter(got)
    missing, extra = sorted(want - set(counts)), sorted(set(counts) - want)
    again = sorted(n for n, c in counts.items() if c > 1)
    if missing or extra or again:
        raise Wrong(f"{what}: {len(missing)} missing {missing[:4]}, {len(extra)} extra {extra[:4]}, {len(again)} again {again[:4]}")


def all_sent(job, n):
    if job.refused or len(job.sent) != n:
        raise Wrong(f"{len(job.sent)} of {n} sent, refused: {job.refused[:3]}")


def dense(job):
    """The acknowledged offsets of each queue are 0, 1, 2, ...: the topic is this job's own."""
    queues = collections.defaultdict(list)
    for s in job.sent:
        queues[s.broker, s.queue].append(s.offset)
    for queue, offsets in queues.items():
        equal(f"offsets of {queue}", list(range(len(offsets))), sorted(offsets))
    return queues


def send_and_filter(agent, name, mode):
    """Sent in one of the ways; a consumer of two of the three tags gets exactly those, whole."""
    n = 60
    consumer = agent.consume(name, f"g-{name}", "A || C")
    producer = agent.produce(name, name, n, mode, pad=0 if mode == "batch" else BIG).done()
    all_sent(producer, n)
    if mode != "oneway":
        equal("brokers", {"broker-a", "broker-b"}, {broker for broker, _ in dense(producer)})
    want = [f"{name}-{i}" for i in range(n) if i % 3 != 1]
    wait(lambda: f"{len(consumer.got)} of {len(want)} messages", PATIENCE, lambda: len(consumer.got) >= len(want))
    wait("the consumer's start", 60, lambda: "ready" in consumer.state)
    same("consumed", want, consumer.names())
    acknowledged = {s.name: s for s in producer.sent}
    for g in consumer.got:
        i = int(g.name.rsplit("-", 1)[1])
        size = BIG if mode != "batch" and i % 10 == 3 else len(g.name) + 1
        equal(g.name, ("ABC"[i % 3], f"key{i}", f"№{i}", size, name, 0), (g.tag, g.keys, g.n, g.size, g.topic, g.retries))
        s = acknowledged[g.name]
        if mode != "oneway" and g.broker:
            equal(f"place of {g.name}", (s.broker, s.queue, s.offset), (g.broker, g.queue, g.offset))
    consumer.close()


def order(agent, name):
    """Messages sent one after the other into a few queues are consumed in that order in each queue."""
    n = 120
    producer = agent.produce(name, name, n, "order" if agent.client not in OFFERED else "sync").done()
    all_sent(producer, n)
    sent = collections.defaultdict(list)
    for s in producer.sent:
        sent[s.broker, s.queue].append(s.name)
    for queue, offsets in dense(producer).items():
        equal(f"order of the offsets of {queue}", sorted(offsets), offsets)
    consumer = agent.consume(name, f"g-{name}", orderly=1)
    wait(lambda: f"{len(consumer.got)} of {n} messages", PATIENCE, lambda: len(consumer.got) >= n)
    same("consumed", [s.name for s in producer.sent], consumer.names())
    place = {s.name: (s.broker, s.queue) for s in producer.sent}
    got = collections.defaultdict(list)
    for g in consumer.got:
        got[place[g.name]].append(g.name)
    for queue, names in sent.items():
        equal(f"order in {queue}", names, got[queue])
    consumer.close()


def offset(agent, name):
    """A consumer that comes back goes on where it was: nothing again, nothing left out."""
    group = f"g-{name}"
    first = agent.consume(name, group)
    before = agent.produce(name, f"{name}-1", 40).done()
    all_sent(before, 40)
    wait(lambda: f"{len(first.got)} of 40 messages", PATIENCE, lambda: len(first.got) >= 40)
    # A client may be closed between a message's call of the application and its own note of it: that message would come again.
    wait(lambda: f"{agent.committed(name, group)} of 40 messages committed", PATIENCE, lambda: agent.committed(name, group) == 40)
    first.close()
    same("before the restart", [s.name for s in before.sent], first.names())
    after = agent.produce(name, f"{name}-2", 20).done()
    second = agent.consume(name, group)
    wait(lambda: f"{len(second.got)} of 20 messages after the restart", PATIENCE, lambda: len(second.got) >= 20)
    second.close()
    same("after the restart", [s.name for s in after.sent], second.names())


def retry(agent, name):
    """What the consumer refuses twice comes three times, counted, as itself."""
    n, fail = 6, 2
    consumer = agent.consume(name, f"g-{name}", "A || B", fail=fail)
    all_sent(agent.produce(name, name, n, tags="A,B").done(), n)
    wait(lambda: f"{len(consumer.got)} of {n * (fail + 1)} deliveries", PATIENCE + 30, lambda: len(consumer.got) >= n * (fail + 1))
    for i in range(n):
        deliveries = [g for g in consumer.got if g.name == f"{name}-{i}"]
        equal(f"retries of message {i}", list(range(fail + 1)), [g.retries for g in deliveries])
        for g in deliveries:
            equal(f"message {i}", ("AB"[i % 2], f"key{i}", f"№{i}", name), (g.tag, g.keys, g.n, g.topic))
    consumer.close()


def everything(client):
    """(name, function) of the cases that a client runs by itself, next to one another."""
    if client == "go-2.1.0":   # writes KEYS with a blank behind and batches with an empty number: it is here for its reading of routes
        yield from {"order": order, "offset": offset}.items()
        return
    for mode in modes(client):
        yield mode, lambda agent, name, m=mode: send_and_filter(agent, name, m)
    yield from {"order": order, "offset": offset, "retry": retry}.items()


def modes(client):
    return [m for m in MODES if m in OFFERED.get(client, MODES)]


class Kill:
    """Each broker in turn dies by kill -9 under everybody's sends and comes back. What was acknowledged, to whichever
    client, reaches the consumers of all clients. Run once for all agents; gives a verdict for each."""

    TOPIC = "kill"

    def __init__(self, agents, brokers):
        self.agents, self.brokers = agents, brokers

    def run(self):
        """{agent: None or what is wrong}"""
        consumers = {a: a.consume(self.TOPIC, f"g-kill-{a.word}") for a in self.agents}
        producers = {a: a.produce(self.TOPIC, f"kill-{a.word}", 10 ** 6, pause=10, timeout=3000) for a in self.agents}
        for c in consumers.values():
            c.ready()
        wait("every consumer consumes", PATIENCE, lambda: all(c.got or c.check() for c in consumers.values()))
        for victim in self.brokers:
            self.kill(victim, producers.values())
        for p in producers.values():
            p.stop()
        for p in producers.values():
            p.done()
        acknowledged = {s.name for p in producers.values() for s in p.sent}
        print(f"    kill: {len(acknowledged)} acknowledged in all", flush=True)
        end = time.monotonic() + PATIENCE
        return {a: self.verdict(acknowledged, consumers[a], end) for a in self.agents}

    def kill(self, victim, producers):
        self.everyone(producers, 30, lambda s: s.broker == victim.name, f"by {victim.name}")
        victim.kill()
        started = time.monotonic()
        self.everyone(producers, 30, lambda s: s.broker != victim.name, f"without {victim.name}")
        victim.start()
        back = time.monotonic()
        self.everyone(producers, 20, lambda s: s.broker == victim.name, f"by {victim.name} after its restart")
        print(f"    kill: {victim.name} was away {back - started:.1f} s, all send to it again {time.monotonic() - back:.1f} s later",
              flush=True)

    @staticmethod
    def everyone(producers, more, which, what):
        """Waits until each producer has `more` new acknowledgements of a kind."""
        start = {p: len(p.sent) for p in producers}

        def slow():
            [p.check() for p in start]
            return [p.id for p in start if sum(map(which, p.sent[start[p]:])) < more]
        wait(lambda: f"{more} acknowledged {what}: {', '.join(slow())}", PATIENCE, lambda: not slow())

    @staticmethod
    def verdict(acknowledged, consumer, end):
        """None, or what is wrong. The consumer may get some twice: it is at least once here."""
        def missing():
            consumer.check()
            return acknowledged - set(consumer.names())
        try:
            wait(lambda: f"{len(missing())} of {len(acknowledged)} acknowledged not consumed, e.g. {sorted(missing())[:3]}",
                 end - time.monotonic(), lambda: not missing())
            return None
        except Wrong as e:
            return str(e)
