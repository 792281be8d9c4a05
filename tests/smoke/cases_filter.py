"""Filters kept beside the queues, lost delay levels, search by time, limits: what clients and operators ran into."""
import json
import random
import re
import shutil
import struct
import time

from cases_admin import heartbeat, register
from cases_message import pairs
from remoting import Connection, stored_messages
from servers import Cluster


def sql_heartbeat(connection, group, topic, expression, version):
    heartbeat(connection, "client@1", group, topic, subString=expression, subVersion=version, expressionType="SQL92")


def registered_pull(connection, group, topic, offset, version):
    """What the group's registered subscription lets through, and where the next pull begins."""
    bodies = []
    while True:
        answer = connection.call(11, dict(consumerGroup=group, topic=topic, queueId=0, queueOffset=offset, maxMsgNums=32, sysFlag=0, commitOffset=0,
                                          suspendTimeoutMillis=0, subVersion=version))
        if answer.code not in (0, 20):
            assert answer.code == 19, answer.header
            return bodies
        bodies += [int(m["body"]) for m in stored_messages(answer.body)] if answer.code == 0 else []
        offset = int(answer.ext["nextBeginOffset"])


def test_filters_are_kept_beside_the_queue(a):
    conf = dict(enableConsumeQueueExt="true", enableCalcFilterBitMap="true")
    with Cluster(a.bin) as c:
        b = c.broker(**conf)
        store = c.folder / "broker-a" / "store"

        def send(k, first, count):
            for i in range(first, first + count):
                assert k.wait(k.send_message("Bits", 0, b"%d" % i, pairs(a=i, TAGS="t"))).code == 0
        with Connection(b.addr) as k:
            send(k, 0, 5)                        # before the filter: no bits say anything of them
            sql_heartbeat(k, "G", "Bits", "a > 2", 10)
            time.sleep(0.01)
            send(k, 5, 95)
            assert registered_pull(k, "G", "Bits", 0, 10) == list(range(3, 100))
            # Another expression needs a higher version; then it counts from the first message on.
            sql_heartbeat(k, "G", "Bits", "a between 10 and 12 or a = 4", 11)
            assert registered_pull(k, "G", "Bits", 0, 11) == [4, 10, 11, 12]
            time.sleep(0.01)
            send(k, 100, 3)
            sql_heartbeat(k, "H", "Bits", "a > 1000", 1)
            time.sleep(0.01)
            send(k, 1000, 3)
            assert registered_pull(k, "H", "Bits", 0, 1) == [1001, 1002]
            assert [m[1] for m in k.read_queue("Bits", 0)] == [b"%d" % i for i in [*range(103), *range(1000, 1003)]]
            time.sleep(1.5)
        entries = (store / "consumequeue/Bits/0/00000000000000000000").read_bytes()
        phy, size, address = struct.unpack(">qiq", entries[100 * 20:101 * 20])
        units = (store / "consumequeue_ext/Bits/0/00000000000000000000").read_bytes()
        assert len(units) == 50331648
        at = address + (1 << 63)
        length, tags, stored, bits = struct.unpack(">hqqh", units[at:at + 20])
        assert (length, tags, bits) == (34, ord("t"), 14), (length, tags, bits)
        assert units[at + 20:at + 34] == bytes(14), "100 matches neither filter"
        assert b.term() == 0
        kept = json.loads((store / "config/consumerFilter.json").read_text())["filterDataByTopic"]["Bits"]
        assert kept["topic"] == "Bits" and set(kept["groupFilterData"]) == {"G", "H"}
        g = kept["groupFilterData"]["G"]
        assert (g["expression"], g["expressionType"], g["clientVersion"], g["consumerGroup"], g["bloomFilterData"]["bitNum"]) == \
               ("a between 10 and 12 or a = 4", "SQL92", 11, "G", 112), g
        assert len(g["bloomFilterData"]["bitPos"]) == 3 and g["dead"] is True, g
        for end in ("term", "kill"):
            b.start()
            with Connection(b.addr) as k:
                sql_heartbeat(k, "G", "Bits", "a between 10 and 12 or a = 4", 11)
                send(k, 11, 1)
                expected = [4, 10, 11, 12, 11] + ([11] if end == "kill" else [])
                assert registered_pull(k, "G", "Bits", 0, 11) == expected, end
            getattr(b, end)()
        # Off again: what is there is understood, nothing new is written.
        b.conf.write_text(b.conf.read_text().replace("enableConsumeQueueExt=true", "enableConsumeQueueExt=false"))
        b.start()
        with Connection(b.addr) as k:
            sql_heartbeat(k, "G", "Bits", "a between 10 and 12 or a = 4", 11)
            assert registered_pull(k, "G", "Bits", 0, 11) == [4, 10, 11, 12, 11, 11]
            tagged = k.pull("Bits", 0, 0, expression="t")
            assert tagged.code == 0 and len(list(stored_messages(tagged.body))) == 32


