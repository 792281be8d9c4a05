"""Stores of brokers that were used, killed, damaged: what comes up again, and mqadmin storeCheck."""
import contextlib
import json
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import time

import runner   # of tests/smoke
from cases_message import pairs
from remoting import stored_messages
from world import World, bodies, client, send


def store_check(w, *words):
    return subprocess.run([w.bin / "mqadmin", "storeCheck", "-s", w.folder / "broker-a/store", *words], capture_output=True, text=True, timeout=120)


def test_store_check_finds_and_repairs(a):
    with World(a.bin) as w:
        b = w.broker(maxHashSlotNum=1000, maxIndexNum=4000)
        with client(b) as c:
            for i in range(400):
                assert send(c, b"%d" % i, queue=i % 4).code == 0
            live = store_check(w)
            assert live.returncode == 0 and "in use by another process" in live.stdout, live.stdout
            assert store_check(w, "--repair", "--yes").returncode == 1, "the store of a running broker is not repaired"
        b.kill()
        killed = store_check(w)
        assert killed.returncode == 0, killed.stdout
        w.restart(b)
        assert b.term() == 0
        assert store_check(w).stdout.endswith("sound\n"), store_check(w).stdout
        queue = w.folder / "broker-a/store/consumequeue/Faults/2" / ("0" * 20)
        with open(queue, "r+b") as f:
            f.seek(20 * 50)
            f.write(bytes(20 * 3))
        found = store_check(w, "--json")
        report = json.loads(found.stdout)
        assert found.returncode == 1 and report["damaged"] and "3 messages have no entry" in report["findings"][0]["what"], report
        dry = store_check(w, "--repair")
        assert "nothing was changed" in dry.stdout and dry.returncode == 1, dry.stdout
        done = store_check(w, "--repair", "--yes")
        assert done.returncode == 0 and "REPAIRED" in done.stdout, done.stdout
        assert store_check(w).returncode == 0
        assert (w.folder / "broker-a/store/consumequeue.Faults.2.bad").is_dir()
        dump = subprocess.run([w.bin / "mqadmin", "storeCheck", "--dump", queue, "--count", "60"], capture_output=True, text=True).stdout
        assert len(dump.splitlines()) == 60 and dump.startswith("0 phy "), dump
        w.restart(b)
        assert bodies(b, 2) == [b"%d" % i for i in range(2, 400, 4)]


CRC_ZERO = bytes.fromhex("9d0ad96d")    # a body whose CRC-32 is 0: as a value in a record it looks like none
QUEUE_FILE = 300_000 * 20
IN_2050_MS = 2524608000000


def torn(store, keep):
    """Zeros from `keep(record)` on in the last of the twelve records."""
    log = store / "commitlog" / ("0" * 20)
    data = log.read_bytes()
    at, starts = 0, []
    while (size := struct.unpack_from(">i", data, at)[0]) > 0 and struct.unpack_from(">I", data, at + 4)[0] == 0xDAA320A7:
        starts.append(at)
        at += size
    assert len(starts) == 12
    begin = starts[-1] + keep(at - starts[-1])
    with open(log, "r+b") as f:
        f.seek(begin)
        f.write(bytes(at - begin))


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def half(path):
    shutil.copy(path, path.with_name(path.name + ".bak"))   # which is whole
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])


def emptied(path):
    shutil.copy(path, path.with_name(path.name + ".bak"))
    path.write_bytes(b"")


def only_empty(path):
    path.write_bytes(b"")
    path.with_name(path.name + ".bak").unlink(missing_ok=True)


