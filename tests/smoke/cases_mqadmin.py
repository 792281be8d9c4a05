"""What mqadmin prints, on servers of ours."""
import json
import pathlib
import re
import subprocess
import threading
import time

import failures
from cases_admin import heartbeat
from remoting import Connection, Scripted
from servers import Cluster, free_port


def told(c, name, *words):
    """The text of a command that must not fail."""
    done = c.admin(name, "-n", c.servers[0].addr, *words)
    assert done.returncode == 0 and not done.stderr, done
    return done.stdout


def test_mqadmin_messages_and_queues(a):
    with Cluster(a.bin) as c:
        c.namesrv()
        b = c.broker()
        with Connection(b.addr) as k:
            for i in range(5):
                properties = f"TAGS\x01{'AB'[i % 2]}\x02UNIQ_KEY\x01{i:032X}\x02"
                assert k.wait(k.send_message("Looked", 0, b"body %d" % i, properties)).code == 0
            trace = "\x01".join(["Pub", "1700000000000", "r", "sender", "Looked", f"{1:032X}", "A", "k", "h", "6", "12", "0", "o", "true"]) + "\x02"
            trace += "\x01".join(["SubAfter", "req", f"{1:032X}", "7", "false", "k", "1", "1700000001000", "reader"]) + "\x02"
            assert k.wait(k.send_message("RMQ_SYS_TRACE_TOPIC", 0, trace.encode(), f"KEYS\x01{1:032X}\x02")).code == 0
        deadline = time.monotonic() + 10   # the NameServer learns a topic behind the send that makes it
        while "Message Body Path" not in c.admin("queryMsgByUniqueKey", "-n", c.servers[0].addr, "-t", "Looked", "-i", f"{1:032X}").stdout:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        text = told(c, "queryMsgByUniqueKey", "-t", "Looked", "-i", f"{1:032X}")
        assert text.startswith("Topic:               Looked\nTags:                [B]\n") and text.endswith("\n\n\nWARN: No Consumer"), text
        assert told(c, "printMsgByQueue", "-t", "Looked", "-a", "broker-a", "-i", "0") == ""
        assert told(c, "printMsgByQueue", "-t", "Looked", "-a", "broker-a", "-i", "0", "-f", "true") == (
            "Tag: A                              Count: 3\nTag: B                              Count: 2\n")
        lines = told(c, "printMsgByQueue", "-t", "Looked", "-a", "broker-a", "-i", "0", "-p", "true", "-d", "true", "-s", "B").splitlines()
        assert [line[line.index(" BODY: "):] for line in lines] == [" BODY: body 1", " BODY: body 3"], lines
        cq = told(c, "queryCq", "-t", "Looked", "-q", "0", "-i", "3")
        assert cq.startswith("Queue data: \nmax: 5, min: 0\n" + "=" * 38 + "\nidx: 3\nConsumeQueueData{physicOffset="), cq
        assert cq.count("tagsCode=66") == cq.count("tagsCode=65") == 1 and "idx: 5" not in cq, cq
        assert "Index 9 of 0@Looked is not exist!" in c.admin("queryCq", "-b", b.addr, "-t", "Looked", "-q", "0", "-i", "9").stderr
        rows = told(c, "queryMsgTraceById", "-i", f"{1:032X}").splitlines()
        assert [r.split() for r in rows if r[:4] in ("Pub ", "Sub ")] == [
            ["Pub", "sender", "127.0.0.1", *time.strftime("%F %T", time.localtime(1700000000)).split(), "12ms", "success"],
            ["Sub", "reader", "127.0.0.1", *time.strftime("%F %T", time.localtime(1700000001)).split(), "7ms", "failed"]], rows


def test_mqadmin_updates_say_what_is_used_instead(a):
    with Cluster(a.bin) as c:
        n, b = c.namesrv(), c.broker()
        for value, said in ("99", f"{b.addr}: diskMaxUsedSpaceRatio=99 is more than 95: 95 is used\n"), ("80", ""):
            done = c.admin("updateBrokerConfig", "-b", b.addr, "-k", "diskMaxUsedSpaceRatio", "-v", value)
            assert (done.returncode, done.stdout, done.stderr) == (0, f"update broker config success, {b.addr}\n", said), done
        done = c.admin("updateNamesrvConfig", "-n", n.addr, "-k", "listenPort", "-v", "70000")
        assert done.returncode == 0 and done.stderr.startswith(f"{n.addr}: listenPort=70000 is not possible"), done


