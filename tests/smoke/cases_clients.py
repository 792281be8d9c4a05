"""What operators ran into with routes, names, first offsets and subscriptions; answers pinned against 5.3.3."""
import json
import random
import socket
import struct
import time

from cases_acl import log_of
from cases_admin import heartbeat, register
from remoting import Connection, stored_messages
from servers import Cluster


def test_a_late_end_of_a_connection_ends_no_fresh_registration(a):
    """A thousand brokers that come back over a second connection while the first one ends in some way, sooner or later."""
    def end(connection, how):
        if how == "reset":
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if how == "half":                                           # nothing more comes, and yet it stays open for a while
            connection.socket.shutdown(socket.SHUT_WR)
        elif how == "torn":                                         # in the middle of a frame
            connection.socket.sendall(b"\0\0\1")
            connection.close()
        else:
            connection.close()

    def farewell(connection, name, addr, broker_id):
        assert connection.call(104, dict(brokerName=name, brokerAddr=addr, clusterName="C", brokerId=broker_id)).code == 0

    dice = random.Random(7)
    with Cluster(a.bin) as c:
        n = c.namesrv()
        with Connection(n.addr) as reader, Connection(n.addr) as other:
            for i in range(1000):
                name, addr, topic = f"b{i}", f"127.0.0.1:{20000 + i}", f"T{i}"
                first, second = Connection(n.addr), Connection(n.addr)
                register(first, name, addr, 1, topic)
                how = dice.choice(("close", "reset", "half", "torn", "farewell"))
                early = dice.random() < 0.5
                if early and how != "farewell":
                    end(first, how)                                 # the server may or may not know of it when the next registration comes
                register(second, name, addr, 0, topic)
                if dice.random() < 0.5:
                    farewell(other, name, addr, 1)                  # under the id of the former life
                if how == "farewell":
                    farewell(first, name, addr, dice.choice((0, 1)))
                    end(first, "close")
                elif not early:
                    end(first, how)
                for _ in range(3):
                    assert reader.call(105, dict(topic=topic)).code == 0, (i, how, early)
                first.close()
                assert reader.call(105, dict(topic=topic)).code == 0, (i, how, early)
                if i % 2:
                    farewell(second, name, addr, 0)
                else:
                    second.close()
                deadline = time.monotonic() + 5
                while reader.call(105, dict(topic=topic)).code != 17:
                    assert time.monotonic() < deadline, f"the own end of {name} was not noticed"


def test_a_namesrv_that_starts_again_knows_its_brokers_soon(a):
    """Not with their next period, up to half a minute later: clients that ask it meanwhile find no topic."""
    with Cluster(a.bin) as c:
        again, other = c.namesrv(), c.namesrv()
        for name in "broker-a", "broker-b":
            c.broker(name)
        for end in again.kill, again.term:
            end()
            time.sleep(0.7)     # a first try finds nobody
            again.start()
            deadline = time.monotonic() + 8
            for server in again, other:
                with Connection(server.addr) as k:
                    while len(json.loads(k.call(106, dict(acceptStandardJsonOnly="true")).body.decode().replace("{0:", '{"0":'))["brokerAddrTable"]) < 2:
                        assert time.monotonic() < deadline, "a broker did not come back"
                        time.sleep(0.05)


def test_a_namesrv_that_is_taken_out_knows_the_broker_no_more(a):
    """Routes kept there would go stale: clients that still ask it would never hear of a topic's or a broker's end."""
    with Cluster(a.bin) as c:
        stays, goes = c.namesrv(), c.namesrv()
        b = c.broker()
        for n in stays, goes:
            c.wait_registered(n)
        done = c.admin("updateBrokerConfig", "-n", stays.addr, "-b", b.addr, "-k", "namesrvAddr", "-v", stays.addr)
        assert "update broker config success" in done.stdout, done
        with Connection(stays.addr) as there, Connection(goes.addr) as removed, Connection(b.addr) as k:
            def known(names):
                return b'"broker-a"' in names.call(106).body
            deadline = time.monotonic() + 5
            while known(removed):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            assert k.create_topic("Later").code == 0   # told to every NameServer there is
            assert known(there) and there.call(105, dict(topic="Later")).code == 0
            assert not known(removed) and removed.call(105, dict(topic="Later")).code == 17


