"""Sizes at their limits, fields that are missing, topics that are made again: what clients of all ages ran into."""
import pathlib
import re
import struct
import time

from cases_admin import heartbeat
from cases_message import pairs
from remoting import Connection, stored_messages
from servers import Cluster

CLASS_NAME = re.compile(r"java\.|Exception|std::|terminate")
RESUME_REFUSED = (323, "Exception was thrown when putting message back to RMQ_SYS_TRANS_HALF_TOPIC.")   # a sentence, and Java's


def test_missing_fields_and_odd_values(a):
    with Cluster(a.bin) as c:
        n = c.namesrv()
        b = c.broker()
        c.wait_registered(n)
        with Connection(b.addr, timeout=20) as k, Connection(n.addr) as names:
            assert k.create_topic("One").code == 0
            for ext, missing in ((dict(begin=0, end=1), "beginTimestamp"), (dict(beginTimestamp=0), "endTimestamp")):
                answer = k.call(12, dict(topic="One", key="k", maxNum=1) | ext)
                assert answer.code == 1 and missing in answer.remark, answer.header
            empty = k.wait(k.send_message("One", 0, b"", version=479))
            assert empty.code == 13, empty.header
            bad = k.wait(k.send_message("One", 0, b"x", pairs(DELAY="abc")))
            assert bad.code == 1 and "abc" in bad.remark, bad.header
            illegal = k.wait(k.send_message("One", 9, b"x", version=479))
            assert illegal.code == 29 and illegal.remark.startswith("request queueId[9] is illegal"), illegal.header
            assert k.wait(k.send_message("One", -1, b"x")).ext["queueId"] == "0"
            for answer in (empty, bad, illegal):
                assert not CLASS_NAME.search(answer.remark), answer.remark
            # Every request without its fields, and with words for numbers: a refusal in words, never an internal one.
            for connection in (k, names):
                for code in [*range(5, 420), *range(900, 912), *range(1001, 1010), *range(2001, 2020), *range(3001, 3011), 200050, 200052, 200071]:
                    for ext, body in (({}, b""), ({}, b"{}"), ({}, b"["), (dict.fromkeys(("topic", "consumerGroup", "group", "queueId", "queueOffset", "maxMsgNums", "timestamp"), "word"), b"null")):
                        try:
                            answer = connection.call(code, ext, body)
                        except TimeoutError:
                            raise AssertionError(f"no answer to {code} {ext} {body}") from None
                        assert (code, answer.remark) == RESUME_REFUSED or not CLASS_NAME.search(answer.remark or ""), (code, ext, body, answer.remark)
            assert [m[1] for m in k.read_queue("One", 0)] == [b"x"]


def largest(accepts, low, high):
    """The largest number that is accepted, of which `low` is."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if accepts(middle) else (low, middle)
    return low


def test_the_largest_properties(a):
    """5.3.3 takes 32,766 bytes of a client's properties at most, less what it adds itself; what is added here costs no legal message."""
    with Cluster(a.bin) as c:
        b = c.broker(messageDelayLevel=" ".join(["1s"] * 18))
        with Connection(b.addr, timeout=30) as k:
            def accepts(size, **more):
                properties = pairs(UNIQ_KEY="K" * 32, **more)
                properties += pairs(p="v" * (size - len(properties) - 3))
                assert len(properties) == size
                answer = k.wait(k.send_message("Props", 0, b"x", properties))
                assert answer.code in (0, 13), answer.header
                assert answer.code == 0 or re.search(r"\d", answer.remark), answer.header
                return answer.code == 0
            limit = largest(accepts, 1000, 40_000)
            print(f"    properties: {limit} bytes")
            assert limit >= 32_700, limit
            stored = k.read_queue("Props", 0)
            longest = max(len(m[2]["p"]) for m in stored)
            assert longest == limit - len(pairs(UNIQ_KEY="K" * 32, p="")), (longest, limit)
            assert all(m[2]["UNIQ_KEY"] == "K" * 32 for m in stored), "nothing of it is cut"
            # The same beside a delay and a transaction, whose own properties come on top.
            assert accepts(limit - 300, DELAY=1)