# What is done to the store -> the messages that are there then, and the group's offset (None: not known any more).
DAMAGE = {
    "none": (lambda s: None, 12, 3),
    "topics.json empty": (lambda s: emptied(s / "config/topics.json"), 12, 3),
    "topics.json cut": (lambda s: half(s / "config/topics.json"), 12, 3),
    "topics.json and its bak gone": (lambda s: only_empty(s / "config/topics.json"), 12, 3),
    "consumerOffset.json empty": (lambda s: emptied(s / "config/consumerOffset.json"), 12, 3),
    "consumerOffset.json cut": (lambda s: half(s / "config/consumerOffset.json"), 12, 3),
    "consumerOffset.json and its bak gone": (lambda s: only_empty(s / "config/consumerOffset.json"), 12, 0),
    "subscriptionGroup.json zeroed": (lambda s: write(s / "config/subscriptionGroup.json", bytes(500)), 12, 3),
    "delayOffset.json empty": (lambda s: write(s / "config/delayOffset.json", b""), 12, 3),
    "queue file empty": (lambda s: write(s / "consumequeue/F/0" / ("0" * 20), b""), 12, 3),
    "queue file zeroed": (lambda s: write(s / "consumequeue/F/0" / ("0" * 20), bytes(QUEUE_FILE)), 12, 3),
    "an empty queue file behind": (lambda s: write(s / "consumequeue/F/0" / f"{QUEUE_FILE:020}", b""), 12, 3),
    "a zeroed queue file behind": (lambda s: write(s / "consumequeue/F/0" / f"{QUEUE_FILE:020}", bytes(QUEUE_FILE)), 12, 3),
    "all queues gone": (lambda s: shutil.rmtree(s / "consumequeue"), 12, 3),
    "the index gone": (lambda s: shutil.rmtree(s / "index"), 12, 3),
    "checkpoint empty": (lambda s: write(s / "checkpoint", b""), 12, 3),
    "checkpoint zeroed": (lambda s: write(s / "checkpoint", bytes(4096)), 12, 3),
    "checkpoint of 2100": (lambda s: write(s / "checkpoint", struct.pack(">qqq", *[4102444800000] * 3) + bytes(4072)), 12, 3),
    "an empty log file behind": (lambda s: write(s / "commitlog" / f"{4 << 20:020}", b""), 12, 3),
    "last 20 bytes of the last record lost": (lambda s: torn(s, lambda size: size - 20), 11, 3),
    "all behind the head of the last record lost": (lambda s: torn(s, lambda size: 20), 11, 3),
}


def test_damaged_stores_come_up(a):
    """Twelve messages, SYNC_FLUSH, kill -9, one thing damaged: what a user finds then."""
    with World(a.bin) as w:
        b = w.broker(flushDiskType="SYNC_FLUSH", mappedFileSizeCommitLog=4 << 20, flushConsumerOffsetInterval=200)
        with client(b) as c:
            for i in range(12):
                body = CRC_ZERO if i == 6 else b"body %d" % i
                assert c.wait(c.send_message("F", 0, body, pairs(KEYS=f"k{i}", n=i))).code == 0
            assert c.call(200, body=b'{"groupName":"g1"}').code == 0
            assert c.call(15, dict(consumerGroup="g1", topic="F", queueId=0, commitOffset=3)).code == 0
        store, base = w.folder / "broker-a/store", w.folder / "base"
        end = time.monotonic() + 10
        while not all((store / "config" / name).exists() and word in (store / "config" / name).read_text()
                      for name, word in (("consumerOffset.json", '"F@g1"'), ("topics.json", '"F"'))):
            assert time.monotonic() < end
            time.sleep(0.05)
        b.kill()
        subprocess.run(["cp", "-a", "--sparse=always", store, base], check=True)
        wrong = []
        for name, (damage, count, offset) in DAMAGE.items():
            shutil.rmtree(store)
            subprocess.run(["cp", "-a", "--sparse=always", base, store], check=True)
            damage(store)
            shutil.rmtree(w.folder / "broker-a/logs", ignore_errors=True)
            (w.folder / "broker-a.out").write_text("")
            b.start()
            with client(b) as c:
                found = [(m["queueOffset"], m["body"], m["properties"].get("n")) for m in messages(c)]
                expected = [(i, CRC_ZERO if i == 6 else b"body %d" % i, str(i)) for i in range(count)]
                max_offset = int(c.call(30, dict(topic="F", queueId=0)).ext["offset"])
                kept = int(c.call(14, dict(consumerGroup="g1", topic="F", queueId=0)).ext["offset"])
                end = time.monotonic() + 5
                while [by_key(c, "k2"), by_key(c, "k11")] != [1, count - 11] and time.monotonic() < end:
                    time.sleep(0.05)
                keys = [by_key(c, "k2"), by_key(c, "k11")]
                after = c.wait(c.send_message("F", 0, b"after"))
                if (found, max_offset, kept, keys) != (expected, count, offset, [1, count - 11]) or (after.code, after.ext.get("queueOffset")) != (0, str(count)):
                    wrong.append(f"{name}: {len(found)} messages, max {max_offset}, g1 at {kept}, keys {keys}, {after.header}")
            if (count == 11) != ("is torn and is cut off" in w.log(b)):
                wrong.append(f"{name}: what the log says of a cut is wrong")
            b.kill()
        assert not wrong, "\n".join(wrong)