def test_broker_ids_are_numbers_for_old_clients(a):
    """Bodies of a 5.3.3 NameServer: with quoted ids a Go client until 2.1.0 takes every broker for a master."""
    route = ('{"brokerDatas":[{"brokerAddrs":{%s:"127.0.0.1:1001",%s:"127.0.0.1:1002"},"brokerName":"b","cluster":"C","enableActingMaster":false}],'
             '"filterServerTable":{},"queueDatas":[{"brokerName":"b","perm":6,"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":4}]}')
    info = ('{"brokerAddrTable":{"b":{"brokerAddrs":{0:"127.0.0.1:1001",1:"127.0.0.1:1002"},"brokerName":"b","cluster":"C","enableActingMaster":false}},'
            '"clusterAddrTable":{"C":["b"]}}')
    bare, quoted = route % (0, 1), route % ('"0"', '"1"')
    with Cluster(a.bin) as c:
        n = c.namesrv()
        with Connection(n.addr) as k:
            register(k, "b", "127.0.0.1:1001")
            register(k, "b", "127.0.0.1:1002", 1)
            for _ in range(2):   # made anew, then kept
                for version, more, expected in ((317, {}, bare), (400, {}, bare), (401, {}, quoted), (477, {}, quoted),
                                                (317, dict(acceptStandardJsonOnly="true"), quoted), (317, dict(acceptStandardJsonOnly="false"), bare),
                                                (477, dict(acceptStandardJsonOnly="false"), quoted)):
                    body = k.call(105, dict(topic="T") | more, version=version).body.decode()
                    assert body == expected, (version, more, body)
                    assert k.call(106, more, version=version).body.decode() == info, version   # of any version


ILLEGAL = "The specified topic contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$"
TOO_LONG = "The specified topic is longer than topic max length."
SYSTEM = "The topic[%s] is conflict with system topic."
FORBIDDEN = "Sending message to topic[%s] is forbidden."
# name -> (code, remark) of its creation, and of a send where that differs. As a 5.3.3 broker answers.
TOPIC_NAMES = {
    "a.b": (29, ILLEGAL), "x/y": (29, ILLEGAL), "../../up": (29, ILLEGAL), "..": (29, ILLEGAL), "": (29, "The specified topic is blank."), "  ": (29, "The specified topic is blank."),
    "  lead": (29, ILLEGAL), "trail ": (29, ILLEGAL), "a\0b": (29, ILLEGAL), "a\nb": (29, ILLEGAL), "a:b": (29, ILLEGAL), "中文": (29, ILLEGAL), "é": (29, ILLEGAL),
    "a" * 128: (29, TOO_LONG), "a" * 255: (29, TOO_LONG), "a" * 5000: (29, TOO_LONG),
    "Ok_-1%|": (0, None), "a" * 127: (0, None), "%RETRY%g1": (0, None), "%DLQ%g1": (0, None), "%": (0, None), "|": (0, None), "-": (0, None),
    "TBW102": (29, SYSTEM, 0, None), "rmq_sys_x": (29, SYSTEM, 0, None), "BenchmarkTest": (29, SYSTEM, 0, None), "DefaultCluster": (29, SYSTEM, 0, None), "broker-a": (29, SYSTEM, 0, None),
    "SELF_TEST_TOPIC": (29, SYSTEM, 16, FORBIDDEN), "SCHEDULE_TOPIC_XXXX": (29, SYSTEM, 16, FORBIDDEN), "RMQ_SYS_TRANS_HALF_TOPIC": (29, SYSTEM, 16, FORBIDDEN),
}