def test_mqadmin_sends(a):
    with Cluster(a.bin) as c:
        n = c.namesrv()
        c.broker()
        c.wait_registered(n)
        text = told(c, "checkMsgSendRT", "-t", "Timed", "-a", "3", "-s", "10")
        assert re.fullmatch(r"#Broker Name {22}#QID  #Send Result            #RT\n(broker-a {26}\d     true {20}\d+\n){3}Avg RT: \d+\.\d\d\n", text), text
        assert "Avg RT: NaN" in told(c, "checkMsgSendRT", "-t", "Timed", "-a", "1")
        lines = told(c, "sendMsgStatus", "-b", "broker-a", "-s", "20", "-c", "2").splitlines()
        assert len(lines) == 2 and all(re.fullmatch(r"rt=\d+ms, SendResult=SendResult \[sendStatus=SEND_OK, msgId=[0-9A-F]{32}, offsetMsgId=[0-9A-F]{32}, "
                                                    r"messageQueue=MessageQueue \[topic=broker-a, brokerName=broker-a, queueId=0\], queueOffset=\d+, "
                                                    r"recallHandle=null\]", line) for line in lines), lines
        rows = [r for r in told(c, "statsAll", "-a").splitlines() if r.startswith(("Timed ", "broker-a "))]
        assert [r.split()[-1] for r in rows] == ["NO_CONSUMER"] * 2 and sorted(r.split()[-2] for r in rows) == ["3", "4"], rows


def test_mqadmin_consumer_status(a):
    with Cluster(a.bin) as c:
        c.namesrv()
        b = c.broker()
        info = {"properties": {"PROP_CONSUME_TYPE": "CONSUME_PASSIVELY", "PROP_CONSUMER_START_TIMESTAMP": "0"},
                "subscriptionSet": [{"topic": "Asked", "subString": "A || B"}], "statusTable": {"Asked": {"pullRT": 1.005}},
                "jstack": "no stacks\n"}
        queue = json.dumps(dict(brokerName="broker-a", queueId=2, topic="Asked"))
        body = json.dumps(info)[:-1] + ',"mqTable":{%s:{"commitOffset":5,"cachedMsgCount":3,"lastConsumeTimestamp":1}}}' % queue
        with Connection(b.addr) as k, Connection(b.addr) as consumer:
            assert k.wait(k.send_message("Asked", 0, b"x")).code == 0
            heartbeat(consumer, "one/../two", "asked_group", "Asked")
            deadline = time.monotonic() + 10
            while "%RETRY%asked_group" not in told(c, "topicList"):
                assert time.monotonic() < deadline
            words = []

            def run(*more):
                thread = threading.Thread(target=lambda: words.append(told(c, "consumerStatus", "-g", "asked_group", *more)))
                thread.start()
                consumer.answer(consumer.asked(307), body=body.encode())
                thread.join()
                return words.pop()
            shown = run("-i", "one/../two", "-s")
            assert shown.endswith("#User Consume Info#\n\n\n#Consumer jstack#\nno stacks\n"), shown
            assert "001 Topic: Asked" in shown and "1.01" in shown and "ProcessQueueInfo [commitOffset=5, " in shown, shown
            table = run()
            assert "Same subscription in the same group of consumer\n\nRebalance OK\n" in table, table
            assert "one/../two MessageQueue [topic=Asked, brokerName=broker-a, queueId=2] can't consume for a while, maybe blocked, " in table, table
            file = table.splitlines()[1].split()[-1]
            assert re.fullmatch(r"\d+/one_.._two", file) and (c.folder / file).read_text() == shown, file


