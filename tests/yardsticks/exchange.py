"""Mixed clusters and exchanged store folders with the real Java servers, which $MERLINMQ_YARDSTICKS/peers brings and starts."""
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import traceback

from alternate import alternate
from remoting import Connection
from servers import Cluster, free_port

MESSAGES, TOPICS = 10_000, 10


def peers(a, *words, check=True):
    r = subprocess.run([a.yardsticks / "peers/peers", *map(str, words)], capture_output=True, text=True, timeout=400)
    if check and r.returncode:
        raise RuntimeError(f"peers {' '.join(map(str, words))}: {r.stdout[-2000:]}{r.stderr[-2000:]}")
    return r.stdout


class JavaCluster:
    """A cluster that `peers up` starts, with our servers where `ours` says so."""

    def __init__(self, a, version, *words):
        self.a, self.version, self.words = a, version, words

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mq-java-"))
        peers(self.a, "up", self.version, self.folder / "c", *self.words)
        return self

    def __exit__(self, kind, *_):
        peers(self.a, "down", self.folder / "c", check=False)
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print(f"    left for a look: {self.folder}")


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
    with JavaCluster(a, pathlib.Path(a.bin), "--ns-version", version, "--ns", ns, "--broker", f"broker-a:{port_a}", "--broker", f"broker-b:{port_b}"):
        for p in (port_a, port_b):
            through(f"127.0.0.1:{p}", "Mixed")
        ours, java = cluster_list(a, f"127.0.0.1:{ns}"), cluster_list(a, f"127.0.0.1:{ns}", version)
        assert rows(ours) and [r[:4] for r in rows(ours)] == [r[:4] for r in rows(java)], (ours, java)


def mixed_our_namesrv(a, version):
    ns, port = free_port(), free_port()
    with JavaCluster(a, version, "--ns-version", pathlib.Path(a.bin), "--ns", ns, "--broker", f"broker-a:{port}"):
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
        peers(a, "up", version, c.folder / "java", "--ns", free_port(), "--broker", f"broker-a:{port}", *SIZES,
              "--set", f"storePathRootDir={target}")
        try:
            verify(f"127.0.0.1:{port}")
        finally:
            peers(a, "down", c.folder / "java", check=False)


def store_java_to_ours(a, version):
    port = free_port()
    with JavaCluster(a, version, "--ns", free_port(), "--broker", f"broker-a:{port}", *SIZES) as j:
        fill(f"127.0.0.1:{port}")
        peers(a, "down", j.folder / "c")
        stores = list((j.folder / "c").glob("**/commitlog"))
        assert len(stores) == 1, stores
        with Cluster(a.bin) as c:
            c.namesrv()
            (c.folder / "broker-a").mkdir()
            subprocess.run(["cp", "-a", "--sparse=always", stores[0].parent, c.folder / "broker-a/store"], check=True)
            b = c.broker(mappedFileSizeCommitLog=16 << 20)
            verify(b.addr)
            b.term()


def alternating(a, version):
    alternate(a, version, peers)


CASES = [("our brokers at a Java 5.3.3 NameServer", mixed_java_namesrv, "5.3.3"),
         ("a Java 5.3.3 broker at our NameServer", mixed_our_namesrv, "5.3.3"),
         ("a Java 4.9.7 broker at our NameServer", mixed_our_namesrv, "4.9.7"),
         ("our store under a Java 5.3.3 broker", store_ours_to_java, "5.3.3"),
         ("our store under a Java 4.9.7 broker", store_ours_to_java, "4.9.7"),
         ("a Java 5.3.3 store under our broker", store_java_to_ours, "5.3.3"),
         ("a Java 4.9.7 store under our broker", store_java_to_ours, "4.9.7"),
         ("one store under ours and Java 5.3.3 in turn", alternating, "5.3.3")]
FULL = [("one store under ours and Java 4.9.7 in turn", alternating, "4.9.7"),
        ("one store under ours and Java 4.2.0 in turn", alternating, "4.2.0")]


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
