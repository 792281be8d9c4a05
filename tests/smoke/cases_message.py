"""Replies, transactions and delays as clients see them, at the edges of what they may send."""
import json
import time

from remoting import Connection, stored_messages
from servers import Cluster


def pairs(**properties):
    return "".join(f"{k}\x01{v}\x02" for k, v in properties.items())


def producer_heartbeat(connection, client, group):
    body = {"clientID": client, "producerDataSet": [{"groupName": group}], "consumerDataSet": []}
    assert connection.call(34, body=json.dumps(body).encode()).code == 0


def test_a_reply_goes_to_the_asker(a):
    with Cluster(a.bin) as cluster:
        broker = cluster.broker()
        topic = "DefaultCluster_REPLY_TOPIC"
        reply = dict(MSG_TYPE="reply", CORRELATION_ID="c-1", REPLY_TO_CLIENT="asker", TTL="3000", UNIQ_KEY="K" * 32)
        with Connection(broker.addr) as asker, Connection(broker.addr) as replier:
            producer_heartbeat(asker, "asker", "askers")
            sent = replier.send_message(topic, 0, b"pong", pairs(**reply), code=325)
            pushed = asker.asked(326)
            assert pushed.body == b"pong" and pushed.ext["topic"] == topic, pushed.ext
            assert "CORRELATION_ID\x01c-1" in pushed.ext["properties"] and "PUSH_REPLY_TIME\x01" in pushed.ext["properties"]
            asker.answer(pushed)
            answer = replier.wait(sent)
            assert answer.code == 0 and len(answer.ext["msgId"]) == 32, answer.header
            assert [m[1] for m in replier.read_queue(topic, 0)] == [b"pong"]

            def refused(remark, **changes):
                properties = {k: v for k, v in (reply | changes).items() if v is not None}
                r = replier.wait(replier.send_message(topic, 0, b"again", pairs(**properties), code=325))
                assert (r.code, r.remark) == (1, remark), r.header
                return r
            refused("push reply message fail, channel of <ghost> not found.", REPLY_TO_CLIENT="ghost")
            refused("reply message properties[REPLY_TO_CLIENT] is null", REPLY_TO_CLIENT=None)
            sent = replier.send_message(topic, 0, b"no", pairs(**reply), code=325)
            asker.answer(asker.asked(326), code=1, remark="process reply message fail")
            assert replier.wait(sent).remark == "push reply message to askerfail."
            # Kept all the same.
            assert [m[1] for m in replier.read_queue(topic, 0)] == [b"pong", b"again", b"again", b"no"]
            asker.close()
            time.sleep(0.3)
            refused("push reply message fail, channel of <asker> not found.")


def test_a_reply_is_not_lost_with_an_asker_that_dies(a):
    with Cluster(a.bin) as cluster:
        broker = cluster.broker()
        with Connection(broker.addr) as asker, Connection(broker.addr) as replier:
            producer_heartbeat(asker, "asker", "askers")
            sent = replier.send_message("DefaultCluster_REPLY_TOPIC", 0, b"pong", pairs(REPLY_TO_CLIENT="asker"), code=325)
            asker.asked(326)
            asker.close()
            answer = replier.wait(sent)
            assert (answer.code, answer.remark) == (1, "push reply message to askerfail."), answer.header
            assert len(replier.read_queue("DefaultCluster_REPLY_TOPIC", 0)) == 1


def test_a_word_for_a_delay_level_is_refused(a):
    with Cluster(a.bin) as cluster:
        broker = cluster.broker()
        with Connection(broker.addr) as c:
            for level, code in (("0", 0), ("-1", 0), ("+1", 0), ("x", 1), ("1x", 1), ("99999999999", 1)):
                r = c.wait(c.send_message("Delays", 0, b"m", pairs(DELAY=level)))
                assert r.code == code, (level, r.header)
                assert code == 0 or level in r.remark
            assert len(c.read_queue("Delays", 0)) == 2   # the message of level +1 waits


def test_prepared_messages_stay_out_of_their_queue(a):
    """The prepared flag without TRAN_MSG, as 4.2.0's brokers kept half messages: in the log, in no queue, also after a crash."""
    with Cluster(a.bin) as cluster:
        broker = cluster.broker()
        with Connection(broker.addr) as c:
            assert c.wait(c.send_message("Flags", 0, b"half", pairs(PGROUP="p"), f=4)).code == 0
            assert c.wait(c.send_message("Flags", 0, b"plain")).code == 0
            assert [(m[0], m[1]) for m in c.read_queue("Flags", 0)] == [(0, b"plain")]
        broker.kill()
        broker.start()
        with Connection(broker.addr) as c:
            assert [(m[0], m[1]) for m in c.read_queue("Flags", 0)] == [(0, b"plain")]


