"""kill -9 under load: what was acknowledged is there, nothing is torn or out of order, queue offsets have no gaps, the restart is quick."""
import random
import threading
import time
import zlib

from remoting import Connection
from servers import Cluster

QUEUES = 4


def whole(text):
    """With its check sum, so that a torn body shows."""
    return b"%s-%08x" % (text, zlib.crc32(text))


def expect_whole_and_in_order(queue, messages):
    """Every body as it was sent, also of those whose answer got lost; each connection's messages in the order in which it sent them."""
    newest = {}
    for offset, body, _ in messages:
        text = body.rpartition(b"-")[0]
        assert body == whole(text), f"queue {queue} offset {offset} is torn: {body!r}"
        connection, _, number = text.rpartition(b"-")
        assert newest.get(connection, -1) < int(number), f"queue {queue} offset {offset}: {text!r} comes behind number {newest[connection]}"
        newest[connection] = int(number)


def produce(addr, stop, acknowledged, lane):
    """Keeps 32 sends outstanding on one connection; notes (queue, queueOffset, body) of every acknowledgement."""
    try:
        with Connection(addr, timeout=5) as connection:
            waiting, n, begun = [], 0, time.monotonic_ns()
            while not stop.is_set():
                queue = random.randrange(QUEUES)
                body = whole(b"%d-%d-%d" % (lane, begun, n))
                waiting.append((connection.send_message("Crash", queue, body), queue, body))
                n += 1
                if len(waiting) >= 32:
                    opaque, queue, body = waiting.pop(0)
                    answer = connection.wait(opaque)
                    if answer.code == 0:
                        acknowledged.append((queue, int(answer.ext["queueOffset"]), body))
    except OSError:
        pass   # killed under us


def crash_rounds(a, rounds, **conf):
    with Cluster(a.bin) as c:
        c.namesrv()
        b = c.broker(**conf)
        acknowledged, slowest = [], 0.0
        for n in range(rounds):
            stop = threading.Event()
            threads = [threading.Thread(target=produce, args=(b.addr, stop, acknowledged, k)) for k in range(3)]
            [t.start() for t in threads]
            time.sleep(random.uniform(0.1, 0.5))
            b.kill()
            stop.set()
            [t.join() for t in threads]
            b.start()
            started = time.monotonic()
            with Connection(b.addr) as connection:
                assert connection.wait(connection.send_message("Crash", 0, whole(b"after-%d" % n))).code == 0
            slowest = max(slowest, time.monotonic() - started)
        with Connection(b.addr) as connection:
            found = {q: connection.read_queue("Crash", q) for q in range(QUEUES)}
        for q, messages in found.items():
            assert [m[0] for m in messages] == list(range(len(messages))), f"gap in queue {q}"
            expect_whole_and_in_order(q, messages)
        lost = [x for x in acknowledged if x[1] >= len(found[x[0]]) or found[x[0]][x[1]][1] != x[2]]
        assert acknowledged and not lost, f"{len(lost)} of {len(acknowledged)} acknowledged messages lost: {lost[:3]}"
        print(f"    {rounds} x kill -9: {len(acknowledged)} acknowledged, 0 lost, 0 of {sum(map(len, found.values()))} torn or out of order, slowest first answer {slowest:.3f} s")
        assert slowest < 2


def test_kill_async_flush(a):
    crash_rounds(a, a.kills)


def test_kill_sync_flush(a):
    crash_rounds(a, a.kills, flushDiskType="SYNC_FLUSH")


def test_changes_of_administration_are_kept_when_they_are_answered(a):
    """A topic, its deletion, a group: killed right behind the answer."""
    with Cluster(a.bin) as c:
        b = c.broker()
        for i in range(6):
            with Connection(b.addr) as k:
                assert k.create_topic(f"Kept{i}", 3).code == 0
                if i % 3 == 1:
                    assert k.call(200, body=b'{"groupName":"kept%d","retryMaxTimes":7}' % i).code == 0
                if i % 3 == 2:
                    assert k.call(215, dict(topic=f"Kept{i - 1}")).code == 0
            b.kill()
            b.start()
            with Connection(b.addr) as k:
                assert b'"readQueueNums":3' in k.call(351, dict(topic=f"Kept{i}")).body, i
                if i % 3 == 1:
                    assert b'"retryMaxTimes":7' in k.call(352, dict(group=f"kept{i}")).body
                if i % 3 == 2:
                    assert k.call(351, dict(topic=f"Kept{i - 1}")).code == 17
