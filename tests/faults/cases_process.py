"""Processes that are stopped, short of descriptors, flooded with connections or with nonsense."""
import errno
import os
import random
import resource
import signal
import socket
import struct
import time

from remoting import Connection
from world import World, bodies, client, send


def test_a_stopped_broker_goes_on_where_it_was(a):
    with World(a.bin) as w:
        b = w.broker(flushDiskType="SYNC_FLUSH")
        with client(b, timeout=20) as c:
            assert send(c, b"0").code == 0
            os.kill(b.process.pid, signal.SIGSTOP)
            waiting = [c.send_message("Faults", 0, b"%d" % i) for i in range(1, 11)]
            time.sleep(4)
            os.kill(b.process.pid, signal.SIGCONT)
            codes = [c.wait(o).code for o in waiting]
            assert set(codes) <= {0, 2}, codes      # what waited too long in the queue is refused as busy
            assert send(c, b"after").code == 0
        found = bodies(b)
        assert len(found) == 2 + codes.count(0), (found, codes)


def test_killed_while_stopped(a):
    with World(a.bin) as w:
        b = w.broker()
        with client(b) as c:
            for i in range(100):
                assert send(c, b"%d" % i).code == 0
        os.kill(b.process.pid, signal.SIGSTOP)
        b.kill()
        w.restart(b)
        assert len(bodies(b)) == 100


def test_no_descriptor_for_connections(a):
    with World(a.bin) as w:
        b = w.broker()
        with client(b) as c:
            assert send(c, b"0").code == 0
            used = len(os.listdir(f"/proc/{b.process.pid}/fd"))
            resource.prlimit(b.process.pid, resource.RLIMIT_NOFILE, (used + 20, used + 20))
            others = []
            for _ in range(100):
                try:
                    others.append(socket.create_connection(("127.0.0.1", b.port), 1))
                except OSError:
                    break
            cpu = b.cpu_seconds()
            assert send(c, b"1").code == 0, "who is connected is served"
            time.sleep(1)
            assert b.cpu_seconds() - cpu < 0.5, "the broker spins"
            for s in others:
                s.close()
            time.sleep(0.5)
            with client(b) as again:
                assert send(again, b"2").code == 0, "and who comes later"
        assert bodies(b) == [b"0", b"1", b"2"]
        assert "turned away" in w.log(b)


def test_accept_fails_for_a_while(a):
    with World(a.bin) as w:
        b = w.broker()
        with client(b) as c:
            assert send(c, b"first").code == 0      # it is accepted
            w.fault(f"accept - {errno.ENFILE} 0")
            try:
                with Connection(b.addr, timeout=1) as other:
                    send(other, b"no")
            except OSError:
                pass
            assert send(c, b"0").code == 0
            w.heal()
            with client(b) as other:
                assert send(other, b"1").code == 0


def test_many_connections(a):
    with World(a.bin) as w:
        b = w.broker()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, a.connections + 1000), hard))
        count = min(a.connections, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 500)
        many = [socket.create_connection(("127.0.0.1", b.port), 5) for _ in range(count)]
        try:
            with client(b) as c:
                slowest = 0
                for i in range(100):
                    started = time.monotonic()
                    assert send(c, b"%d" % i).code == 0
                    slowest = max(slowest, time.monotonic() - started)
            assert slowest < 1, f"a send took {slowest:.1f} s beside {count} connections"
            rss = b.rss()
            assert rss < 400 << 20, f"{rss >> 20} MiB for {count} idle connections"
            print(f"    {count} connections, {rss >> 20} MiB, slowest send {slowest * 1000:.1f} ms")
        finally:
            [s.close() for s in many]
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert len(bodies(b)) == 100