def messages(c):
    offset = 0
    while (answer := c.pull("F", 0, offset)).code == 0:
        yield from stored_messages(answer.body)
        offset = int(answer.ext["nextBeginOffset"])


def by_key(c, key):
    answer = c.call(12, dict(topic="F", key=key, maxNum=32, beginTimestamp=0, endTimestamp=1 << 62))
    return len(list(stored_messages(answer.body))) if answer.code == 0 else 0


def test_the_clock_was_in_2050_once(a):
    """Sends in 2050, then the clock is right again, with a restart and without: registered, delivered, delays too."""
    ahead = IN_2050_MS // 1000 - int(time.time())
    for restart in (True, False):
        with World(a.bin) as w:
            n = w.namesrv()
            w.fault(f"clock {ahead} 0 0")
            b = w.broker()
            w.wait_registered(n)
            with client(b) as c:
                for i in range(3):
                    assert send(c, b"%d" % i).code == 0
                assert c.wait(c.send_message("Faults", 0, b"late", pairs(DELAY=1))).code == 0
                assert next(stored_messages(c.pull("Faults", 0, 0).body))["storeTimestamp"] >= IN_2050_MS
            if restart:
                assert b.term() == 0
            w.heal()
            if restart:
                w.restart(b)
            else:
                time.sleep(0.2)
            started = time.monotonic()
            with client(b) as c:
                assert c.wait(c.send_message("Today", 0, b"today")).code == 0
                while "Today" not in w.admin("topicList", "-n", n.addr).stdout:
                    assert time.monotonic() - started < 5, "a new topic is not announced"
                    time.sleep(0.1)
                assert c.wait(c.send_message("Today", 0, b"soon", pairs(DELAY=1))).code == 0
                end = time.monotonic() + 8
                while (len(c.read_queue("Faults", 0)), len(c.read_queue("Today", 0))) != (4, 2):
                    assert time.monotonic() < end, (c.read_queue("Faults", 0), c.read_queue("Today", 0))
                    time.sleep(0.1)
                assert [m[1] for m in c.read_queue("Today", 0)] == [b"today", b"soon"]
            w.wait_registered(n)


@contextlib.contextmanager
def small_disk(megabytes):
    """A file system of its own; the block must end what uses it."""
    with tempfile.TemporaryDirectory(prefix="mq-disk-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
        try:
            yield pathlib.Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def test_a_disk_that_is_full_by_others(a):
    """A file of somebody else fills the disk to 93 %: sends are refused with the cause, reads go on, and sends with it within a second."""
    runner.need_namespaces()   # who has them may mount
    with small_disk(64) as disk, World(a.bin) as w:
        b = w.broker(storePathRootDir=disk / "store", mappedFileSizeCommitLog=4 << 20, mappedFileSizeConsumeQueue=20_000, maxHashSlotNum=1000, maxIndexNum=4000)
        accepted = []
        with client(b) as c:
            def put(n):
                answer = send(c, b"%d" % n)
                if answer.code == 0:
                    accepted.append(b"%d" % n)
                return answer
            for i in range(50):
                assert put(i).code == 0
            room = os.statvfs(disk)
            foreign = disk / "foreign"
            foreign.write_bytes(bytes(int(room.f_bavail * room.f_frsize - 0.07 * 64 * 2**20)))
            end = time.monotonic() + 15
            while (refused := put(100)).code == 0:
                assert time.monotonic() < end, os.statvfs(disk)
                time.sleep(0.05)
            assert refused.code == 14 and "disk" in refused.remark and "%" in refused.remark, refused.header
            assert [m[1] for m in c.read_queue("Faults", 0)] == accepted, "consumption goes on"
            foreign.unlink()
            freed = time.monotonic()
            while put(200).code != 0:
                assert time.monotonic() - freed < 1.5, w.health()
                time.sleep(0.02)
            print(f"    refused: {refused.remark}; taken again after {time.monotonic() - freed:.2f} s")
            assert [m[1] for m in c.read_queue("Faults", 0)] == accepted
        b.term()