def batch_part(body, properties):
    return struct.pack(">iiiii", 22 + len(body) + len(properties), 0, 0, 0, len(body)) + body + struct.pack(">h", len(properties)) + properties.encode()


def test_a_batch_of_one_at_its_limit(a):
    """All of a batch's bytes count, as with Java; what it carries is read as if it had come alone."""
    with Cluster(a.bin) as c:
        b = c.broker()
        with Connection(b.addr, timeout=30) as k:
            properties = pairs(UNIQ_KEY="K" * 32, TAGS="one")

            def sent(body):
                return k.wait(k.send_message("Few", 0, batch_part(body, properties), pairs(), 320, m="true"))
            most = 4194304 - len(batch_part(b"", properties))
            for offset, body in enumerate((b"x", b"y" * most)):
                answer = sent(body)
                assert answer.code == 0 and answer.ext["queueOffset"] == str(offset) and "," not in answer.ext["msgId"], answer.header
            over = sent(b"z" * (most + 1))
            assert over.code == 13 and "4194304" in over.remark, over.header
            small, large = k.read_queue("Few", 0)
            assert small[:2] == (0, b"x") and small[2]["UNIQ_KEY"] == "K" * 32 and small[2]["TAGS"] == "one", small
            assert large[:2] == (1, b"y" * most)


