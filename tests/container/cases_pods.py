"""The image, and the tutorial's four pods as containers."""
import re
import time

from pods import BROKERS, NAMES, Pods, build
from remoting import Connection

LIST = "rocketmq-nameserver-0.rn:9876;rocketmq-nameserver-1.rn:9876"


def cluster_table(pods):
    return pods.execute(BROKERS[0], "./bin/mqadmin", "clusterList", "-n", LIST)


def wait_for(seconds, condition):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not within %d s" % seconds
        time.sleep(0.2)


def test_the_tutorials_cluster(binaries):
    with Pods(build(binaries)) as p:
        p.apply("nameserver.yaml")
        p.apply("broker.yaml")
        for name in BROKERS + NAMES:      # brokers first: their NameServers' names resolve only later
            p.start(name)
        p.wait_ready(*NAMES, *BROKERS)
        table = cluster_table(p)
        for letter, pod in zip("ab", BROKERS):
            assert re.search(rf"^DefaultCluster +broker-{letter} +0 +{re.escape(p.ip(pod))}:10911 ", table, re.M), table
        for letter, pod in zip("ab", BROKERS):
            with Connection(f"{p.ip(pod)}:10911") as c:
                assert all(c.wait(c.send_message("T", 0, b"%d" % i)).code == 0 for i in range(100))

        for role, pods in (("broker", BROKERS), ("namesrv", NAMES)):
            assert all((p.disk(pod) / f"logs/rocketmqlogs/{role}.log").stat().st_size > 0 and "boot success" in p.logs(pod) for pod in pods)

        # A pod that comes back has another address and all its messages.
        before = p.ip(BROKERS[1])
        assert p.stop(BROKERS[1]) == 0
        assert not (p.disk(BROKERS[1]) / "store/abort").exists()
        p.start(BROKERS[1])
        p.wait_ready(BROKERS[1], seconds=35)
        after = p.ip(BROKERS[1])
        assert after != before
        with Connection(f"{p.ip(NAMES[0])}:9876") as ns:
            route = ns.call(105, dict(topic="T")).body.decode()
        assert f"{after}:10911" in route and f"{before}:" not in route, route
        with Connection(f"{after}:10911") as c:
            assert len(c.read_queue("T", 0)) == 100
            assert c.wait(c.send_message("T", 0, b"more")).code == 0

        # A NameServer with a new address is found again by its name.
        assert p.stop(NAMES[0]) == 0
        p.start(NAMES[0])
        p.wait_ready(NAMES[0])

        def both_known():
            with Connection(f"{p.ip(NAMES[0])}:9876") as ns:
                return ns.call(106).body.count(b'"brokerName"') >= 2
        wait_for(10, both_known)

        # kill -9: everything acknowledged is there.
        p.podman("kill", "-s", "KILL", BROKERS[0])
        p.podman("rm", "-f", BROKERS[0])
        p.start(BROKERS[0])
        p.wait_ready(BROKERS[0], seconds=35)
        with Connection(f"{p.ip(BROKERS[0])}:10911") as c:
            assert len(c.read_queue("T", 0)) == 100


def test_one_headless_name_stands_for_all_nameservers(binaries):
    with Pods(build(binaries)) as p:
        p.apply("nameserver.yaml")
        p.apply("broker.yaml")
        for spec in p.specs.values():
            for e in spec["template"]["spec"]["containers"][0]["env"]:
                if e["name"] == "NAME_SERVER_LIST":
                    e["value"] = "rn:9876"
        for name in (*NAMES, BROKERS[0]):
            p.start(name)
        p.wait_ready(*NAMES, BROKERS[0])
        for name in NAMES:
            with Connection(f"{p.ip(name)}:9876") as ns:
                assert b"broker-a" in ns.call(106).body, name