def test_routes_by_zone(a):
    with Cluster(a.bin) as c:
        n = c.namesrv()
        with Connection(n.addr) as k:
            register(k, "in-z1", "127.0.0.1:1001", topic="Zoned", __ZONE_NAME="z1")
            register(k, "in-z2", "127.0.0.1:1002", topic="Zoned", __ZONE_NAME="z2")
            register(k, "nowhere", "127.0.0.1:1003", topic="Zoned")
            register(k, "slave-only", "127.0.0.1:1004", topic="Zoned", __ZONE_NAME="z2")
            register(k, "slave-only", "127.0.0.1:1005", 1, topic="Zoned", __ZONE_NAME="z2")
            gone = dict(brokerName="slave-only", brokerAddr="127.0.0.1:1004", clusterName="C", brokerId=0)
            assert k.call(104, gone).code == 0

            def brokers(**zone):
                answer = k.call(105, dict(topic="Zoned", acceptStandardJsonOnly="true") | zone)
                assert answer.code == 0, answer.header
                quoted = answer.body.replace(b"{0:", b'{"0":').replace(b"{1:", b'{"1":')   # a zone's answer has bare ids
                route = json.loads(quoted)
                names = {b["brokerName"] for b in route["brokerDatas"]}
                assert {q["brokerName"] for q in route["queueDatas"]} <= names
                return names
            everything = {"in-z1", "in-z2", "nowhere", "slave-only"}
            assert brokers() == everything, brokers()
            assert brokers(__ZONE_MODE="true", __ZONE_NAME="Z1") == {"in-z1", "slave-only"}
            assert brokers(__ZONE_MODE="TRUE", __ZONE_NAME="z9") == {"slave-only"}
            for zone in (dict(__ZONE_MODE="true"), dict(__ZONE_MODE="true", __ZONE_NAME="  "), dict(__ZONE_MODE="false", __ZONE_NAME="z1"), dict(__ZONE_NAME="z1")):
                assert brokers(**zone) == everything, zone


def test_levels_that_the_table_lost_still_deliver(a):
    with Cluster(a.bin) as c:
        b = c.broker(messageDelayLevel=" ".join(["1s"] * 9 + ["3s"]))
        with Connection(b.addr) as k:
            for i in range(5):
                assert k.wait(k.send_message("Lost", 0, b"%d" % i, pairs(DELAY=10))).code == 0
            assert k.wait(k.send_message("Lost", 0, b"first", pairs(DELAY=1))).code == 0
        assert b.term() == 0
        b.conf.write_text(b.conf.read_text().replace(" ".join(["1s"] * 9 + ["3s"]), "1s 2s 4s"))
        offsets = c.folder / "broker-a/store/config/delayOffset.json"
        offsets.write_text('{"dataVersion":{"counter":1,"stateVersion":0,"timestamp":1},"offsetTable":{1:3}}')   # behind the queue's end
        b.start()
        with Connection(b.addr) as k:
            began = time.monotonic()
            while len(k.read_queue("Lost", 0)) < 5:
                assert time.monotonic() - began < 10, k.read_queue("Lost", 0)
                time.sleep(0.1)
            time.sleep(1)
            bodies = [m[1] for m in k.read_queue("Lost", 0)]
            assert bodies == [b"%d" % i for i in range(5)], bodies
        assert b.term() == 0
        kept = offsets.read_text()
        assert "10:5" in kept.replace(" ", "") and "1:1" in kept, kept