def test_mqadmin_lists_modes_and_thresholds(a):
    with Cluster(a.bin) as c:
        c.namesrv()
        b = c.broker()
        (c.folder / "topics.json").write_text('[{"topicName":"L1","readQueueNums":2,"writeQueueNums":2,"perm":6},{"topicName":"L2"}]')
        (c.folder / "groups.json").write_text('[{"groupName":"g1","retryMaxTimes":3},{"groupName":"g2"}]')
        (c.folder / "none.json").write_text("[]")
        done = "submit batch of {} config to " + b.addr + " success, please check the result later.\n"
        assert told(c, "updateTopicList", "-b", b.addr, "-f", "topics.json") == done.format("topic")
        usage = told(c, "updateSubGroupList", "-c", "DefaultCluster", "-f", "groups.json")
        assert usage.startswith(done.format("subscription group") + "usage: mqadmin updateSubGroupList -b <arg> | -c <arg>  -f <arg> [-h] [-n <arg>]\n"), usage
        assert told(c, "updateTopicList", "-b", b.addr, "-f", "none.json") == ""
        assert told(c, "updateTopicList", "-b", b.addr, "-f", "nowhere.json") == "the file path nowhere.json does not exists\n"
        with Connection(b.addr) as k:
            assert json.loads(k.call(352, dict(group="g1")).body)["retryMaxTimes"] == 3
            assert json.loads(k.call(351, dict(topic="L1")).body)["readQueueNums"] == 2
            refused = k.call(225, body=b'{"groupConfigList":[{"groupName":"g3"},{"groupName":"g4","attributes":{"+x":"1"}}]}')
            assert (refused.code, refused.remark) == (1, "unsupported key: x")
            assert b'"g3"' not in k.call(201).body, "a list is taken as a whole or not at all"

        mode = dict(topic="L1", consumerGroup="g1", mode="POP", popShareQueueNum=2)
        assert told(c, "setConsumeMode", "-b", b.addr, "-t", "L1", "-g", "g1", "-m", "POP", "-q", "2") == (
            f"set consume mode to {b.addr} success.\ntopic[L1] group[g1] consume mode[POP] popShareQueueNum[2]")
        assert "CODE: 17  DESC: topic[L9] not exist" in c.admin("setConsumeMode", "-b", b.addr, "-t", "L9", "-g", "g1", "-m", "PULL").stderr
        file = c.folder / "broker-a/store/config/messageRequestMode.json"
        b.term()
        assert json.loads(file.read_text()) == {"messageRequestModeMap": {"L1": {"g1": mode}}}
        b.start()
        told(c, "setConsumeMode", "-b", b.addr, "-t", "L2", "-g", "g2", "-m", "PULL")
        b.term()
        assert json.loads(file.read_text())["messageRequestModeMap"]["L1"] == {"g1": mode}, "what was set before a restart is kept"
        b.start()

        told(c, "updateColdDataFlowCtrGroupConfig", "-b", b.addr, "-g", "g1", "-v", "1000")
        told(c, "updateColdDataFlowCtrGroupConfig", "-b", b.addr, "-g", "g2", "-v", "2000")
        assert told(c, "removeColdDataFlowCtrGroupConfig", "-b", b.addr, "-g", "g2") == f"remove broker cold read threshold success, {b.addr}\n"
        shown = told(c, "getColdDataFlowCtrInfo", "-b", b.addr)
        assert shown.startswith(f" ============{b.addr}============\n{{\n\t\"globalAcc\":0,\n"), shown
        assert json.loads(shown.split("\n", 1)[1])["configTable"] == {"g1": 1000}
        assert told(c, "setCommitLogReadAheadMode", "-b", b.addr, "-m", "1").endswith("rstStrset commitlog readahead mode success, mode: 1\n")
        assert told(c, "setCommitLogReadAheadMode", "-b", b.addr, "-m", "2") == "set the read mode error; 0 is default, 1 random read\n"


