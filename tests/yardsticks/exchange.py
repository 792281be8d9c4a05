"""Mixed clusters and exchanged store folders with the real Java servers, for `run`."""
import contextlib
import pathlib
import re
import subprocess
import time
import traceback

from alternate import alternate
from java_servers import java_servers, peers
from remoting import Connection
from servers import Cluster, free_port, scratch

MESSAGES, TOPICS = 10_000, 10


@contextlib.contextmanager
def java_cluster(a, version, *words):
    """A cluster that `peers up` starts, with our servers where the words say so; gives its folder."""
    with scratch("mq-java-") as folder, java_servers(a, version, folder / "c", *words):
        yield folder / "c"


def rows(text):
    """clusterList's rows without what changes by itself."""
    return sorted(tuple(line.split()[:5]) for line in text.splitlines() if not line.startswith("#") and line.strip())


def cluster_list(a, addr, version=None):
    if version:
        return peers(a, "admin", version, "--", "clusterList", "-n", addr)
    return subprocess.run([pathlib.Path(a.bin) / "mqadmin", "clusterList", "-n", addr], capture_output=True, text=True, timeout=60).stdout


def through(broker_addr, topic):
    """One message in and out of a broker."""
    with Connection(broker_addr) as c:
        answer = c.wait(c.send_message(topic, 0, b"mixed"))
        assert answer.code == 0, (answer.code, answer.remark)
        assert b"mixed" in [m[1] for m in c.read_queue(topic, 0)]


def mixed_java_namesrv(a, version):
    ns, port_a, port_b = free_port(), free_port(), free_port()
    with java_cluster(a, pathlib.Path(a.bin), "--ns-version", version, "--ns", ns, "--broker", f"broker-a:{port_a}", "--broker", f"broker-b:{port_b}"):
        for p in (port_a, port_b):
            through(f"127.0.0.1:{p}", "Mixed")
        ours, java = cluster_list(a, f"127.0.0.1:{ns}"), cluster_list(a, f"127.0.0.1:{ns}", version)
        assert rows(ours) and [r[:4] for r in rows(ours)] == [r[:4] for r in rows(java)], (ours, java)


def mixed_our_namesrv(a, version):
    ns, port = free_port(), free_port()
    with java_cluster(a, version, "--ns-version", pathlib.Path(a.bin), "--ns", ns, "--broker", f"broker-a:{port}"):
        through(f"127.0.0.1:{port}", "Mixed")
        ours, java = cluster_list(a, f"127.0.0.1:{ns}"), cluster_list(a, f"127.0.0.1:{ns}", version)
        assert rows(ours) and [r[:4] for r in rows(ours)] == [r[:4] for r in rows(java)], (ours, java)


SIZES = ("--set", f"mappedFileSizeCommitLog={16 << 20}", "--set", "mappedFileSizeConsumeQueue=6000000", "--set", "maxHashSlotNum=5000000",
         "--set", "maxIndexNum=20000000")


def fill(addr):
    """MESSAGES over TOPICS, 64 at a time. A server that is busy (code 2, Java's flow control while it warms up) is asked again."""
    def send(i):
        return i, c.send_message(f"Exchange{i % TOPICS}", i // TOPICS % 4, b"e%d" % i, "TAGS\x01t%d\x02KEYS\x01k%d\x02" % (i % 3, i))

    with Connection(addr) as c:
        waiting, to_send = [], list(reversed(range(MESSAGES)))
        while to_send or waiting:
            while to_send and len(waiting) < 64:
                waiting.append(send(to_send.pop()))
            i, opaque = waiting.pop(0)
            answer = c.wait(opaque)
            if answer.code == 2:
                to_send.append(i)
                continue
            assert answer.code == 0, f"code {answer.code}: {answer.remark}"


def verify(addr):
    with Connection(addr) as c:
        found = []
        for t in range(TOPICS):
            for q in range(4):
                messages = c.read_queue(f"Exchange{t}", q)
                assert [m[0] for m in messages] == list(range(len(messages))), "queue offsets have a gap"
                found += [m[1] for m in messages]
        assert sorted(found) == sorted(b"e%d" % i for i in range(MESSAGES)), f"{len(found)} of {MESSAGES} found"


def store_ours_to_java(a, version):
    with Cluster(a.bin) as c:
        c.namesrv()
        b = c.broker(mappedFileSizeCommitLog=16 << 20)
        fill(b.addr)
        verify(b.addr)
        b.term()
        port = free_port()
        target = c.folder / "java/broker-a/store"
        target.parent.mkdir(parents=True)
        subprocess.run(["cp", "-a", "--sparse=always", c.folder / "broker-a/store", target], check=True)
        with java_servers(a, version, c.folder / "java", "--ns", free_port(), "--broker", f"broker-a:{port}", *SIZES,
                          "--set", f"storePathRootDir={target}"):
            verify(f"127.0.0.1:{port}")


def store_java_to_ours(a, version):
    port = free_port()
    with java_cluster(a, version, "--ns", free_port(), "--broker", f"broker-a:{port}", *SIZES) as folder:
        fill(f"127.0.0.1:{port}")
        peers(a, "down", folder)
        stores = list(folder.glob("**/commitlog"))
        assert len(stores) == 1, stores
        with Cluster(a.bin) as c:
            c.namesrv()
            (c.folder / "broker-a").mkdir()
            subprocess.run(["cp", "-a", "--sparse=always", stores[0].parent, c.folder / "broker-a/store"], check=True)
            b = c.broker(mappedFileSizeCommitLog=16 << 20)
            verify(b.addr)
            b.term()


CASES = [("our brokers at a Java 5.3.3 NameServer", mixed_java_namesrv, "5.3.3"),
         ("a Java 5.3.3 broker at our NameServer", mixed_our_namesrv, "5.3.3"),
         ("a Java 4.9.7 broker at our NameServer", mixed_our_namesrv, "4.9.7"),
         ("our store under a Java 5.3.3 broker", store_ours_to_java, "5.3.3"),
         ("our store under a Java 4.9.7 broker", store_ours_to_java, "4.9.7"),
         ("a Java 5.3.3 store under our broker", store_java_to_ours, "5.3.3"),
         ("a Java 4.9.7 store under our broker", store_java_to_ours, "4.9.7"),
         ("one store under ours and Java 5.3.3 in turn", alternate, "5.3.3")]
FULL = [("one store under ours and Java 4.9.7 in turn", alternate, "4.9.7"),
        ("one store under ours and Java 4.2.0 in turn", alternate, "4.2.0")]


def main(a):
    chosen = [c for c in CASES + (FULL if a.full else []) if not a.only or re.search(a.only, c[0])]
    for version in sorted({version for _, _, version in chosen}):
        peers(a, "fetch", version)
    passed = failed = 0
    for title, case, version in chosen:
        started = time.monotonic()
        try:
            case(a, version)
            passed, verdict = passed + 1, "PASS"
        except Exception:
            failed, verdict = failed + 1, "FAIL"
            traceback.print_exc()
        print(f"{verdict} {title} {time.monotonic() - started:.1f} s", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0
