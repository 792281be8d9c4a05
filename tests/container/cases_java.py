"""Published Java clients and a pod that comes back elsewhere."""
import time

import clients   # of tests/interop
from agent import Agent, wait
from pods import BROKERS, NAMES, Pods, build

PATIENCE = 35   # seconds: a client asks for its routes every 30


def new_acknowledgements(producer, broker, since):
    return sum(s.broker == broker for s in producer.sent[since:])


def test_java_clients_follow_a_broker_to_its_new_address(binaries):
    """SIGTERM and a new address under Java's sends: served again within 35 s of the start, and nothing acknowledged is lost."""
    clients.install_tools()
    with Pods(build(binaries)) as p:
        p.apply("nameserver.yaml")
        p.apply("broker.yaml")
        for name in NAMES + BROKERS:
            p.start(name)
        p.wait_ready(*NAMES, *BROKERS)
        names = ";".join(f"{p.ip(n)}:9876" for n in NAMES)
        p.execute(BROKERS[0], "mqadmin", "updateTopic", "-n", f"{NAMES[0]}.rn:9876", "-c", "DefaultCluster", "-t", "Follow", "-r", "2", "-w", "2")
        agents = []
        try:
            for client in ("java-4.2.0", "java-4.9.8", "java-5.3.3"):
                logs = clients.logs("pods", client)
                agents.append(Agent(client, clients.command(client, logs), names, logs))
            consumers = [a.consume("Follow", f"g-{a.word}") for a in agents]
            producers = [a.produce("Follow", a.word, 10 ** 6, pause=20, timeout=3000) for a in agents]
            for c in consumers:
                c.ready()
            wait("sends to both brokers", PATIENCE, lambda: all(new_acknowledgements(x, b, 0) > 5 for x in producers for b in ("broker-a", "broker-b")))
            before = p.ip(BROKERS[1])
            assert p.stop(BROKERS[1]) == 0
            assert not (p.disk(BROKERS[1]) / "store/abort").exists()
            since = [len(x.sent) for x in producers]
            p.start(BROKERS[1])
            started = time.monotonic()
            assert p.ip(BROKERS[1]) != before
            wait("sends to broker-b at its new address", PATIENCE,
                 lambda: all(new_acknowledgements(x, "broker-b", n) > 5 for x, n in zip(producers, since)))
            sent_again = time.monotonic() - started
            for x in producers:
                x.stop()
            for x in producers:
                x.done()
            acknowledged = {s.name for x in producers for s in x.sent}
            # A consumer that saw the routes without broker-b also waits for its own balancing, every 20 s.
            wait(lambda: f"{[len(acknowledged - set(c.names())) for c in consumers]} of {len(acknowledged)} acknowledged messages", PATIENCE,
                 lambda: all(acknowledged <= set(c.names()) for c in consumers))
            print(f"    all send to the new address after {sent_again:.1f} s, all {len(acknowledged)} consumed after {time.monotonic() - started:.1f} s")
        finally:
            for a in agents:
                a.end()