def test_mqadmin_ha_and_exports(a):
    with Cluster(a.bin) as c:
        c.namesrv()
        brokers = [c.broker("broker-a"), c.broker("broker-b")]
        b = brokers[0]
        with Connection(b.addr) as k:
            assert k.wait(k.send_message("Exported", 0, b"x")).code == 0
        shown = told(c, "haStatus", "-b", b.addr)
        assert re.fullmatch(r"\n#MasterAddr\t" + b.addr + r"\n#MasterCommitLogMaxOffset\t[1-9]\d*\n#SlaveNum\t0\n#InSyncSlaveNum\t0\n#SlaveAddr .*#TransferFromWhere\n",
                            shown), shown
        assert "CODE: 1  DESC: this request only for controllerMode" in c.admin("getBrokerEpoch", "-n", c.servers[0].addr, "-b", "broker-a").stderr
        assert told(c, "resetMasterFlushOffset", "-b", b.addr, "-o", "7") == "reset master flush offset to 7 success\n"
        assert told(c, "deleteExpiredCommitLog", "-b", b.addr) == "success"
        for x in brokers:
            told(c, "updateTopic", "-b", x.addr, "-t", "Everywhere", "-r", "3", "-w", "2")
        assert told(c, "exportMetadata", "-c", "DefaultCluster", "-f", "out") == "export out/metadata.json success\n"
        data = json.loads((c.folder / "out/metadata.json").read_text())
        assert set(data["topicConfigTable"]) == {"Exported", "Everywhere"} and not data["subscriptionGroupTable"], data
        assert [data["topicConfigTable"]["Everywhere"][n] for n in ("readQueueNums", "writeQueueNums")] == [6, 4], data
        assert told(c, "exportConfigs", "-c", "DefaultCluster", "-f", "out") == "export out/configs.json success"
        configs = json.loads((c.folder / "out/configs.json").read_text())
        assert configs["clusterScale"] == dict(namesrvSize=1, masterBrokerSize=2, slaveBrokerSize=0) and set(configs["brokerConfigs"]) == {"broker-a", "broker-b"}
        assert configs["brokerConfigs"]["broker-b"]["brokerName"] == "broker-b", configs
        told(c, "exportMetrics", "-c", "DefaultCluster", "-f", "out")
        metrics = json.loads((c.folder / "out/metrics.json").read_text())
        assert metrics["evaluateReport"]["broker-a"]["runtimeQuota"]["topicSize"] == 2, metrics
        assert set(metrics["totalData"]) == {"totalTps", "totalOneDayNum"}, metrics
        assert told(c, "exportPopRecord", "-b", b.addr) == f"Export broker records, brokerName=broker-a, brokerAddr={b.addr}, dryRun=false\n"
        assert told(c, "rocksDBConfigToJson", "-c", "DefaultCluster").endswith("broker export done.")


