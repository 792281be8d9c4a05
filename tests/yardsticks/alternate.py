"""One store folder under our broker and a Java broker in turn, five times each: every kind of message, and what was pending goes on.

Each turn first checks all that earlier turns left: every queue message by message, offsets of groups, what waited for a delay or a
decision. Then it adds a corpus of its own and leaves some of it pending for the other side. In the end both rebuild the
ConsumeQueues from the log, which must give the same bytes.
"""
import contextlib
import filecmp
import json
import pathlib
import shutil
import struct
import subprocess
import time
import zlib

from java_servers import java_servers
from remoting import Connection, stored_messages
from servers import Cluster, free_port, scratch

TURNS = 5
CONF = dict(mappedFileSizeCommitLog=16 << 20, mappedFileSizeConsumeQueue=120_000, maxHashSlotNum=50_000, maxIndexNum=200_000,
            messageDelayLevel=" ".join(f"{s}s" for s in range(1, 19)), transactionTimeOut=3000, transactionCheckInterval=6000,
            diskMaxUsedSpaceRatio=95)
GROUP, PRODUCERS = "exchange_readers", "exchange_senders"
COMPRESSED, PREPARED, COMMIT, ROLLBACK = 1, 4, 8, 12


def text(properties):
    return "".join(f"{k}\x01{v}\x02" for k, v in properties.items())


def batch_body(bodies):
    """Of SEND_BATCH_MESSAGE: records of total size, magic, CRC, flag, body, properties."""
    out = b""
    for body, properties in bodies:
        p = text(properties).encode()
        out += struct.pack(">iiiii", 22 + len(body) + len(p), 0, 0, 0, len(body)) + body + struct.pack(">h", len(p)) + p
    return out


class Expected:
    """What the store must hold, as the brokers answered it."""

    def __init__(self):
        self.queues = {}         # (topic, queue) -> bodies in their order
        self.offsets = {}        # queue -> offset committed for GROUP on topic Plain
        self.later = []          # bodies that must come to topic Later, and when they may
        self.retries = []        # bodies that must come to the retry topic of GROUP
        self.halves = []         # (whose, header of END_TRANSACTION, body): prepared, not decided
        self.committed = []      # bodies that must come to topic Deal
        self.keys = {}           # key -> topic


