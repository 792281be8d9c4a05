"""What administration asks a broker, and what it hands on to consumers."""
import json
import time

from remoting import Connection
from servers import Cluster


def heartbeat(connection, client, group, topic, **subscription):
    body = dict(clientID=client, producerDataSet=[dict(groupName="p_" + group)], consumerDataSet=[dict(
        groupName=group, consumeType="CONSUME_PASSIVELY", messageModel="CLUSTERING", consumeFromWhere="CONSUME_FROM_FIRST_OFFSET",
        subscriptionDataSet=[dict(dict(topic=topic, subString="*", subVersion=1), **subscription)])])
    assert connection.call(34, body=json.dumps(body).encode()).code == 0


def register(connection, name, addr, broker_id=0, topic="T", **more):
    """A broker tells a NameServer of itself, with two topics."""
    table = {t: dict(order=False, perm=6, readQueueNums=4, topicFilterType="SINGLE_TAG", topicName=t, topicSysFlag=0, writeQueueNums=4) for t in (topic, "TBW102")}
    body = {"filterServerList": [], "topicConfigSerializeWrapper": {"dataVersion": {"counter": 1, "timestamp": 1}, "topicConfigTable": table}}
    ext = dict(brokerName=name, brokerAddr=addr, clusterName="C", haServerAddr="127.0.0.1:1", brokerId=broker_id, compressed="false", bodyCrc32=0)
    answer = connection.call(103, ext | more, json.dumps(body).encode())
    assert answer.code == 0, answer.header


def test_questions_are_handed_to_the_consumer(a):
    with Cluster(a.bin) as c:
        c.namesrv()
        b = c.broker()
        with Connection(b.addr) as admin, Connection(b.addr) as consumer:
            sent = admin.wait(admin.send_message("Asked", 0, b"once more"))
            heartbeat(consumer, "me", "group", "Asked")

            waiting = admin.send(307, dict(consumerGroup="group", clientId="me", jstackEnable="false"))
            question = consumer.asked(307)
            assert question.ext["clientId"] == "me", question.ext
            consumer.answer(question, body=b'{"properties":{"a":"b"}}')
            assert admin.wait(waiting).body == b'{"properties":{"a":"b"}}'

            waiting = admin.send(309, dict(consumerGroup="group", clientId="me", msgId=sent.ext["msgId"], topic="Asked"))
            question = consumer.asked(309)
            assert b"once more" in question.body and question.ext["brokerName"] == "broker-a", question.ext
            consumer.answer(question, code=1, remark="busy")
            answer = admin.wait(waiting)
            assert (answer.code, answer.remark) == (1, "busy")

            waiting = admin.send(223, dict(topic="Asked", group="group"))
            consumer.answer(consumer.asked(221), body=b'{"messageQueueTable":{{"brokerName":"x","queueId":0,"topic":"Asked"}:5}}')
            assert admin.wait(waiting).body == (b'{"consumerTable":{"me":{{"brokerName":"x","queueId":0,"topic":"Asked"}:5}},'
                                                b'"messageQueueTable":{}}')

            assert admin.call(307, dict(consumerGroup="group", clientId="ghost")).remark == "The Consumer <group> <ghost> not online"
            # A client that goes away instead of answering.
            waiting = admin.send(307, dict(consumerGroup="group", clientId="me"))
            consumer.asked(307)
            consumer.close()
            answer = admin.wait(waiting)
            assert answer.code == 1 and "invoke consumer <group> <me> Exception" in answer.remark, answer.remark