def test_a_maximal_message_is_retried_to_its_end(a):
    with Cluster(a.bin) as c:
        b = c.broker(messageDelayLevel=" ".join(["1s"] * 18), mappedFileSizeCommitLog=64 << 20)
        body = bytes(range(256)) * (4194304 // 256)
        with Connection(b.addr, timeout=30) as k:
            assert k.wait(k.send_message("Max", 0, body, pairs(UNIQ_KEY="K" * 32, KEYS="k " * 500, fill="f" * 31_000))).code == 0
            message, = stored_messages(k.pull("Max", 0, 0).body)
            assert k.call(200, body=b'{"groupName":"Tries"}').code == 0
            for tries in range(17):
                # Levels count from 1; a message that was given back sixteen times is dead with the next.
                back = k.call(36, dict(offset=message["physicalOffset"], group="Tries", delayLevel=1, originTopic="Max", maxReconsumeTimes=16))
                assert back.code == 0, (tries, back.header)
                if tries == 16:
                    break
                deadline = time.monotonic() + 10
                while (answer := k.pull("%RETRY%Tries", 0, tries)).code != 0:
                    assert time.monotonic() < deadline, (tries, answer.header)
                    time.sleep(0.02)
                message, = stored_messages(answer.body)
                assert message["body"] == body, tries
            dead, = stored_messages(k.pull("%DLQ%Tries", 0, 0).body)
            assert dead["body"] == body and dead["properties"]["RETRY_TOPIC"] == "Max" and len(dead["properties"]["fill"]) == 31_000


def test_a_topic_made_again_begins_at_0(a):
    with Cluster(a.bin) as c:
        n = c.namesrv()
        b = c.broker()
        c.wait_registered(n)

        def make():
            return c.admin("updateTopic", "-n", n.addr, "-c", "DefaultCluster", "-t", "Again", "-r", "1", "-w", "1", check=True)
        make()
        with Connection(b.addr) as k:
            assert k.call(200, body=b'{"groupName":"late"}').code == 0
            for i in range(5):
                assert k.wait(k.send_message("Again", 0, b"old")).code == 0
            commit = dict(consumerGroup="late", topic="Again", queueId=0)
            assert k.call(15, commit | dict(commitOffset=100000)).code == 0
            assert c.admin("deleteTopic", "-n", n.addr, "-c", "DefaultCluster", "-t", "Again").returncode == 0
            assert k.call(15, commit | dict(commitOffset=100001)).code == 17, "nothing is kept for a topic that is gone"
            make()
            ask = dict(consumerGroup="late", topic="Again", queueId=0)
            assert k.call(14, ask, version=479).code == 22
            for i in range(3):
                assert k.wait(k.send_message("Again", 0, b"new %d" % i)).ext["queueOffset"] == str(i)
            assert k.call(14, ask).ext["offset"] == "0"
        for end in ("kill", "term"):
            getattr(b, end)()
            b.start()
            c.wait_registered(n)
            with Connection(b.addr) as k:
                assert [m[:2] for m in k.read_queue("Again", 0)] == [(i, b"new %d" % i) for i in range(3)], end
                assert k.call(15, commit | dict(commitOffset=1)).code == 0
                stats = k.call(208, dict(consumerGroup="late", topic="Again")).body
                assert b'"brokerOffset":3,"consumerOffset":1,' in stats and b"-" not in stats.replace(b"broker-a", b""), stats


def test_groups_with_long_names(a):
    """Clients and 5.3.3 take up to 255 characters; the retry topic of such a group is longer than a topic may be, its DLQ too."""
    with Cluster(a.bin) as c:
        b = c.broker(messageDelayLevel=" ".join(["1s"] * 18))
        with Connection(b.addr) as k:
            assert k.wait(k.send_message("Long", 0, b"x")).code == 0
            message, = stored_messages(k.pull("Long", 0, 0, group="g").body)
            for length in (120, 121, 200, 248, 255):
                group = "q" * length
                heartbeat(k, "c1", group, "Long")
                assert k.call(38, dict(consumerGroup=group)).code == 0
                assert k.pull("Long", 0, 0, group=group).code == 0
                assert k.call(15, dict(consumerGroup=group, topic="Long", queueId=0, commitOffset=1)).code == 0
                if length == 255:
                    continue   # no folder has such a name
                back = dict(offset=message["physicalOffset"], group=group, originTopic="Long")
                assert k.call(36, back | dict(delayLevel=1)).code == 0 and k.call(36, back | dict(delayLevel=-1)).code == 0
                dead, = stored_messages(k.pull(f"%DLQ%{group}", 0, 0, group=group).body)
                assert dead["topic"] == f"%DLQ%{group}" and dead["body"] == b"x"
                deadline = time.monotonic() + 8
                while (answer := k.pull(f"%RETRY%{group}", 0, 0, group=group)).code != 0:
                    assert time.monotonic() < deadline, (length, answer.header)
                    time.sleep(0.05)
                again, = stored_messages(answer.body)
                assert again["topic"] == f"%RETRY%{group}" and again["properties"]["RETRY_TOPIC"] == "Long"
            for group in ("q" * 256, "q.r", "q r"):
                assert k.pull("Long", 0, 0, group=group).code == 26
        b.kill()
        b.start()
        with Connection(b.addr) as k:
            assert [m[1] for m in k.read_queue("%RETRY%" + "q" * 248, 0)] == [b"x"]


def mapped_mib(broker):
    """Of the log, what counts as the process's memory."""
    return int(re.search(r"^RssFile:\s+(\d+) kB$", pathlib.Path(f"/proc/{broker.process.pid}/status").read_text(), re.M)[1]) >> 10


def test_a_backlog_that_was_read_is_no_memory_of_the_brokers(a):
    with Cluster(a.bin) as c:
        b = c.broker()
        with Connection(b.addr, timeout=30) as k:
            assert k.create_topic("Backlog").code == 0
            before, size = mapped_mib(b), 200
            for _ in range(size):
                assert k.wait(k.send_message("Backlog", 0, b"x" * (1 << 20))).code == 0
            assert len(k.read_queue("Backlog", 0)) == size
            began = time.monotonic()
            while (grown := mapped_mib(b) - before) > size // 10:
                assert time.monotonic() - began < 10, f"{grown} MiB are still mapped"
                time.sleep(0.2)
            assert len(k.read_queue("Backlog", 0)) == size   # from the system's memory, where it stays