def test_a_memory_limit_is_lived_with(binaries):
    """256 MiB, the stock configuration, more messages than that, and a JVM's wish for 8 GiB: it goes on, and what it takes for itself is small."""
    with Pods(build(binaries)) as p:
        jvm = {"JAVA_OPT_EXT": "-Xms8g -Xmx8g", "HEAP_OPTS": "-Xms8g", "MAX_POSSIBLE_HEAP": "8589934592"}
        env = {"BROKER_SERVER": "true", "NAME_SERVER_LIST": "127.0.0.1:9876"} | jvm
        p.run("limited", "--memory", "256m", "--memory-swap", "256m", *[x for k, v in env.items() for x in ("-e", f"{k}={v}")])
        wait_for(30, lambda: "boot success" in p.logs("limited"))
        told = [line for line in p.logs("limited").splitlines() if "there is no JVM" in line]
        assert len(told) == 1 and all(variable in told[0] for variable in jvm), p.logs("limited")
        with Connection(f"{p.ip('limited')}:10911") as c:
            def send(queue, count, body):
                for _ in range(0, count, 100):
                    assert all(c.wait(x).code == 0 for x in [c.send_message("T", queue, body) for _ in range(100)])
            send(0, 10_000, b"x" * 1024)
            send(1, 1_500, b"y" * (256 << 10))
            assert len(c.read_queue("T", 0)) == 10_000
            assert c.call(30, dict(topic="T", queueId=1)).ext["offset"] == "1500"
        anonymous = p.anonymous_memory("limited") / (1 << 20)
        print(f"    {anonymous:.1f} MiB of its own after 385 MiB of messages")
        assert anonymous < 128
        assert p.podman("inspect", "-f", "{{.State.Status}} {{.State.OOMKilled}} {{.RestartCount}}", "limited").stdout.split() == ["running", "false", "0"]


def test_command_forms_of_the_known_images(binaries):
    with Pods(build(binaries)) as p:
        def run(*words, env=()):
            more = [x for e in env for x in ("-e", e)]
            r = p.podman("run", "--rm", "--network", "none", *more, p.image, *words, check=False)
            return r.returncode, r.stdout + r.stderr
        for words in (["sh", "mqnamesrv", "-h"], ["mqnamesrv", "-h"], ["./mqnamesrv", "-h"], ["namesrv", "-h"], ["nameserver", "-h"]):
            status, said = run(*words)
            assert status == 0 and "usage: mqnamesrv" in said, (words, status, said)
        status, said = run("-h", env=["NODE_ROLE=broker"])
        assert status == 0 and "usage: mqbroker" in said, said
        for conf in ("conf/2m-noslave/broker-a.properties", "../conf/broker.conf", "/opt/rocketmq/conf/broker.conf"):
            status, said = run("mqbroker", "-c", conf, "-p")
            assert status == 0 and "brokerName=broker-a" in said, (conf, said)
        status, said = run()
        assert status == 64 and "NAME_SERVER=true" in said, (status, said)
        status, said = run(env=["BROKER_SERVER=true"])
        assert status == 1 and "NAME_SERVER_LIST invalid" in said, (status, said)
        status, said = run(env=["BROKER_SERVER=true", "NAME_SERVER_LIST=n:9876", "BROKER_CLUSTER_CONF=3m", "HOSTNAME=x-0"])
        assert status == 1 and "2m-2s-async" in said, (status, said)


def test_identity_by_ordinal(binaries):
    with Pods(build(binaries)) as p:
        def identity(mode, ordinal, *env):
            more = [x for e in (f"BROKER_CLUSTER_CONF={mode}", "NAME_SERVER_LIST=n1:9876,n2:9876", "BROKER_SERVER=true", *env) for x in ("-e", e)]
            r = p.podman("run", "--rm", "--network", "none", "--hostname", f"pod-{ordinal}", *more, p.image, "broker", "-p")
            shown = dict(line.split(" - ", 1)[1].split("=", 1) for line in r.stdout.splitlines() if " - " in line)
            assert shown["namesrvAddr"] == "n1:9876;n2:9876"
            return shown["brokerName"], shown["brokerId"], shown["brokerRole"], shown["brokerIP1"]
        assert identity("2m-noslave", 1, "POD_IP=10.1.2.3") == ("broker-b", "0", "ASYNC_MASTER", "10.1.2.3")
        assert identity("2m-noslave", 26, "BROKER_IP1=10.1.2.4", "POD_IP=10.1.2.3") == ("broker-26", "0", "ASYNC_MASTER", "10.1.2.4")
        assert identity("2m-2s-async", 3, "POD_IP=10.1.2.3")[:3] == ("broker-b", "1", "SLAVE")
        assert identity("2m-2s-sync", 2, "POD_IP=10.1.2.3")[:3] == ("broker-b", "0", "SYNC_MASTER")
        assert identity("2m-2s-sync", 1, "POD_IP=10.1.2.3", "ROCKETMQ_CONF_brokerName=mine")[:2] == ("mine", "1")