def test_topic_names(a):
    with Cluster(a.bin) as c:
        b = c.broker()
        with Connection(b.addr) as k:
            def ask(way, name):
                if way == "create":
                    return k.create_topic(name)
                return k.wait(k.send_message(name, 0, b"x", version=479))
            for name, expected in TOPIC_NAMES.items():
                for way, (code, remark) in (("create", expected[:2]), ("send", expected[-2:])):
                    answer = ask(way, name)
                    assert answer.code == code, (way, name, answer.header)
                    assert code == 0 or answer.remark == (remark % name if "%s" in remark else remark), (way, name, answer.header)
            taken = {name for name, expected in TOPIC_NAMES.items() if expected[-2] == 0}
            # Administration may give a group any name: its retry topic is made only when the name is one of a folder.
            message, = stored_messages(k.pull("Ok_-1%|", 0, 0).body)
            for group in ("g/../../../up", "/", "g" * 300):
                assert k.call(200, body=json.dumps(dict(groupName=group)).encode()).code == 0
                heartbeat(k, "c1", group, "Ok_-1%|")
                for level in (0, -1):
                    back = k.call(36, dict(offset=message["physicalOffset"], group=group, delayLevel=level, originTopic="Ok_-1%|"))
                    assert back.code == 1 and "not exist" in back.remark, back.header
                assert k.call(215, dict(topic=f"%RETRY%{group}")).code == 0
            for name in ("..", ".", "../config"):
                assert k.call(215, dict(topic=name)).code == 0
            deadline = time.monotonic() + 5
            store = c.folder / "broker-a" / "store"
            while {p.name for p in (store / "consumequeue").iterdir()} < taken:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert b.term() == 0
        assert {p.name for p in (store / "consumequeue").iterdir()} == taken
        assert {p.name for p in c.folder.iterdir()} == {"broker-a", "broker-a.conf", "broker-a.out"}
        assert {p.name for p in store.iterdir()} <= {"commitlog", "consumequeue", "index", "config", "checkpoint", "lock", "knownQueues", "deletedTopics"}, list(store.iterdir())


def test_where_a_new_group_begins(a):
    """As Java at 0 while the first message is in memory, whatever the client asks for; with the group's attribute where the client says."""
    with Cluster(a.bin) as c:
        n = c.namesrv()
        b = c.broker()
        c.wait_registered(n)
        with Connection(b.addr) as k:
            for i in range(4):
                assert k.wait(k.send_message("Begun", 0, b"%d" % i)).code == 0

            def begins(group, topic="Begun", version=407):
                answer = k.call(14, dict(consumerGroup=group, topic=topic, queueId=0), version=version)
                return (answer.code, answer.ext.get("offset"))
            for version in (317, 407, 479):
                assert begins("usual", version=version) == (0, "0")
            done = c.admin("updateSubGroup", "-n", n.addr, "-c", "DefaultCluster", "-g", "chosen", "--attributes", "+consume.from.where=CLIENT")
            assert "success" in done.stdout and "attributes={+consume.from.where=CLIENT}" in done.stdout, done
            for restart in (False, True):
                if restart:
                    assert b.term() == 0
                    b.start()
                    k.close()
                    k.__init__(b.addr)
                for version in (317, 407, 479):
                    assert begins("chosen", version=version) == (22, None)
                    assert begins("chosen", "Empty", version=version) == (22, None)
                    assert begins("usual", version=version) == (0, "0")
                assert begins("chosen", "%RETRY%chosen") == (0, "0"), "what the group itself gave back is never skipped"
            assert k.call(15, dict(consumerGroup="chosen", topic="Begun", queueId=0, commitOffset=3)).code == 0
            assert begins("chosen") == (0, "3")
            refused = k.call(200, body=b'{"groupName":"chosen","attributes":{"+consume.from.where":"LAST"}}')
            assert (refused.code, refused.remark) == (1, "value is not in set: [BROKER, CLIENT]"), refused.header
            assert k.call(200, body=b'{"groupName":"chosen"}').code == 0 and begins("chosen", "Empty")[0] == 22, "a change without attributes keeps them"
            assert k.call(200, body=b'{"groupName":"chosen","attributes":{"-consume.from.where":""}}').code == 0
            assert begins("chosen", "Empty") == (0, "0")