def test_mqadmin_controllers_and_containers(a):
    """What is asked of servers that only Java has yet, against one that answers as the protocol says."""
    replica = dict(alive=True, brokerAddress="h:2", brokerId=2, brokerName="broker-a")
    info = dict(masterBrokerId=1, masterAddress="h:1", masterEpoch=3, syncStateSetEpoch=5, inSyncReplicas=[], notInSyncReplicas=[replica])
    answers = {
        1006: dict(body=json.dumps(dict(replicasInfoTable={"broker-a": info})).encode()),
        1002: dict(ext=dict(masterBrokerId=2, masterAddress="h:2", masterEpoch=4, syncStateSetEpoch=6),
                   body=b'{"brokerMemberGroup":{"brokerAddrs":{1:"h:1",2:"h:2"},"brokerName":"broker-a","cluster":"c"},"syncStateSet":[2]}'),
        1009: {}, 1011: {}, 902: {}, 903: dict(code=211, remark="no such broker"),
        1010: dict(body=b"a=1\nb=x\\:y\n"),
        1007: dict(body=b'{"brokerId":0,"brokerName":"broker-a","clusterName":"c","epochList":[{"endOffset":9,"epoch":1,"startOffset":0},'
                        b'{"endOffset":9223372036854775807,"epoch":2,"startOffset":9}],"maxOffset":50}'),
    }
    with Cluster(a.bin) as c, Scripted(answers) as s:
        answers[1005] = dict(ext=dict(group="g", controllerLeaderId="n0", controllerLeaderAddress=s.addr, isLeader="true", peers="n0:h:1;n1:h:2;"))
        answers[106] = dict(body=b'{"brokerAddrTable":{"broker-a":{"brokerAddrs":{0:"%s"},"brokerName":"broker-a","cluster":"c"}},'
                                 b'"clusterAddrTable":{"c":["broker-a"]}}' % s.addr.encode())
        at = ("-a", s.addr)

        def run(*words):
            done = c.admin(*words)
            assert done.returncode == 0, done
            return done.stdout if not done.stderr else done
        assert run("getControllerMetaData", *at) == ("\n#ControllerGroup\tg\n#ControllerLeaderId\tn0\n#ControllerLeaderAddress\t" + s.addr +
                                                     "\n#Peer:\tn0:h:1\n#Peer:\tn1:h:2\n")
        assert run("getControllerConfig", *at) == f"============{s.addr}============\n{'a':<50}=  1\n{'b':<50}=  x:y\n"
        assert run("updateControllerConfig", *at, "-k", "k", "-v", "v") == f"update controller config success![{s.addr}]\nk : v\n"
        assert s.seen[-1].body == b"k=v\n"
        assert run("getSyncStateSet", "-a", s.addr + ";other", "-b", "broker-a") == (
            "\n#brokerName\tbroker-a\n#MasterBrokerId\t1\n#MasterAddr\th:1\n#MasterEpoch\t3\n#SyncStateSetEpoch\t5\n#SyncStateSetNums\t0\n"
            "\nNotInSyncReplica:\tReplicaIdentity{brokerName='broker-a', brokerId=2, brokerAddress='h:2', alive=true}\n")
        assert json.loads(s.seen[-1].body) == ["broker-a"]
        assert run("electMaster", *at, "-b", "2", "-bn", "broker-a", "-c", "c") == (
            "\n#ClusterName\tc\n#BrokerName\tbroker-a\n#BrokerMasterAddr\th:2\n#MasterEpoch\t4\n#SyncStateSetEpoch\t6\n"
            "\t#Broker\t1\th:1\n\t#Broker\t2\th:2\n")
        asked = s.seen[-1].ext
        assert (asked["brokerId"], asked["designateElect"], asked["clusterName"]) == ("2", "true", "c"), asked
        assert run("cleanBrokerMetadata", *at, "-bn", "broker-a", "-c", "c", "-b", "1;2") == "clear broker broker-a metadata from controller success! \n"
        assert s.seen[-1].ext["brokerControllerIdsToClean"] == "1;2" and s.seen[-1].ext["isCleanLivingBroker"] == "false", s.seen[-1].ext
        assert "clusterName option can not be empty" in run("cleanBrokerMetadata", *at, "-bn", "broker-a").stderr
        assert run("getBrokerEpoch", "-n", s.addr, "-c", "c") == (
            f"\n#clusterName\tc\n#brokerName\tbroker-a\n#brokerAddr\t{s.addr}\n#brokerId\t0\n#Epoch: EpochEntry{{epoch=1, startOffset=0, endOffset=9}}"
            "\n#Epoch: EpochEntry{epoch=2, startOffset=9, endOffset=50}\n")
        assert run("addBroker", "-c", s.addr, "-b", "/x/broker.conf") == f"add broker to {s.addr} success\n"
        assert s.seen[-1].ext == {"configPath": "/x/broker.conf"}
        assert "CODE: 211  DESC: no such broker" in run("removeBroker", "-c", s.addr, "-b", "c:broker-a:1").stderr
        assert run("removeBroker", "-c", s.addr, "-b", "c:broker-a:-1") == "brokerId can't be negative\n"


def test_mqadmin_static_topics(a):
    """Two brokers that keep what they are told."""
    kept = {}

    def broker(name):
        def put(request):
            kept[name] = (request.ext, json.loads(re.sub(rb"([{,])(\d+):", rb'\1"\2":', request.body)), request.body)
            return {}

        def get(request):
            if name not in kept:
                return dict(code=17, remark="no topic")
            ext, _, mapping = kept[name]
            config = ('{"attributes":{},"mappingDetail":%s,"order":false,"perm":6,"readQueueNums":%s,"topicFilterType":"SINGLE_TAG","topicName":"%s",'
                      '"topicSysFlag":0,"writeQueueNums":%s}' % (mapping.decode(), ext["readQueueNums"], ext["topic"], ext["writeQueueNums"]))
            return dict(body=config.encode())

        def stats(request):
            rows = ",".join('{"brokerName":"%s","queueId":%d,"topic":"S"}:{"lastUpdateTimestamp":0,"maxOffset":123,"minOffset":0}' % (name, q) for q in range(4))
            return dict(body=('{"offsetTable":{%s}}' % rows).encode())
        return Scripted({513: put, 351: get, 202: stats})
    names = ("broker-a", "broker-b")
    with Cluster(a.bin) as c, broker(names[0]) as x, broker(names[1]) as y, Scripted({}) as ns:
        table = ",".join('"%s":{"brokerAddrs":{0:"%s"},"brokerName":"%s","cluster":"c"}' % (n, s.addr, n) for n, s in zip(names, (x, y)))
        ns.answers[106] = dict(body=('{"brokerAddrTable":{%s},"clusterAddrTable":{"c":["broker-a","broker-b"]}}' % table).encode())
        text = c.admin("updateStaticTopic", "-n", ns.addr, "-t", "S", "-qn", "4", "-c", "c").stdout
        assert re.fullmatch(r"The old mapping data is written to file /tmp/S-\d+\.before\nThe new mapping data is written to file /tmp/S-\d+\.after\n", text), text
        hosted = {n: kept[n][1]["hostedQueues"] for n in names}
        assert {n: len(h) for n, h in hosted.items()} == {"broker-a": 2, "broker-b": 2}, hosted
        assert sorted(q for h in hosted.values() for q in h) == ["0", "1", "2", "3"] and kept["broker-a"][0]["writeQueueNums"] == "2", kept

        text += c.admin("remappingStaticTopic", "-n", ns.addr, "-t", "S", "-b", "broker-b", check=True).stdout
        for path in re.findall(r"/tmp/S-\d+\.\w+", text):
            pathlib.Path(path).unlink()
        moved = [items for items in kept["broker-b"][1]["hostedQueues"].values() if len(items) == 2]
        assert len(moved) == 2 and kept["broker-b"][0]["writeQueueNums"] == "4", kept
        for former, now in moved:
            assert (former["bname"], now["bname"], now["gen"], now["logicOffset"]) == ("broker-a", "broker-b", 1, 10000), moved
        order = [s.seen[-1].code for s in (x, y)]
        assert order == [202, 513], "the old leader is asked how far it got, then the new one learns where it goes on"