def test_a_check_asks_with_the_half_message_and_odd_decisions_are_refused(a):
    with Cluster(a.bin) as cluster:
        broker = cluster.broker(transactionTimeOut=200, transactionCheckInterval=300)
        with Connection(broker.addr) as c:
            producer_heartbeat(c, "p1", "deciders")
            key = "C0A80001" * 4
            sent = c.wait(c.send_message("Decided", 2, b"doubt", pairs(TRAN_MSG="true", PGROUP="deciders", UNIQ_KEY=key), f=4))
            assert sent.code == 0
            asked = c.asked(39)
            message = next(stored_messages(asked.body))
            assert (message["topic"], message["queueId"], message["body"]) == ("Decided", 2, b"doubt"), message
            assert message["properties"]["WAIT"] == "false" and message["properties"]["TRANSACTION_CHECK_TIMES"] == "1"
            decision = dict(producerGroup="deciders", tranStateTableOffset=asked.ext["tranStateTableOffset"],
                            commitLogOffset=asked.ext["commitLogOffset"], msgId=key, transactionId=key)
            assert c.call(37, decision | dict(commitOrRollback=5)).remark == "commitOrRollback field wrong"
            assert c.call(37, decision | dict(commitOrRollback=8)).code == 0
            assert [m[1] for m in c.read_queue("Decided", 2)] == [b"doubt"]


def test_a_half_message_that_was_given_up_is_resumed(a):
    with Cluster(a.bin) as cluster:
        broker = cluster.broker(transactionTimeOut=100, transactionCheckInterval=200, transactionCheckMax=2)
        with Connection(broker.addr) as c:
            key = "C0A80002" * 4
            properties = pairs(TRAN_MSG="true", PGROUP="deciders", UNIQ_KEY=key)
            assert c.wait(c.send_message("Decided", 1, b"given up", properties, f=4)).code == 0
            end = time.monotonic() + 10
            while (pulled := c.pull("TRANS_CHECK_MAX_TIME_TOPIC", 0, 0)).code != 0:
                assert time.monotonic() < end
                time.sleep(0.1)
            given_up = next(stored_messages(pulled.body))
            assert given_up["properties"]["TRANSACTION_CHECK_TIMES"] == "2"
            producer_heartbeat(c, "p1", "deciders")
            plain = c.wait(c.send_message("Decided", 0, b"plain")).ext["msgId"]
            place = plain[:16] + "%016X" % given_up["physicalOffset"]
            assert c.call(323, dict(topic="Decided", msgId=place)).code == 0
            asked = c.asked(39)
            message = next(stored_messages(asked.body))
            assert (message["topic"], message["queueId"], message["body"]) == ("Decided", 1, b"given up"), message
            assert message["properties"]["TRANSACTION_CHECK_TIMES"] == "1"
            assert c.call(37, dict(producerGroup="deciders", tranStateTableOffset=asked.ext["tranStateTableOffset"], commitOrRollback=8,
                                   commitLogOffset=asked.ext["commitLogOffset"], msgId=key, transactionId=key)).code == 0
            assert [m[1] for m in c.read_queue("Decided", 1)] == [b"given up"]
            # What is no half message is not put among them, and a place where nothing stands is told.
            halves = len(c.read_queue("RMQ_SYS_TRANS_HALF_TOPIC", 0))
            for bad in (dict(msgId=plain), dict(msgId=place[:16] + "7" * 16), dict(msgId="x"), {}):
                r = c.call(323, dict(topic="Decided") | bad)
                assert (r.code, r.remark) == (1, "Exception was thrown when putting message back to RMQ_SYS_TRANS_HALF_TOPIC."), (bad, r.header)
            assert len(c.read_queue("RMQ_SYS_TRANS_HALF_TOPIC", 0)) == halves