def test_offsets_reset_cloned_compared(a):
    with Cluster(a.bin) as c:
        c.namesrv()
        b = c.broker()
        with Connection(b.addr) as k:
            for i in range(10):
                assert k.wait(k.send_message("Reset", 0, b"%d" % i, "TAGS\x01%s\x02" % "AB"[i % 2])).code == 0
            assert k.call(200, body=b'{"groupName":"g"}').code == k.call(200, body=b'{"groupName":"copy"}').code == 0
            commit = dict(consumerGroup="g", topic="Reset", queueId=0)
            assert k.call(15, dict(commit, commitOffset=8)).code == 0
            assert k.call(314, dict(srcGroup="g", destGroup="copy", topic="Reset", offline="true")).code == 0
            assert k.call(14, dict(commit, consumerGroup="copy")).ext["offset"] == "8"
            assert json.loads(k.call(303, dict(topic="Reset", group="g")).body)["consumeTimeSpanSet"][0]["delayTime"] >= 0

            answer = k.call(222, dict(topic="Reset", group="g", timestamp=0, isForce="true", queueId=0, offset=3))
            assert answer.body == b'{"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"Reset"}:3}}', answer.body
            late = k.call(15, dict(commit, commitOffset=9))
            assert (late.code, late.remark) == (0, "Offset has been previously reset")
            first = k.pull("Reset", 0, 8, group="g")
            assert first.code == 21 and first.ext["nextBeginOffset"] == "3", (first.code, first.ext)
            assert k.pull("Reset", 0, 3, group="g").code == 0
            assert k.call(222, dict(topic="Reset", group="g", timestamp=0, isForce="true", queueId=0, offset=12)).code == 1
            assert k.call(308, dict(compareGroup="g", topic="Reset")).body == b'{"correctionOffsets":{0:3}}'

            stats = k.call(317, dict(isOrder="false")).body
            assert b'"totalDiff":9,' in stats and b'{"copy":[' in stats and b'{"g":[' in stats, stats   # 10 - 8 and 10 - 3
            assert b'"consumeStatsList":[]' in k.call(317, dict(isOrder="true")).body
            entries = json.loads(k.call(321, dict(topic="Reset", queueId=0, index=4, count=3)).body)
            assert [e["tagsCode"] for e in entries["queueData"]] == [65, 66, 65] and entries["maxQueueIndex"] == 10, entries


def test_statistics_count_what_was_sent(a):
    with Cluster(a.bin) as c:
        c.namesrv()
        b = c.broker()
        with Connection(b.addr) as k:
            for i in range(7):
                assert k.wait(k.send_message("Counted", 0, b"x" * 100)).code == 0
            numbers = json.loads(k.call(315, dict(statsName="TOPIC_PUT_NUMS", statsKey="Counted")).body)
            assert all(numbers[span]["sum"] == 7 for span in ("statsMinute", "statsHour", "statsDay")), numbers
            assert k.call(315, dict(statsName="TOPIC_PUT_NUMS", statsKey="Other")).remark == "The stats <TOPIC_PUT_NUMS> <Other> not exist"
            time.sleep(0.01)
            assert k.wait(k.send_message("Counted", 0, b"x")).code == 0
            assert json.loads(k.call(315, dict(statsName="TOPIC_PUT_NUMS", statsKey="Counted")).body)["statsMinute"]["sum"] == 8


def test_queues_are_assigned_by_the_broker(a):
    """QUERY_ASSIGNMENT: every queue of all brokers has one owner; what cannot be told leaves the client as it is."""
    with Cluster(a.bin) as c:
        c.namesrv()
        brokers = [c.broker("broker-a"), c.broker("broker-b")]
        for b in brokers:
            c.admin("updateTopic", "-n", c.servers[0].addr, "-b", b.addr, "-t", "Shared", "-r", "4", "-w", "4", check=True)
        with Connection(brokers[0].addr) as x, Connection(brokers[0].addr) as y:
            for connection, client in ((x, "c1"), (y, "c2")):
                heartbeat(connection, client, "g", "Shared")

            def ask(client, **more):
                body = dict(dict(topic="Shared", consumerGroup="g", clientId=client, strategyName="AVG", messageModel="CLUSTERING"), **more)
                answer = x.call(400, body=json.dumps(body).encode())
                assert answer.code == 0, answer.remark
                return json.loads(answer.body).get("messageQueueAssignments")

            def names(assignments):
                return [(q["messageQueue"]["brokerName"], q["messageQueue"]["queueId"]) for q in assignments]
            one, two = ask("c1"), ask("c2")
            assert names(one) == [("broker-a", i) for i in range(4)] and names(two) == [("broker-b", i) for i in range(4)], (one, two)
            assert {q["mode"] for q in one} == {"PULL"}
            assert names(ask("c2", strategyName="AVG_BY_CIRCLE")) == [("broker-a", 1), ("broker-a", 3), ("broker-b", 1), ("broker-b", 3)]
            assert len(ask("c1", messageModel="BROADCASTING")) == 8
            assert ask("stranger") == [] and ask("c1", strategyName="NONE") is None and ask("c1", topic="Unknown") is None
            assert ask("c1", consumerGroup="nobody") is None
            # POP is kept for a broker that can; here a client that obeyed would get nothing.
            assert x.call(401, body=b'{"topic":"Shared","consumerGroup":"g","mode":"POP","popShareQueueNum":0}').code == 0
            assert (ask("c1"), ask("c2")) == (one, two)