def test_a_start_that_is_stopped_forgets_no_table(a):
    """SIGTERM at any moment of a start, also before a table has been read: what stood in the files stands there afterwards."""
    def tables():
        config = c.folder / "broker-a/store/config"
        offsets, delays, topics = ((config / f"{name}.json").read_text() for name in ("consumerOffset", "delayOffset", "topics"))
        return json.loads(offsets.replace("{0:", '{"0":'))["offsetTable"], re.search(r'"offsetTable":\{([^}]*)', delays)[1], sorted(json.loads(topics)["topicConfigTable"])
    with Cluster(a.bin) as c:
        b = c.broker(messageDelayLevel="1s 2s 3600s")
        with Connection(b.addr) as k:
            for level in (1, 1, 2, 3):
                assert k.wait(k.send_message("Kept", 0, b"x", pairs(DELAY=level))).code == 0
            heartbeat(k, "c1", "keeper", "Kept")
            began = time.monotonic()
            while len(k.read_queue("Kept", 0)) < 3:
                assert time.monotonic() - began < 10
                time.sleep(0.05)
            assert k.call(15, dict(consumerGroup="keeper", topic="Kept", queueId=0, commitOffset=2)).code == 0
        assert b.term() == 0
        before = tables()
        assert before[0] == {"Kept@keeper": {"0": 2}} and before[1].split() == ["1:2,2:1,3:0"] and "Kept" in before[2], before
        seen = set()
        for round_ in range(40):
            b.start(wait=False)
            time.sleep(round_ * 0.002)
            seen.add(b.term())
            assert tables() == before, (round_, tables(), before)
        assert 0 in seen and seen <= {0, -15}, seen   # the latter: before it listens to signals
        b.start()
        with Connection(b.addr) as k:
            assert len(k.read_queue("Kept", 0)) == 3


def test_search_by_time_finds_the_ends_of_a_batch(a):
    """Batches of any size with one storeTimestamp, against a linear look; then again when the head of the queue has gone with its CommitLog files."""
    def look(k, lost):
        deadline, ask = time.monotonic() + 15, dict(topic="Times", queueId=0)
        while ((first := int(k.call(31, ask).ext["offset"])) > 0) != lost:   # queues follow the log every 10 s
            assert time.monotonic() < deadline, first
            time.sleep(0.2)
        times, offset = [], first
        while (answer := k.pull("Times", 0, offset)).code == 0:
            times += [m["storeTimestamp"] for m in stored_messages(answer.body)]
            offset = int(answer.ext["nextBeginOffset"])
        assert first + len(times) == sum(sizes) and len(times) > 100 and times == sorted(times)
        for t in {*times, *(t + 1 for t in times), times[0] - 5, times[-1] + 5}:
            lower = int(k.call(29, dict(topic="Times", queueId=0, timestamp=t, boundaryType="LOWER")).ext["offset"])
            upper = int(k.call(29, dict(topic="Times", queueId=0, timestamp=t, boundaryType="UPPER")).ext["offset"])
            assert lower == first + sum(x < t for x in times), (t, lower)
            assert upper == first + max(sum(x <= t for x in times) - 1, 0), (t, upper)
    sizes = random.Random(7).choices((1, 2, 3, 17, 32, 48), k=300)
    with Cluster(a.bin) as c:
        b = c.broker(mappedFileSizeCommitLog=256 << 10)
        with Connection(b.addr) as k:
            for size in sizes:
                opaques = [k.send_message("Times", 0, b"x" * 100) for _ in range(size)]   # one turn, mostly one storeTimestamp
                assert all(k.wait(o).code == 0 for o in opaques)
                time.sleep(0.0005)
            look(k, False)
        assert b.term() == 0
        for file in sorted((c.folder / "broker-a/store/commitlog").iterdir())[:2]:
            file.unlink()
        b.start()
        with Connection(b.addr) as k:
            look(k, True)