def test_mqadmin_watch_and_completion(a):
    with Cluster(a.bin) as c:
        ns = c.namesrv()
        b = c.broker()
        # With bash's own compgen: what a user would be offered.
        script = c.admin("completion", "bash", check=True).stdout
        offer = '\nCOMP_WORDS=(mqadmin %s); COMP_CWORD=%d; _mqadmin; echo "${COMPREPLY[@]}"'

        def offered(*words):
            return subprocess.run(["bash", "-c", script + offer % (" ".join(f"'{w}'" for w in words), len(words))], capture_output=True, text=True, check=True).stdout.split()
        assert offered("topicR") == ["topicRoute"] and offered("help", "queryC") == ["queryCq"], (offered("topicR"), offered("help", "queryC"))
        assert offered("topicRoute", "--to") == ["--topic"] and "--watch" in offered("clusterList", "--w")
        process = subprocess.Popen([c.bin / "mqadmin", "clusterList", "-n", ns.addr, "--watch", "1"], stdout=subprocess.PIPE, text=True)
        lines = [process.stdout.readline() for _ in range(6)]
        process.kill()
        process.wait()
        assert [line[:8] for line in lines[:3]] == ["#Cluster", "DefaultC", "\n"] and lines[3] == lines[0] and b.addr in lines[4], lines
        assert c.admin("topicList", "-n", ns.addr, "--watch", "1").returncode == 1, "only where it is offered"


def test_mqadmin_json(a):
    with Cluster(a.bin) as c:
        ns = c.namesrv()
        b = c.broker()
        with Connection(b.addr) as k:
            for i in range(3):
                assert k.wait(k.send_message("Jason", 0, b"x", f"KEYS\x01k{i}\x02UNIQ_KEY\x01{i:032X}\x02")).code == 0

        def found(*words):
            return json.loads(told(c, *words, "--json"))
        [row] = found("clusterList")
        assert (row["brokerName"], row["addr"], row["active"]) == ("broker-a", b.addr, True), row
        assert "Jason" in found("topicList") and {"cluster": "DefaultCluster", "topic": "Jason", "group": ""} in found("topicList", "-c")
        assert {q["queueId"]: q["maxOffset"] for q in found("topicStatus", "-t", "Jason")}[0] == 3
        [config] = found("getBrokerConfig", "-b", b.addr)
        assert config["addr"] == b.addr and config["config"]["brokerName"] == "broker-a"
        assert found("getNamesrvConfig")[0]["config"]["listenPort"] == str(ns.port)
        assert found("brokerStatus", "-b", b.addr)[0]["runtime"]["brokerVersionDesc"] == "V5_3_3"
        assert found("haStatus", "-b", b.addr)[0]["status"]["master"] is True
        assert [m["msgId"] for m in found("queryMsgByKey", "-t", "Jason", "-k", "k1")] == [f"{1:032X}"]
        [stats] = [s for s in found("statsAll") if s["topic"] == "Jason"]
        assert stats["inMsg24Hour"] == 3 and stats["group"] == "", stats
        assert k and found("consumerProgress") == []
        failed = c.admin("topicStatus", "-n", ns.addr, "-t", "Nowhere", "--json")
        assert failed.stdout == "" and "No topic route info" in failed.stderr, failed
        assert "Unrecognized option: --json" in c.admin("updateTopic", "-n", ns.addr, "-b", b.addr, "-t", "X", "--json").stderr


