"""A cluster as a user meets it: start, route, send, long poll, stop."""
import socket
import struct
import threading
import time

from remoting import Connection, stored_messages
from servers import Cluster


def test_two_plus_two_send_and_consume(a):
    with Cluster(a.bin) as c:
        names = [c.namesrv(), c.namesrv()]
        brokers = [c.broker("broker-a"), c.broker("broker-b")]
        for n in names:
            with Connection(n.addr) as ns:
                deadline = time.monotonic() + 10
                while ns.call(106).body.count(b"brokerName") < 2 and time.monotonic() < deadline:
                    time.sleep(0.05)
                body = ns.call(106).body.decode()
                assert "broker-a" in body and "broker-b" in body, body
        for b in brokers:
            with Connection(b.addr) as connection:
                for i in range(100):
                    answer = connection.wait(connection.send_message("Smoke", i % 4, b"m%d" % i, "TAGS\x01t\x02KEYS\x01k%d\x02" % i))
                    assert answer.code == 0, (answer.code, answer.remark)
                    assert answer.ext["queueOffset"] == str(i // 4), answer.ext
                got = [m for q in range(4) for m in connection.read_queue("Smoke", q)]
                assert sorted(m[1] for m in got) == sorted(b"m%d" % i for i in range(100))
                assert got[0][2]["MSG_REGION"] == "DefaultRegion" and got[0][2]["CLUSTER"] == "DefaultCluster"
        with Connection(names[0].addr) as ns:
            route = ns.call(105, dict(topic="Smoke")).body.decode()
            assert '{0:"' + brokers[0].addr + '"}' in route and '{0:"' + brokers[1].addr + '"}' in route, route


def test_every_key_is_found(a):
    """Keys that the index learns from the send, and those it reads from the log: batches, delayed messages."""
    def bodies(connection, key):
        answer = connection.call(12, dict(topic="Keys", key=key, maxNum=32, beginTimestamp=0, endTimestamp=int(time.time() * 1000) + 60000))
        return sorted(m["body"] for m in stored_messages(answer.body)) if answer.code == 0 else []

    with Cluster(a.bin) as c:
        c.namesrv()
        b = c.broker(messageDelayLevel="1s 2s")
        with Connection(b.addr) as k:
            for i in range(300):
                properties = [f"KEYS\x01k{i} both\x02", f"UNIQ_KEY\x01u{i}\x02", f"KEYS\x01k{i}\x02DELAY\x011\x02"][i % 3]
                answer = k.wait(k.send_message("Keys", 0, b"m%d" % i, properties))
                assert answer.code == 0, (answer.code, answer.remark)
            for i in (0, 1, 150, 298):
                key = f"u{i}" if i % 3 == 1 else f"k{i}"
                deadline = time.monotonic() + 10
                while bodies(k, key) != [b"m%d" % i] and time.monotonic() < deadline:
                    time.sleep(0.05)
                assert bodies(k, key) == [b"m%d" % i], (key, bodies(k, key))
            assert len(bodies(k, "both")) == 32
            deadline = time.monotonic() + 15
            while bodies(k, "k299") != [b"m299"] and time.monotonic() < deadline:
                time.sleep(0.1)
            assert bodies(k, "k299") == [b"m299"]
        b.kill()
        b.start()
        with Connection(b.addr) as k:
            assert bodies(k, "k0") == [b"m0"] and bodies(k, "u298") == [b"m298"]


def test_an_idle_connection_is_closed(a):
    with Cluster(a.bin) as c:
        c.namesrv()
        b = c.broker(serverChannelMaxIdleTimeSeconds=1)
        with Connection(b.addr, timeout=8) as k:
            assert k.call(26).code == 0
            began = time.monotonic()
            assert k.socket.recv(1) == b""
            assert 0.8 < time.monotonic() - began < 5, time.monotonic() - began


def test_long_poll_wakes_at_once(a):
    with Cluster(a.bin) as c:
        c.namesrv()
        b = c.broker()
        with Connection(b.addr) as producer, Connection(b.addr) as consumer:
            assert producer.wait(producer.send_message("Poll", 0, b"first")).code == 0
            waits = []
            for i in range(20):
                opaque = consumer.send(11, dict(consumerGroup="g", topic="Poll", queueId=0, queueOffset=i + 1, maxMsgNums=32, sysFlag=6,
                                                commitOffset=0, suspendTimeoutMillis=15000, subscription="*", subVersion=0))
                time.sleep(0.02)
                sent = time.monotonic()
                producer.send_message("Poll", 0, b"x%d" % i)
                answer = consumer.wait(opaque)
                waits.append(time.monotonic() - sent)
                assert answer.code == 0 and [m["body"] for m in stored_messages(answer.body)] == [b"x%d" % i]
            assert sorted(waits)[10] < 0.05, waits


def test_a_held_pull_times_out_with_19(a):
    with Cluster(a.bin) as c:
        c.namesrv()
        b = c.broker()
        with Connection(b.addr, timeout=20) as connection:
            connection.wait(connection.send_message("Poll", 0, b"first"))
            started = time.monotonic()
            answer = connection.pull("Poll", 0, 1, suspend_ms=1000)
            assert answer.code == 19 and answer.ext["nextBeginOffset"] == "1", (answer.code, answer.ext)
            assert 0.9 < time.monotonic() - started < 6.5


def test_fast_port_serves_sends_but_no_pulls(a):
    with Cluster(a.bin) as c:
        c.namesrv()
        b = c.broker()
        with Connection(f"127.0.0.1:{b.port - 2}") as connection:
            assert connection.wait(connection.send_message("Vip", 0, b"x")).code == 0
            assert connection.pull("Vip", 0, 0).code == 3


def test_hostile_bytes_leave_the_servers_alive(a):
    with Cluster(a.bin) as c:
        n = c.namesrv()
        b = c.broker()
        hostile = [b"GET / HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
                   b"\x00" * 64, b"\xff" * 64, struct.pack(">II", 100, 1 << 23) + b"x" * 96, struct.pack(">I", 17 << 20),
                   struct.pack(">II", 20, 16) + b'{"code":10,' + b"x" * 5]
        for server in (n, b):
            for bytes_ in hostile:
                with socket.create_connection(("127.0.0.1", server.port), 5) as s:
                    s.settimeout(2)
                    s.sendall(bytes_)
                    try:
                        s.recv(100)
                    except (TimeoutError, ConnectionError):
                        pass
            with Connection(server.addr) as connection:
                assert connection.call(999999 % 32767).code == 3


def test_clean_stop_and_start_again(a):
    with Cluster(a.bin) as c:
        c.namesrv()
        b = c.broker()
        store = c.folder / "broker-a" / "store"
        with Connection(b.addr) as connection:
            for i in range(10):
                assert connection.wait(connection.send_message("Stop", 0, b"%d" % i)).code == 0
            assert connection.call(15, dict(consumerGroup="g", topic="Stop", queueId=0, commitOffset=7)).code == 0 or True
        assert (store / "abort").exists()
        assert b.term() in (0, 143), "exit status"
        assert not (store / "abort").exists()
        assert (store / "config" / "topics.json").exists()
        took = b.start()
        assert took < 2, took
        with Connection(b.addr) as connection:
            assert [m[1] for m in connection.read_queue("Stop", 0)] == [b"%d" % i for i in range(10)]
            assert connection.wait(connection.send_message("Stop", 0, b"next")).ext["queueOffset"] == "10"


def test_many_connections_at_once(a):
    with Cluster(a.bin) as c:
        c.namesrv()
        b = c.broker()
        errors = []

        def work(k):
            try:
                with Connection(b.addr) as connection:
                    opaques = [connection.send_message("Many", k % 8, b"%d-%d" % (k, i)) for i in range(200)]
                    for o in opaques:
                        assert connection.wait(o).code == 0
            except Exception as e:   # noqa: BLE001
                errors.append(e)

        threads = [threading.Thread(target=work, args=(k,)) for k in range(32)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        assert not errors, errors
        with Connection(b.addr) as connection:
            total = [m for q in range(8) for m in connection.read_queue("Many", q)]
            assert len({m[1] for m in total}) == 32 * 200 == len(total)


def test_a_second_broker_on_the_same_store_is_refused(a):
    with Cluster(a.bin) as c:
        c.namesrv()
        b = c.broker()
        other = c.broker("broker-x", start=False, storePathRootDir=c.folder / "broker-a" / "store")
        other.start(wait=False)
        assert other.process.wait(10) != 0
        assert "store" in other.output()
        with Connection(b.addr) as connection:
            assert connection.wait(connection.send_message("Still", 0, b"alive")).code == 0