class Turn:
    """What one server is asked in its turn. `java`: it is the Java broker of that version, else ours."""

    def __init__(self, addr, number, version, java, expected):
        self.addr, self.number, self.version, self.java, self.e = addr, number, version, java, expected
        self.name = f"turn {number} {'of Java ' + version if java else 'ours'}"

    def sent(self, c, topic, queue, body, properties=None, **more):
        for _ in range(100):
            answer = c.wait(c.send_message(topic, queue, body, text(properties or {}), a=PRODUCERS, **more))
            if answer.code == 2:   # a warming Java's flow control
                time.sleep(0.05)
                continue
            assert answer.code == 0, f"{self.name}: send to {topic}: code {answer.code} {answer.remark}"
            return answer
        raise AssertionError(f"{self.name}: busy")

    def plain(self, c, topic, queue, body, properties=None, **more):
        answer = self.sent(c, topic, queue, body, properties, **more)
        bodies = self.e.queues.setdefault((topic, queue), [])
        assert int(answer.ext["queueOffset"]) == len(bodies), f"{self.name}: {topic}-{queue} continues at {answer.ext['queueOffset']}, not {len(bodies)}"
        bodies.append(body)
        return answer

    # --- check ---------------------------------------------------------------------------------------------------------

    def check(self):
        with Connection(self.addr) as c:
            for (topic, queue), bodies in self.e.queues.items():
                found = c.read_queue(topic, queue)
                assert [m[0] for m in found] == list(range(len(found))), f"{self.name}: {topic}-{queue} has a gap"
                assert [m[1] for m in found] == bodies, f"{self.name}: {topic}-{queue} holds {len(found)} messages, not the {len(bodies)} that were sent"
            for queue, offset in self.e.offsets.items():
                answer = c.call(14, dict(consumerGroup=GROUP, topic="Plain", queueId=queue))
                assert answer.code == 0 and int(answer.ext["offset"]) == offset, f"{self.name}: offset of queue {queue}: {answer.code} {answer.ext}"
            for key, topic in self.e.keys.items():
                answer = c.call(12, dict(topic=topic, key=key, maxNum=8, beginTimestamp=0, endTimestamp=1 << 60))
                assert answer.code == 0 and len(list(stored_messages(answer.body))) == 1, f"{self.name}: key {key}: code {answer.code}"
            self.once(c, "Later", self.e.later, again=True)
            self.once(c, f"%RETRY%{GROUP}", self.e.retries, again=True)
            self.once(c, "Deal", self.e.committed)

    def once(self, c, topic, bodies, again=False):
        """All of them come, each once, nothing else. `again`: after a stop of 4.2.0, which forgets what it has delivered since its last look at
        the clock, some may come once more."""
        deadline = time.monotonic() + 30
        wanted, again = sorted(bodies), again and self.version == "4.2.0"
        while True:
            found = self.bodies(c, topic)
            if sorted(set(found) if again else found) == wanted:
                return
            assert time.monotonic() < deadline, (f"{self.name}: {topic} has {len(found)} of {len(bodies)}: missing {sorted(set(bodies) - set(found))[:4]}, "
                                                 f"too many {[b for b in found if found.count(b) > 1 or b not in bodies][:4]}")
            time.sleep(0.2)

    def bodies(self, c, topic):
        return [m[1] for q in range(4) for m in c.read_queue(topic, q)]

    def decide(self):
        """Each half message of a turn before is asked about, and the answer counts: the first is committed, the second rolled back. A broker of
        4.2.0 asks nobody and knows only its own: there the producer decides by itself."""
        asks = not (self.java and self.version == "4.2.0")
        mine = [h for h in self.e.halves if self.version != "4.2.0" or h[0] == self.java]
        with Connection(self.addr, timeout=40) as c:
            if asks:
                heartbeat = dict(clientID="exchange", producerDataSet=[dict(groupName=PRODUCERS)], consumerDataSet=[])
                assert c.call(34, body=json.dumps(heartbeat).encode()).code == 0
            for _ in mine:
                if asks:
                    request = c.asked(39)
                    body = next(stored_messages(request.body))["body"]
                    half = next((h for h in mine if h[2] == body and h in self.e.halves), None)
                    assert half, f"{self.name}: asked about {body!r}"
                    header = dict(half[1], **{k: request.ext[k] for k in ("tranStateTableOffset", "commitLogOffset", "msgId")})
                else:
                    half = next(h for h in mine if h in self.e.halves)
                    header = half[1]
                self.e.halves.remove(half)
                commit = half[2].endswith(b" 0")
                answer = c.call(37, header | dict(commitOrRollback=COMMIT if commit else ROLLBACK, fromTransactionCheck="true" if asks else "false"))
                assert answer.code == 0, f"{self.name}: END_TRANSACTION: {answer.code} {answer.remark}"
                self.e.committed += [half[2]] if commit else []
            self.once(c, "Deal", self.e.committed)
        if self.java and self.version.startswith("5"):
            time.sleep(4)   # it notes decisions every 3 s, and forgets those that are not noted when it stops

    # --- add -----------------------------------------------------------------------------------------------------------

    def add(self):
        t, e = self.number, self.e
        with Connection(self.addr) as c:
            for i in range(40):
                key = f"k{t}-{i}"
                self.plain(c, "Plain", i % 4, b"%d-%d" % (t, i), {"TAGS": f"t{i % 3}", "KEYS": key} | ({} if i % 5 else {"a b": "ü€😀"}))
                if i % 13 == 0:
                    e.keys[key] = "Plain"
            self.plain(c, "Kinds", 0, b"no properties %d" % t)
            self.plain(c, "Kinds", 0, f"ünïcode 消息 {t}".encode())
            self.plain(c, "Kinds", 0, bytes(range(256)) * 1200 + b"%d" % t)             # 300 KB
            self.plain(c, "Kinds", 1, zlib.compress(b"compressed %d" % t * 100), f=COMPRESSED)
            self.plain(c, "Kinds", 1, b"two keys %d" % t, {"KEYS": f"x{t} y{t}", "UNIQ_KEY": f"U{t:030d}", "WAIT": "false"})
            e.keys |= {f"x{t}": "Kinds", f"y{t}": "Kinds"}
            self.plain(c, "Kinds", 2, b"flag %d" % t, {"PGROUP": "p"}, h=0, g=0)
            self.plain(c, "long_" + "t" * 120, 0, b"a topic of 125 bytes %d" % t)
            self.batch(c, t)
            group = dict(groupName=GROUP, consumeEnable=True, consumeBroadcastEnable=True, retryQueueNums=1, retryMaxTimes=16, brokerId=0,
                         whichBrokerWhenConsumeSlowly=1)
            assert c.call(200, body=json.dumps(group).encode()).code == 0
            for queue in range(4):
                e.offsets[queue] = len(e.queues["Plain", queue]) - queue
                answer = c.call(15, dict(consumerGroup=GROUP, topic="Plain", queueId=queue, commitOffset=e.offsets[queue]))
                assert answer.code == 0, f"{self.name}: UPDATE_CONSUMER_OFFSET: {answer.code} {answer.remark}"
            self.give_back(c, t)
            self.prepare(c, t)
            for level in (1, 5, 9):   # the last ones wait while the server stops
                body = b"later %d %d" % (t, level)
                self.sent(c, "Later", level % 4, body, {"DELAY": str(level), "TAGS": "d"})
                e.later.append(body)

    def batch(self, c, t):
        bodies = [(b"batch %d %d" % (t, i), {"TAGS": f"b{i}", "KEYS": f"b{t}-{i}"}) for i in range(5)]
        answer = self.sent(c, "Batch", 0, batch_body(bodies), code=320, m="true")
        known = self.e.queues.setdefault(("Batch", 0), [])
        first = int(str(answer.ext["queueOffset"]).split(",")[0])
        assert first == len(known), f"{self.name}: Batch continues at {first}, not {len(known)}"
        known += [b for b, _ in bodies]
        self.e.keys[f"b{t}-3"] = "Batch"

    def give_back(self, c, t):
        """CONSUMER_SEND_MSG_BACK of the newest message of Plain-0: comes again to the group after 3 s."""
        offset = len(self.e.queues["Plain", 0]) - 1
        answer = c.pull("Plain", 0, offset, group=GROUP)
        message = next(stored_messages(answer.body))
        answer = c.call(36, dict(offset=message["physicalOffset"], group=GROUP, delayLevel=3, originMsgId="m", originTopic="Plain", unitMode="false",
                                 maxReconsumeTimes=16))
        assert answer.code == 0, f"{self.name}: CONSUMER_SEND_MSG_BACK: {answer.code} {answer.remark}"
        self.e.retries.append(message["body"])

    def prepare(self, c, t):
        for n in range(2):
            body = b"deal %d %d" % (t, n)
            unique = f"{t:028d}{n:04d}"
            answer = self.sent(c, "Deal", n, body, {"TRAN_MSG": "true", "PGROUP": PRODUCERS, "UNIQ_KEY": unique}, f=PREPARED)
            offset_id = answer.ext["msgId"]
            self.e.halves.append((self.java, dict(producerGroup=PRODUCERS, tranStateTableOffset=answer.ext["queueOffset"], msgId=unique,
                                                  commitLogOffset=int(offset_id[-16:], 16), transactionId=unique), body))