def test_consumers_of_a_group_that_subscribe_differently(a):
    with Cluster(a.bin) as c:
        n = c.namesrv()
        b = c.broker()
        c.wait_registered(n)

        def warnings():
            return [line for line in log_of(b).splitlines() if "group mixed:" in line]

        def connections():
            return json.loads(one.call(203, dict(consumerGroup="mixed")).body)
        with Connection(b.addr) as one:
            two = Connection(b.addr)
            heartbeat(one, "one", "mixed", "Orders", subString="A || B", tagsSet=["A", "B"], codeSet=[65, 66])
            heartbeat(two, "two", "mixed", "Orders", subString="B||A", tagsSet=["B", "A"], codeSet=[66, 65], subVersion=9)
            assert "subscriptionsDiffer" not in connections(), "the same in other words"
            for _ in range(3):
                heartbeat(two, "two", "mixed", "Orders", subString="X", tagsSet=["X"], codeSet=[88], subVersion=10)
                heartbeat(one, "one", "mixed", "Orders", subString="A || B", tagsSet=["A", "B"], codeSet=[65, 66])
            said = connections()["subscriptionsDiffer"]
            assert said.startswith("client one at ") and "subscribes to Orders (A || B), client two at " in said and said.endswith(" to Orders (X)"), said
            # The broker filters as Java does: by what it heard of last, or rather what has the higher version.
            assert json.loads(one.call(345, dict(topic="Orders", group="mixed")).body)["subscriptionData"]["subString"] == "X"
            done = c.admin("consumerConnection", "-n", n.addr, "-g", "mixed", "-b", b.addr)
            assert done.returncode == 0 and done.stderr == f"WARN: the consumers of group mixed subscribe differently: {said}\n" and "WARN" not in done.stdout, done
            found = json.loads(c.admin("consumerConnection", "-n", n.addr, "-g", "mixed", "-b", b.addr, "--json").stdout)
            assert said in json.dumps(found), found
            two.close()
            deadline = time.monotonic() + 5
            while "subscriptionsDiffer" in connections():
                assert time.monotonic() < deadline
                time.sleep(0.02)
            with Connection(b.addr) as three:
                heartbeat(three, "three", "mixed", "Bills")
                assert connections()["subscriptionsDiffer"].endswith(" to Bills (*)")
                deadline = time.monotonic() + 5
                while len(warnings()) < 2 and time.monotonic() < deadline:
                    time.sleep(0.05)
                first, second = warnings()
                assert " WARN " in first and said in first and "Bills (*)" in second, (first, second)


def test_many_consumers_of_a_group(a):
    """Who joins late is known to all, and yet a start of many together is no flood: a notice each would be 45,000 here."""
    with Cluster(a.bin) as c:
        b = c.broker()
        members = []

        def notices(connection):
            connection.socket.settimeout(0.3)
            found = 0
            try:
                while True:
                    found += connection.read_frame().code == 40
            except TimeoutError:
                return found

        def known():
            return len(json.loads(members[0].call(38, dict(consumerGroup="many")).body)["consumerIdList"])
        try:
            for i in range(300):
                members.append(Connection(b.addr))
                heartbeat(members[-1], f"c{i}", "many", "Many")
            assert known() == 300
            time.sleep(0.7)     # two of the quiet times of such a group
            told = [sum(r.code == 40 for r in m.requests) + notices(m) for m in (members[0], members[298])]
            assert 16 <= told[0] < 150 and 1 <= told[1] < 10, told
            # Few changes are told at once, one by one.
            for step in range(3):
                time.sleep(0.35)
                members[0].requests.clear()   # what came while answers were waited for
                members.pop().close()
                began = time.monotonic()
                members[0].socket.settimeout(5)
                members[0].asked(40)
                assert time.monotonic() - began < 0.3, step
                assert known() == 299 - step
            # In a rush the last one counts.
            while len(members) > 100:
                members.pop().close()
            end = time.monotonic() + 5
            while known() != 100:
                assert time.monotonic() < end
                time.sleep(0.05)
            time.sleep(0.7)
            assert notices(members[0]) + sum(r.code == 40 for r in members[0].requests) >= 1
        finally:
            [m.close() for m in members]