def test_the_largest_message_goes_through(a):
    with Cluster(a.bin) as c:
        b = c.broker()
        with Connection(b.addr, timeout=30) as k:
            assert k.wait(k.send_message("Large", 0, b"x" * 4194304)).code == 0
            refused = k.wait(k.send_message("Large", 0, b"x" * 4194305))
            assert refused.code == 13 and "4194304" in refused.remark, refused.header
            answer = k.pull("Large", 0, 0)
            message, = stored_messages(answer.body)
            back = k.call(36, dict(offset=message["physicalOffset"], group="g", delayLevel=-1))
            assert back.code == 0, back.header
            dead, = stored_messages(k.pull("%DLQ%g", 0, 0).body)
            assert len(dead["body"]) == 4194304 and dead["properties"]["RETRY_TOPIC"] == "Large"


def test_sql_is_on_and_can_be_refused(a):
    def pull(k, expression):
        return k.call(11, dict(consumerGroup="g", topic="Sql", queueId=0, queueOffset=0, maxMsgNums=32, sysFlag=4, commitOffset=0,
                               suspendTimeoutMillis=0, subscription=expression, subVersion=0, expressionType="SQL92"))
    with Cluster(a.bin) as c:
        b = c.broker()
        with Connection(b.addr) as k:
            for i in range(10):
                assert k.wait(k.send_message("Sql", 0, b"%d" % i, pairs(a=i, b="x" if i % 2 else "y"))).code == 0
            assert [m["body"] for m in stored_messages(pull(k, "a > 5 AND b = 'x'").body)] == [b"7", b"9"]
            # As both 5.3.3 and 4.9.7: what a pull brings and cannot be compiled filters nothing.
            assert len(list(stored_messages(pull(k, "a between 0 3").body))) == 10
            assert pull(k, "").code == 23
            # What a client asks as it starts, and shows its user.
            wrong = k.call(46, body=b'{"subscriptionData":{"topic":"Sql","subString":"a between 0 3","expressionType":"SQL92"}}')
            assert (wrong.code, wrong.remark) == (23, 'expected AND, got "3" at column 13'), wrong.header
        b.term()
        b.conf.write_text(b.conf.read_text() + "enablePropertyFilter=false\n")
        b.start()
        with Connection(b.addr) as k:
            answer = pull(k, "a > 5")
            assert (answer.code, answer.remark) == (1, "The broker does not support consumer to filter message by SQL92"), answer.header


# What a 5.3.3 server answers about the same six messages; times, positions and sizes blanked.
NO_BITS = r'"extendDataJson":"{\"msgStoreTime\":#,\"size\":20,\"tagsCode\":116}",#}'
NONE_MATCHES = (r'{"bitMap":"000000000000000000000000000000000000000000000000\n0000000000000000000000000000000000000000000000000000000000000000\n",'
                r'"eval":%s,"extendDataJson":"{\"filterBitMap\":\"AAAAAAAAAAAAAAAAAAA=\",\"msgStoreTime\":#,\"size\":34,\"tagsCode\":116}",#}')
G_MATCHES = (r'{"bitMap":"000000000000000000000000100000000000000000000000\n0001000000000000000000000000000000000000000000000000000000000100\n",'
             r'"eval":%s,"extendDataJson":"{\"filterBitMap\":\"BAAAAAAAABAAAIAAAAA=\",\"msgStoreTime\":#,\"size\":34,\"tagsCode\":%d}",#}')
