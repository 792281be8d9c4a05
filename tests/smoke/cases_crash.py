"""kill -9 under load: what was acknowledged is there, queue offsets have no gaps, the restart is quick."""
import random
import threading
import time

from remoting import Connection
from servers import Cluster

QUEUES = 4


def produce(addr, stop, acknowledged, lane):
    """Keeps 32 sends outstanding on one connection; notes (queue, queueOffset, body) of every acknowledgement."""
    try:
        with Connection(addr, timeout=5) as connection:
            waiting, n = [], 0
            while not stop.is_set():
                queue = random.randrange(QUEUES)
                body = b"%d-%d-%d" % (lane, int(time.time() * 1e6), n)
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
        for _ in range(rounds):
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
                assert connection.wait(connection.send_message("Crash", 0, b"after")).code == 0
            slowest = max(slowest, time.monotonic() - started)
        with Connection(b.addr) as connection:
            found = {q: connection.read_queue("Crash", q) for q in range(QUEUES)}
        for q, messages in found.items():
            assert [m[0] for m in messages] == list(range(len(messages))), f"gap in queue {q}"
        lost = [x for x in acknowledged if x[1] >= len(found[x[0]]) or found[x[0]][x[1]][1] != x[2]]
        assert acknowledged and not lost, f"{len(lost)} of {len(acknowledged)} acknowledged messages lost: {lost[:3]}"
        print(f"    {rounds} x kill -9: {len(acknowledged)} acknowledged, 0 lost, slowest first answer {slowest:.3f} s")
        assert slowest < 2


def test_kill_async_flush(a):
    crash_rounds(a, a.kills)


def test_kill_sync_flush(a):
    crash_rounds(a, a.kills, flushDiskType="SYNC_FLUSH")