def hostile(seed):
    """One connection's worth of nonsense."""
    r = random.Random(seed)
    header = b'{"code":310,"language":"JAVA","version":317,"opaque":1,"flag":0,"extFields":{}}'
    good = struct.pack(">II", 4 + len(header), len(header)) + header
    return r.choice([
        lambda: r.randbytes(r.randrange(1, 5000)),
        lambda: struct.pack(">I", 0xFFFFFFFF) + r.randbytes(100),                   # a length of 4 GiB, or -1
        lambda: struct.pack(">I", 0x7FFFFFFF) + r.randbytes(1000),
        lambda: struct.pack(">II", 100, 0xFFFFFF) + r.randbytes(96),               # a header longer than its frame
        lambda: struct.pack(">II", 4, 0),                                            # nothing in it
        lambda: struct.pack(">I", 0) * 100,
        lambda: good[:r.randrange(len(good))],                                       # half a frame, then silence or the end
        lambda: struct.pack(">II", 4 + 20, 0x01000000 | 20) + r.randbytes(20),     # a binary header of nonsense
        lambda: struct.pack(">II", 4 + 60, 60) + b"[" * 60,                         # JSON that nests
        lambda: struct.pack(">II", 4 + len(header), len(header)) + header.replace(b"310", b"-9999999999999"),
        lambda: good.replace(b"{}", b'{"e":"-5","h":"x","a":1}'),
        lambda: b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        lambda: bytes([22, 3, 1]) + r.randbytes(300),                                # a TLS hello
        lambda: good * 500,                                                          # and nobody reads the answers
    ])()


def test_hostile_frames(a):
    with World(a.bin) as w:
        n = w.namesrv()
        b = w.broker()
        with client(b) as c:
            assert send(c, b"0").code == 0
            open_ones = []
            for seed in range(600):
                port = (b.port, b.port - 2, n.port)[seed % 3]
                s = socket.create_connection(("127.0.0.1", port), 5)
                try:
                    s.sendall(hostile(seed))
                except OSError:
                    pass
                if seed % 4:
                    s.close()
                else:
                    open_ones.append(s)
            assert send(c, b"1").code == 0
            [s.close() for s in open_ones]
        with Connection(n.addr) as c:
            assert c.call(105, dict(topic="Faults")).code in (0, 17)
        assert bodies(b) == [b"0", b"1"]
        assert b.process.poll() is None and n.process.poll() is None


def test_probes_of_other_protocols_do_not_fill_the_log(a):
    """Health checks of load balancers, gRPC and web clients that found the wrong port: closed at once, told now and then."""
    probes = (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", bytes([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]))
    with World(a.bin) as w:
        n = w.namesrv(**{"tls.server.mode": "disabled", "logTo": "both"})
        b = w.broker(**{"tls.server.mode": "disabled"})

        def probe(count):
            slowest = 0
            for i in range(count):
                started = time.monotonic()
                with socket.create_connection(("127.0.0.1", (b.port, b.port - 2, n.port)[i // 3 % 3]), 5) as s:
                    s.sendall(probes[(i + i // 3) % 3])   # the first of a port is told
                    try:
                        assert s.recv(100) == b""
                    except ConnectionResetError:
                        pass
                slowest = max(slowest, time.monotonic() - started)
            assert slowest < 1, slowest
        probe(1000)
        before, lines = b.rss(), w.log(b).count("\n") + w.log(n).count("\n")
        probe(9000)
        assert b.rss() - before < 8 << 20, (b.rss(), before)
        said = w.log(b) + w.log(n)
        assert said.count("\n") - lines < 100, said[-3000:]
        assert "8081" in said and "HTTP/2" in said, said[-3000:]
        with client(b) as c:
            assert send(c, b"0").code == 0


def test_a_reader_that_never_reads(a):
    with World(a.bin) as w:
        b = w.broker()
        with client(b) as c:
            for i in range(64):
                assert send(c, b"x" * 60_000).code == 0
            stuck = Connection(b.addr)
            try:
                stuck.socket.settimeout(1)
                for _ in range(3000):
                    stuck.send(11, dict(consumerGroup="g", topic="Faults", queueId=0, queueOffset=0, maxMsgNums=32, sysFlag=4, commitOffset=0,
                                        suspendTimeoutMillis=0, subscription="*", subVersion=0, expressionType="TAG"))
            except OSError:
                pass
            started = time.monotonic()
            assert send(c, b"last").code == 0
            assert time.monotonic() - started < 1
            rss = b.rss()
            assert rss < 600 << 20, f"{rss >> 20} MiB"
            stuck.close()