def test_decisions_are_noted_so_that_each_release_reads_them(a):
    """An op message for each half message, its body a bare number: 4.x reads nothing else, and asked again about what was committed."""
    with Cluster(a.bin) as cluster:
        broker = cluster.broker()
        with Connection(broker.addr) as c:
            properties = [pairs(TRAN_MSG="true", PGROUP="deciders", UNIQ_KEY=f"{n:032X}") for n in range(12)]
            halves = [c.wait(c.send_message("Decided", 0, b"%d" % n, properties[n], f=4)).ext for n in range(12)]
            decisions = [dict(producerGroup="deciders", tranStateTableOffset=h["queueOffset"], commitLogOffset=int(h["msgId"][-16:], 16),
                              commitOrRollback=8 if n % 3 else 12) for n, h in enumerate(halves)]
            for opaque in [c.send(37, d) for d in decisions]:   # several in one turn of the broker's loop
                assert c.wait(opaque).code == 0
            assert [m[1] for m in c.read_queue("Decided", 0)] == [b"%d" % n for n in range(12) if n % 3]
            noted = c.read_queue("RMQ_SYS_TRANS_OP_HALF_TOPIC", 0)
            assert [(m[1], m[2]["TAGS"]) for m in noted] == [(b"%d" % n, "d") for n in range(12)], noted


def test_a_new_group_on_an_empty_queue_misses_nothing(a):
    """A 4.x client told "not found" asks for the end of the queue, and would miss what arrives in between."""
    with Cluster(a.bin) as cluster:
        broker = cluster.broker()
        with Connection(broker.addr) as c:
            ask = dict(consumerGroup="young", topic="Young", queueId=0)
            r = c.call(14, ask, version=407)
            assert (r.code, r.ext["offset"]) == (0, "0"), r.header
            assert c.call(14, ask, version=479).code == 22
            assert c.wait(c.send_message("Young", 0, b"first")).code == 0
            for version in (407, 479):
                assert c.call(14, ask, version=version).ext["offset"] == "0"


def test_what_an_orderly_consumer_gives_up_is_a_dead_letter_at_once(a):
    """Its retries stay with the consumer: what it sends to its retry topic, below the most tries or not, would come back for ever."""
    with Cluster(a.bin) as cluster:
        broker = cluster.broker()
        with Connection(broker.addr) as k:
            def locks(code):
                queue = {"topic": "T", "brokerName": "broker-a", "queueId": 0}
                assert k.call(code, body=json.dumps(dict(consumerGroup="g", clientId="c", mqSet=[queue])).encode()).code == 0

            def give_up(body, times, version=479):
                assert k.wait(k.send_message("%RETRY%g", 0, body, pairs(RETRY_TOPIC="T"), version=version, j=times, l=3)).code == 0

            locks(41)
            give_up(b"in order", 3)
            locks(42)
            give_up(b"retried", 3)
            give_up(b"tried too often", 4)
            give_up(b"retried by 4.x", 2, version=407)
            give_up(b"tried too often by 4.x", 3, version=407)
            assert [m[1] for m in k.read_queue("%RETRY%g", 0)] == [b"retried", b"retried by 4.x"]
            assert [m[1] for m in k.read_queue("%DLQ%g", 0)] == [b"in order", b"tried too often", b"tried too often by 4.x"]


def test_messages_without_a_body_are_messages_of_4x_clients(a):
    """Brokers of 4.x store them and Go's and Python's clients send them; 5.x refuses. They take the ways of other messages: a delay, a retry, a restart."""
    with Cluster(a.bin) as cluster:
        broker = cluster.broker(messageDelayLevel="1s 2s 3s")
        with Connection(broker.addr) as k:
            assert k.wait(k.send_message("Bare", 0, b"", version=407)).code == 0
            r = k.wait(k.send_message("Bare", 0, b"", version=479))
            assert r.code == 13 and r.remark.startswith("the message is illegal"), r.header
            assert k.wait(k.send_message("Bare", 0, b"", pairs(DELAY="1"), version=407)).code == 0
            assert k.wait(k.send_message("Bare", 0, b"", code=320, m="true", version=407)).code == 13   # a batch of none
            first = next(stored_messages(k.pull("Bare", 0, 0).body))
            assert k.call(36, dict(group="bare", offset=first["physicalOffset"], delayLevel=1)).code == 0
            deadline = time.monotonic() + 10
            while [m[1] for m in k.read_queue("Bare", 0) + k.read_queue("%RETRY%bare", 0)] != [b"", b"", b""]:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        broker.term()
        broker.start()
        with Connection(broker.addr) as k:
            assert [m[1] for m in k.read_queue("Bare", 0)] == [b"", b""]