# --- servers ----------------------------------------------------------------------------------------------------------

class Sides:
    """Both servers over one folder, one at a time."""

    def __init__(self, a, version, folder):
        self.a, self.version, self.folder, self.runs = a, version, folder, 0

    @contextlib.contextmanager
    def java(self, store):
        self.runs += 1
        port, home = free_port(), self.folder / f"java-{self.runs}"
        names = {"mappedFileSizeCommitLog": "mapedFileSizeCommitLog", "mappedFileSizeConsumeQueue": "mapedFileSizeConsumeQueue"}   # spelt so then
        settings = [w for k, v in CONF.items() for w in ("--set", f"{names.get(k, k) if self.version == '4.2.0' else k}={v}")]
        with java_servers(self.a, self.version, home, "--ns", free_port(), "--broker", f"broker-a:{port}", *settings,
                          "--set", f"storePathRootDir={store}", "--set", f"storePathCommitLog={store}/commitlog"):
            yield f"127.0.0.1:{port}"

    @contextlib.contextmanager
    def ours(self, store):
        with Cluster(self.a.bin) as c:
            c.namesrv()
            b = c.broker(storePathRootDir=store, **CONF)
            yield b.addr
            b.term()

    def sound(self, store, after):
        """Our storeCheck finds nothing to complain of."""
        r = subprocess.run([pathlib.Path(self.a.bin) / "mqadmin", "storeCheck", "-s", store], capture_output=True, text=True, timeout=120)
        assert r.returncode == 0, f"storeCheck after {after}: {r.stdout[-3000:]}{r.stderr[-1000:]}"