def test_mqadmin_lists_and_exit_statuses_in_scripts(a):
    """A list of NameServers with commas or semicolons; failures end with 0 as of Java's tool, and with 1 when a script wants that."""
    with Cluster(a.bin) as c:
        first, second = c.namesrv(), c.namesrv()
        c.broker()
        c.wait_registered(second)
        dead = f"127.0.0.1:{free_port()}"

        def rows(names, env={}):
            c.admin_env = env
            done = c.admin("clusterList", *(["-n", names] if names else []))
            assert done.returncode == 0 and not done.stderr, done
            return [line.split()[:4] for line in done.stdout.splitlines()]

        one = rows(first.addr)
        assert len(one) == 2 and one[1][:2] == ["DefaultCluster", "broker-a"], one
        for names in (f"{first.addr},{second.addr}", f"{first.addr};{second.addr}", f" {first.addr} ; {second.addr};", f"{dead},{second.addr}", f"{dead};{second.addr}"):
            assert rows(names) == one, names
        assert rows("", {"NAMESRV_ADDR": f"{dead},{first.addr}"}) == one
        for strict in ("", "1"):
            c.admin_env = {"MERLINMQ_STRICT_EXIT": strict}
            done = c.admin("clusterList", "-n", dead)
            assert done.returncode == int(strict or 0) and "ClusterListSubCommand command failed" in done.stderr and dead not in done.stdout, done
            c.admin_env["NAMESRV_ADDR"] = ""
            done = c.admin("clusterList")
            assert done.returncode == int(strict or 0) and "give -n HOST:PORT, or set NAMESRV_ADDR" in done.stderr, done
            done = c.admin("topicRoute", "-n", first.addr, "-t", "NotThere")
            assert done.returncode == int(strict or 0) and "CODE: 17" in done.stderr and not done.stdout, done
            done = c.admin("topicStatus", "-n", first.addr, "-t", "NotThere", "-c", "NoCluster")   # -c names whose route is taken
            assert "for the topic: NoCluster" in done.stderr and not done.stdout, done
            done = c.admin("updateTopic", "-n", first.addr, "-c", "DefaultCluster", "-t", "NoPerm", "-p", "9")
            assert "CODE: 16  DESC: topicPermission value: 9 is invalid." in done.stderr and not done.stdout, done
            done = c.admin("clusterlits", "-n", first.addr)
            assert done.returncode == int(strict or 0) and done.stdout == "The sub command clusterlits not exist.\n", done
            done = c.admin("topicRoute", "-n", first.addr)
            assert done.returncode == 1 and done.stderr == "Missing required option: t\n" and done.stdout.startswith("usage: mqadmin topicRoute"), done


def test_mqadmin_failures_as_of_java(a):
    """mqadmin_failures.txt: missing options, wrong values, unknown names, servers that are away, permissions."""
    with Cluster(a.bin) as c:
        n = c.namesrv()
        brokers = [c.broker(name, **failures.CONF, **(failures.SECURED if name == failures.NAMES[-1] else {})) for name in failures.NAMES]

        def run(words):
            done = c.admin(*words)
            return done.returncode, done.stdout, done.stderr
        place = failures.Place(n.addr, [b.addr for b in brokers], c.folder / "files")
        failures.prepare(place, run)
        differ = [text for _, text in failures.check(place, run, ours=True) if text]
        assert not differ, "\n" + "\n".join(differ)