def test_who_waits_for_a_queue_is_told_when_it_is_free(a):
    """A member that was refused a lock would look again 20 s later."""
    with Cluster(a.bin) as cluster:
        broker = cluster.broker()
        with Connection(broker.addr) as one, Connection(broker.addr) as two:
            def heartbeat(k, client):
                group = dict(groupName="g", consumeType="CONSUME_PASSIVELY", messageModel="CLUSTERING", consumeFromWhere="CONSUME_FROM_FIRST_OFFSET",
                             subscriptionDataSet=[], unitMode=False)
                assert k.call(34, body=json.dumps(dict(clientID=client, consumerDataSet=[group], producerDataSet=[])).encode()).code == 0

            def ask(k, client, code):
                queue = {"topic": "T", "brokerName": "broker-a", "queueId": 0}
                r = k.call(code, body=json.dumps(dict(consumerGroup="g", clientId=client, mqSet=[queue])).encode())
                assert r.code == 0, r.header
                return code == 41 and json.loads(r.body)["lockOKMQSet"] != []

            heartbeat(one, "one"), heartbeat(two, "two")
            time.sleep(1.5)   # a new group is told once more a second later
            for k in (one, two):
                k.call(30, dict(topic="none", queueId=0))
                k.requests.clear()
            assert ask(one, "one", 41)
            ask(one, "one", 42)
            assert ask(one, "one", 41) and not ask(two, "two", 41)
            for k in (one, two):   # nobody waited for the first unlock
                k.call(30, dict(topic="none", queueId=0))
                assert not k.requests
            ask(one, "one", 42)
            assert two.asked(40).ext["consumerGroup"] == "g"
            assert ask(two, "two", 41)


def test_a_producer_with_an_old_route_is_told_to_try_another_queue(a):
    """Clients of 4.x try again when told SYSTEM_ERROR, and know no INVALID_PARAMETER."""
    with Cluster(a.bin) as cluster:
        broker = cluster.broker()
        with Connection(broker.addr) as k:
            assert k.create_topic("Smaller", 2).code == 0
            for version, code in ((252, 1), (407, 1), (413, 29), (479, 29)):
                r = k.wait(k.send_message("Smaller", 2, b"x", version=version))
                assert r.code == code and r.remark.startswith("request queueId[2] is illegal"), r.header
                assert k.wait(k.send_message("a b", 0, b"x", version=version)).code == code


def test_a_pull_waits_for_its_heartbeat(a):
    """Java's clients send it some milliseconds behind the pull, and pause for 3 s when that is refused."""
    with Cluster(a.bin) as cluster:
        broker = cluster.broker()
        with Connection(broker.addr) as k, Connection(broker.addr) as later:
            assert k.create_topic("Early").code == 0
            assert k.wait(k.send_message("Early", 0, b"x")).code == 0

            def pull(version):
                return k.send(11, dict(consumerGroup="early", topic="Early", queueId=0, queueOffset=0, maxMsgNums=32, sysFlag=2, commitOffset=0,
                                       suspendTimeoutMillis=5000, subVersion=version))

            def heartbeat(version):
                subscription = dict(topic="Early", subString="*", subVersion=version, tagsSet=[], codeSet=[], expressionType="TAG", classFilterMode=False)
                group = dict(groupName="early", consumeType="CONSUME_PASSIVELY", messageModel="CLUSTERING", consumeFromWhere="CONSUME_FROM_FIRST_OFFSET",
                             subscriptionDataSet=[subscription], unitMode=False)
                assert later.call(34, body=json.dumps(dict(clientID="c", consumerDataSet=[group], producerDataSet=[])).encode()).code == 0

            for version in (1, 2):
                began = time.monotonic()
                pulled = pull(version)
                assert k.call(30, dict(topic="Early", queueId=0)).ext["offset"] == "1"   # others do not wait
                heartbeat(version)
                assert k.wait(pulled).code == 0 and time.monotonic() - began < 0.5
            refused = k.wait(pull(3))
            assert (refused.code, refused.remark) == (25, "the consumer's subscription not latest"), refused.header
            assert 0.6 < time.monotonic() - began < 3


def test_delayed_messages_come_when_they_are_due(a):
    with Cluster(a.bin) as cluster:
        broker = cluster.broker()
        with Connection(broker.addr) as k:
            assert k.create_topic("Due").code == 0
            for n in range(8):
                time.sleep(0.03)   # not in step with what the broker does every 100 ms
                assert k.wait(k.send_message("Due", 0, b"%d" % n, pairs(DELAY="1"))).code == 0
            deadline = time.monotonic() + 10
            while len(found := list(stored_messages(k.pull("Due", 0, 0).body))) < 8:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            late = sorted(m["storeTimestamp"] - m["bornTimestamp"] - 1000 for m in found)
            assert late[0] >= 0 and late[4] <= 30, late   # the median: a machine under load may be late