def queue_files(store):
    root = store / "consumequeue"
    return {p.relative_to(root): p for p in root.rglob("*") if p.is_file()}


def ends_of(addr, store):
    """Where each queue ends, by its folder."""
    with Connection(addr) as c:
        return {p.parent: int(c.call(30, dict(topic=p.parent.parts[0], queueId=p.parent.parts[1])).ext["offset"]) for p in queue_files(store)}


def rebuilt(sides, store, ends, side, name):
    """A copy of the store whose ConsumeQueues that side has built again."""
    copy = sides.folder / f"rebuilt-{name}"
    subprocess.run(["cp", "-a", "--sparse=always", store, copy], check=True)
    shutil.rmtree(copy / "consumequeue")
    (copy / "checkpoint").unlink()
    if sides.version == "4.2.0":   # looks at the log again after a crash only; there later releases take tags for the times of SCHEDULE_TOPIC_XXXX
        (copy / "abort").touch()
    with side(copy) as addr:
        deadline = time.monotonic() + 60
        while missing := {q: n for q, n in ends_of(addr, store).items() if n < ends[q]}:
            assert time.monotonic() < deadline, f"{name} did not build again: {missing}"
            time.sleep(0.2)
    return copy


def same_files(one, other, ends, what):
    """Byte for byte; of the topics in which a running broker writes by itself, what was there before."""
    a, b = queue_files(one), queue_files(other)
    missing = sorted(str(p) for p in a.keys() ^ b.keys() if p in a or not p.parts[0].startswith("RMQ_SYS_"))
    assert not missing, f"{what}: files of one side only: {missing[:5]}"

    def same(p):
        if not p.parts[0].startswith("RMQ_SYS_"):
            return filecmp.cmp(a[p], b[p], shallow=False)
        there = max(ends[p.parent] * 20 - int(p.name), 0)
        return a[p].read_bytes()[:there] == b[p].read_bytes()[:there]

    different = sorted(str(p) for p in a if not same(p))
    assert not different, f"{what}: {len(different)} of {len(a)} files differ: {different[:5]}"
    return len(a)


def alternate(a, version):
    with scratch("mq-alternate-") as folder:
        store, expected, number = folder / "store", Expected(), 0
        sides = Sides(a, version, folder)
        for _ in range(TURNS):
            for java in (False, True):
                number += 1
                with (sides.java if java else sides.ours)(store) as addr:
                    turn = Turn(addr, number, version, java, expected)
                    turn.check()
                    turn.decide()
                    turn.add()
                sides.sound(store, turn.name)
        with sides.ours(store) as addr:
            turn = Turn(addr, number + 1, version, False, expected)
            turn.check()
            turn.decide()
            ends = ends_of(addr, store)
        files = same_files(store, rebuilt(sides, store, ends, sides.ours, "ours"), ends, "rebuilt by ours")
        same_files(store, rebuilt(sides, store, ends, sides.java, "java"), ends, "rebuilt by Java")
        print(f"    {2 * TURNS} turns, {sum(map(len, expected.queues.values()))} messages, {len(expected.later)} delays, {len(expected.retries)} retries, "
              f"{len(expected.committed)} transactions, {files} ConsumeQueue files the same when built again")