def test_mqadmin_json_of_every_reading_command(a):
    """Each command that offers --json prints an array; what the servers have must be in it."""
    with Cluster(a.bin) as c:
        ns = c.namesrv()
        b = c.broker()
        key = f"{1:032X}"
        with Connection(b.addr) as k, Connection(b.addr) as consumer:
            assert k.wait(k.send_message("Read", 0, b"x", f"KEYS\x01k1\x02UNIQ_KEY\x01{key}\x02TAGS\x01A\x02")).code == 0
            trace = "\x01".join(["Pub", "1700000000000", "r", "sender", "Read", key, "A", "k", "h", "6", "12", "0", "o", "true"]) + "\x02"
            assert k.wait(k.send_message("RMQ_SYS_TRACE_TOPIC", 0, trace.encode(), f"KEYS\x01{key}\x02")).code == 0
            heartbeat(consumer, "client-1", "read_group", "Read")
            deadline = time.monotonic() + 10
            while "client-1" not in c.admin("consumerConnection", "-n", ns.addr, "-g", "read_group").stdout or \
                    "Message Body Path" not in c.admin("queryMsgByUniqueKey", "-n", ns.addr, "-t", "Read", "-i", key).stdout:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            topic, broker, cluster, files = ["-t", "Read"], ["-b", b.addr], ["-c", "DefaultCluster"], ["-f", str(c.folder)]
            some = {"topicRoute": topic, "topicStatus": topic, "topicClusterList": topic, "brokerStatus": broker, "queryMsgById": [*topic, "-i", key],
                    "queryMsgByKey": [*topic, "-k", "k1"], "queryMsgByUniqueKey": [*topic, "-i", key], "queryMsgTraceById": ["-i", key],
                    "queryMsgByOffset": [*topic, "-b", "broker-a", "-i", "0", "-o", "0"], "printMsg": topic, "consumeMessage": topic,
                    "printMsgByQueue": [*topic, "-a", "broker-a", "-i", "0", "-f", "true"], "consumerConnection": ["-g", "read_group"],
                    "clusterList": [], "topicList": [], "statsAll": [], "consumerProgress": [], "allocateMQ": [*topic, "-i", "10.0.0.1"],
                    "getNamesrvConfig": [], "getBrokerConfig": broker, "getConsumerConfig": ["-g", "read_group"], "queryCq": [*topic, "-q", "0", "-i", "0"],
                    "exportMetadata": [*cluster, *files], "exportConfigs": [*cluster, *files], "exportMetrics": [*cluster, *files], "haStatus": broker}
            # Nothing is there to be told, or no server of this kind.
            none = {"brokerConsumeStats": broker, "producer": broker, "consumerStatus": ["-g", "read_group"], "getUser": [*broker, "-u", "x"], "listUser": broker,
                    "getAcl": [*broker, "-s", "User:x"], "listAcl": broker, "getColdDataFlowCtrInfo": broker, "producerConnection": ["-g", "p", *topic],
                    "getSyncStateSet": ["-a", "127.0.0.1:1", *cluster], "getBrokerEpoch": cluster, "getControllerMetaData": ["-a", "127.0.0.1:1"],
                    "getControllerConfig": ["-a", "127.0.0.1:1"], "dumpCompactionLog": [], "checkRocksdbCqWriteProgress": cluster,
                    "clusterAclConfigVersion": cluster, "getAclConfig": cluster, "storeCheck": ["-s", str(c.folder / "broker-a/store")], "doctor": []}
            script = c.admin("completion", "bash").stdout
            offered = [m[1] for m in re.finditer(r'^    (\w+)\) words=".* --json[ "]', script, re.M)]
            assert set(offered) == set(some) | set(none), set(offered) ^ (set(some) | set(none))
            for name in offered:
                done = c.admin(name, "-n", ns.addr, *(some.get(name) or none.get(name) or []), "--json") if name != "storeCheck" else \
                    c.admin(name, *none[name], "--json")
                if name in some:
                    assert not done.stderr and len(json.loads(done.stdout)) > 0, (name, done)
                else:
                    assert done.stdout == "" or json.loads(done.stdout) is not None, (name, done)   # a failure prints nothing here
            [message] = json.loads(told(c, "queryMsgById", "-t", "Read", "-i", key, "--json"))
            assert (message["msgId"], message["body"]) == (key, "x") and [t["consumerGroup"] for t in message["tracks"]] == ["read_group"], message
            [one] = json.loads(told(c, "printMsgByQueue", "-t", "Read", "-a", "broker-a", "-i", "0", "-p", "true", "--json"))
            assert "body" not in one and one["queueOffset"] == 0, one