FILTER = (r'"filterData":"{\n\t\"bloomFilterData\":{\n\t\t\"bitNum\":112,\n\t\t\"bitPos\":[60,87,2]\n\t},\n\t\"bornTime\":#,\n\t\"clientVersion\":10,'
          r'\n\t\"consumerGroup\":\"G\",\n\t\"dead\":false,\n\t\"deadTime\":0,\n\t\"expression\":\"a > 2\",\n\t\"expressionType\":\"SQL92\",'
          r'\n\t\"topic\":\"Q1795934379802\"\n}",')


def test_queue_entries_show_what_filters_see(a):
    """321: the units beside the queue, whether the asking group's filter lets them pass, and the filter itself."""
    topic = "Q1795934379802"

    def entries(*evals):
        shapes = ['{"eval":%s,' + NO_BITS] * 2 + [NONE_MATCHES] + [G_MATCHES.replace("%d", str(tag)) for tag in (116, 116, 117)]
        return '"maxQueueIndex":6,"minQueueIndex":0,"queueData":[' + ",".join(s % e for s, e in zip(shapes, evals)) + "]"
    conf = dict(enableConsumeQueueExt="true", enableCalcFilterBitMap="true")
    with Cluster(a.bin) as c:
        b = c.broker(**conf)
        with Connection(b.addr) as k:
            def send(i, tag="t"):
                assert k.wait(k.send_message(topic, 0, b"%d" % i, pairs(a=i, TAGS=tag))).code == 0

            def ask(**ext):
                r = k.call(321, dict(dict(topic=topic, queueId=0, index=0, count=10), **ext))
                assert r.code == 0, r.header
                text = re.sub(r'(msgStoreTime\\":|bornTime\\":)\d+', r"\1#", r.body.decode())
                return re.sub(r'"physicOffset":\d+,"physicSize":\d+,"tagsCode":-?\d+', "#", text)
            send(0)
            send(1)
            time.sleep(0.01)
            sql_heartbeat(k, "G", topic, "a > 2", 10)
            time.sleep(0.01)
            for i in range(2, 5):
                send(i)
            send(5, "u")
            heartbeat(k, "client@2", "H", topic, subString="t", subVersion=10, expressionType="TAG", tagsSet=["t"], codeSet=[116])
            never = entries(*["false"] * 6)
            for ext, expected in (
                    (dict(), "{" + never + "}"),
                    (dict(consumerGroup="nobody"), '{"filterData":"nobody@%s is not online!",' % topic + never + "}"),
                    (dict(consumerGroup="G"), "{" + FILTER + entries("true", "true", "false", "true", "true", "true") +
                     ',"subscriptionData":{"classFilterMode":false,"codeSet":[],"expressionType":"SQL92","subString":"a > 2","subVersion":10,"tagsSet":[],"topic":"%s"}}' % topic),
                    (dict(consumerGroup="H"), '{"filterData":"null",' + entries("true", "true", "true", "true", "true", "false") +
                     ',"subscriptionData":{"classFilterMode":false,"codeSet":[116],"expressionType":"TAG","subString":"t","subVersion":10,"tagsSet":["t"],"topic":"%s"}}' % topic)):
                assert ask(**ext) == expected, f"{ext}\n{ask(**ext)}\n{expected}"
            for count in (0, -1):
                assert ask(count=count) == '{"maxQueueIndex":6,"minQueueIndex":0,"queueData":[]}'
            time.sleep(1.5)
        # Units that are gone, and none are written now: the entry says so, and the message still comes.
        b.term()
        shutil.rmtree(c.folder / "broker-a" / "store" / "consumequeue_ext")
        b.conf.write_text(b.conf.read_text().replace("enableConsumeQueueExt=true", "enableConsumeQueueExt=false"))
        b.start()
        with Connection(b.addr) as k:
            assert len(k.read_queue(topic, 0)) == 6
            first = json.loads(k.call(321, dict(topic=topic, queueId=0, index=0, count=1)).body)["queueData"][0]
            assert "extendDataJson" not in first and first["msg"] == "Cq extend not exist!addr: %d" % -(1 << 63), first
