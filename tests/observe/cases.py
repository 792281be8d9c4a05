"""/metrics as Prometheus reads it, health as an orchestrator asks for it, /state."""
import json
import time
import urllib.error
import urllib.request

from cases_admin import heartbeat
from prometheus_client.parser import text_string_to_metric_families
from remoting import Connection
from servers import Cluster, free_port

HEADERS_OF_PULL = dict(consumerGroup="g1", topic="T", queueId=0, queueOffset=0, maxMsgNums=32, sysFlag=4, commitOffset=0, suspendTimeoutMillis=0,
                       subscription="*", subVersion=0)


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as r:
            return r.status, r.read().decode(), r.headers
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode(), e.headers


def started(port):
    """Waits until all of the server is there: clients are served a moment before."""
    until = time.monotonic() + 5
    while get(port, "/startupz")[0] == 503 and time.monotonic() < until:
        time.sleep(0.02)


def metrics(port):
    """{name: [(labels, value)]} of all samples; fails on what the library cannot read and on a family that comes twice."""
    started(port)
    status, text, headers = get(port, "/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4"), (status, headers)
    found, families = {}, set()
    for family in text_string_to_metric_families(text):
        assert family.name not in families, f"{family.name} comes twice"
        assert family.type in ("gauge", "counter", "histogram"), family
        families.add(family.name)
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def value(found, name, **labels):
    fitting = [v for have, v in found.get(name, []) if labels.items() <= have.items()]
    assert len(fitting) == 1, f"{name} {labels}: {found.get(name)}"
    return fitting[0]


def test_metrics_of_a_loaded_broker(binaries):
    with Cluster(binaries) as c:
        c.namesrv()
        port = free_port()
        b = c.broker(httpPort=port)
        with Connection(b.addr) as k:
            for i in range(50):
                assert k.wait(k.send_message("T", i % 2, b"x" * 2000, "TAGS\x01t\x02")).code == 0
            assert k.call(11, HEADERS_OF_PULL).code == 0
            assert k.call(15, dict(consumerGroup="g1", topic="T", queueId=0, commitOffset=5)).code == 0
        found = metrics(port)
        assert value(found, "rocketmq_messages_in_total", topic="T", message_type="normal", cluster="DefaultCluster", node_id="broker-a") == 50
        assert value(found, "rocketmq_throughput_in_total", topic="T") > 100_000
        assert value(found, "rocketmq_message_size_bucket", topic="T", le="4096.0") == 50
        assert value(found, "rocketmq_message_size_bucket", topic="T", le="1024.0") == 0
        assert value(found, "rocketmq_messages_out_total", topic="T", consumer_group="g1") == 25
        assert value(found, "rocketmq_consumer_lag_messages", topic="T", consumer_group="g1") == 45
        assert value(found, "merlinmq_consumer_queue_lag_messages", topic="T", consumer_group="g1", queue_id="0") == 20
        assert value(found, "rocketmq_consumer_inflight_messages", topic="T", consumer_group="g1") == 20
        assert value(found, "rocketmq_consumer_lag_latency_milliseconds", topic="T", consumer_group="g1") > 0
        assert value(found, "rocketmq_rpc_latency_milliseconds_count", request_code="send_message_v2") == 50 or \
            value(found, "rocketmq_rpc_latency_milliseconds_count", request_code="send_message") == 50
        assert value(found, "rocketmq_producer_offset", topic="T", broker="broker-a") == 50
        assert value(found, "rocketmq_group_diff", topic="T", group="g1") == 45
        assert value(found, "rocketmq_brokeruntime_putmessage_times_total") == 50
        assert value(found, "rocketmq_consumer_queueing_latency_milliseconds", topic="T", consumer_group="g1") >= 0
        assert value(found, "rocketmq_storage_message_reserve_time_milliseconds") > 0
        assert value(found, "rocketmq_brokeruntime_earliest_message_timestamp") > 1.6e12
        assert {f"rocketmq_brokeruntime_{n}_tps{s}" for n in ("put", "getfound", "getmiss", "gettotal", "gettransfered") for s in (10, 60, 600)} <= set(found)
        assert value(found, "merlinmq_put_latency_milliseconds_count") == 50
        assert value(found, "merlinmq_registered_nameservers") == 1
        assert value(found, "merlinmq_store_writable") == 1
        assert value(found, "merlinmq_metrics_dropped_series") == 0


def test_rates_are_those_of_the_last_ten_seconds(binaries):
    with Cluster(binaries) as c:
        port = free_port()
        b = c.broker(httpPort=port)
        with Connection(b.addr) as k:
            k.wait(k.send_message("T", 0, b"x"))
            metrics(port)
            for _ in range(100):
                k.wait(k.send_message("T", 0, b"x"))
            time.sleep(10.2)
            assert 5 < value(metrics(port), "rocketmq_producer_tps", topic="T") < 11


def test_cardinality_is_bounded(binaries):
    with Cluster(binaries) as c:
        port = free_port()
        b = c.broker(httpPort=port, metricsMaxSeries=20)
        with Connection(b.addr) as k:
            for i in range(100):
                assert k.wait(k.send_message(f"T{i}", 0, b"x")).code == 0
        found = metrics(port)
        assert len(found["rocketmq_producer_offset"]) == 20
        assert value(found, "merlinmq_metrics_dropped_series") > 80


def three_scrapes(broker, port):
    """(least seconds, the least of the processor's work, the last text). The work is told in turns of a loop of this interpreter, counted beside
    each scrape: a processor that others use gives both less in a second."""
    times, work = [], []
    for _ in range(3):
        started, before = time.monotonic(), broker.cpu_seconds()
        status, text, _ = get(port, "/metrics")
        times.append(time.monotonic() - started)
        work.append((broker.cpu_seconds() - before) / turn_seconds())
        assert status == 200
    return min(times), min(work), text


def turn_seconds():
    """Processor time of adding a million numbers up."""
    began, total = time.process_time(), 0
    for i in range(1_000_000):
        total += i
    return time.process_time() - began


def test_a_scrape_of_ten_thousand_topics(binaries):
    with Cluster(binaries) as c:
        port = free_port()
        b = c.broker(httpPort=port, defaultTopicQueueNums=8)
        with Connection(b.addr, timeout=120) as k:
            waiting = []
            for i in range(10_000):
                waiting.append(k.send_message(f"topic-with-a-usual-name-{i}", i % 4, b"x" * 100))
                if len(waiting) == 200:
                    assert all(k.wait(w).code == 0 for w in waiting)
                    waiting = []
        seconds, work, text = three_scrapes(b, port)
        print(f"    10,000 topics: {seconds * 1000:.0f} ms, {work:.1f} turns of work, {len(text) / 1e6:.1f} MB")
        assert work < 3 and seconds < 3 and len(text) < 20e6, (seconds, work, len(text))


def beat_of(groups):
    """A heartbeat of one client; groups: name -> message model."""
    return json.dumps({"clientID": "c1", "producerDataSet": [], "consumerDataSet": [
        {"groupName": g, "consumeType": "CONSUME_PASSIVELY", "messageModel": model, "consumeFromWhere": "CONSUME_FROM_LAST_OFFSET", "unitMode": False,
         "subscriptionDataSet": [{"topic": "T", "subString": "*", "subVersion": 1, "tagsSet": [], "codeSet": [], "classFilterMode": False,
                                  "expressionType": "TAG"}]} for g, model in groups.items()]}).encode()


def test_one_bad_group_hides_no_other_of_ten_thousand(binaries):
    with Cluster(binaries) as c:
        port = free_port()
        b = c.broker(httpPort=port)
        names = [f"group-{i}" for i in range(10_000)]
        with Connection(b.addr, timeout=120) as k:
            for topic in ("T", "Gone"):
                assert k.wait(k.send_message(topic, 0, b"x")).code == 0
            for i in range(0, len(names), 500):
                assert k.call(34, {}, beat_of(dict.fromkeys(names[i:i + 500], "CLUSTERING"))).code == 0
            for name in names:
                assert k.call(15, dict(consumerGroup=name, topic="T", queueId=0, commitOffset=0)).code == 0
            assert k.call(15, dict(consumerGroup=names[0], topic="Gone", queueId=0, commitOffset=0)).code == 0
            assert k.call(215, dict(topic="Gone")).code == 0   # the message that the group was to read is not there any more
        seconds, work, _ = three_scrapes(b, port)
        print(f"    10,000 groups: {seconds * 1000:.0f} ms, {work:.1f} turns of work")
        assert work < 10 and seconds < 5, (seconds, work)
        found = metrics(port)
        lags = {labels["consumer_group"]: amount for labels, amount in found["rocketmq_consumer_lag_messages"] if labels["topic"] == "T"}
        assert set(lags) == set(names) and set(lags.values()) == {1}, len(lags)


def test_groups_that_broadcast_have_no_lag(binaries):
    with Cluster(binaries) as c:
        port = free_port()
        b = c.broker(httpPort=port)
        with Connection(b.addr) as k:
            assert k.wait(k.send_message("T", 0, b"x")).code == 0
            assert k.call(34, {}, beat_of({"shout": "BROADCASTING", "share": "CLUSTERING"})).code == 0
            for group in ("shout", "share"):
                assert k.call(15, dict(consumerGroup=group, topic="T", queueId=0, commitOffset=0)).code == 0
            found = metrics(port)
            groups = {labels["consumer_group"] for labels, _ in found["rocketmq_consumer_lag_messages"]}
            assert groups == {"share"}, groups
            assert value(found, "rocketmq_consumer_connections", consumer_group="shout", consume_mode="broadcasting", language="JAVA") == 1


def test_a_group_whose_consumers_subscribe_differently_is_told(binaries):
    with Cluster(binaries) as c:
        port = free_port()
        b = c.broker(httpPort=port)
        with Connection(b.addr) as one:
            heartbeat(one, "one", "same", "T", subString="A")
            heartbeat(one, "one", "mixed", "T", subString="A")
            with Connection(b.addr) as two:
                heartbeat(two, "two", "same", "T", subString="A")
                heartbeat(two, "two", "mixed", "T", subString="B", subVersion=2)
                found = metrics(port)["merlinmq_consumer_subscriptions_differ"]
                assert [(labels["consumer_group"], n) for labels, n in found] == [("mixed", 1)], found
            deadline = time.monotonic() + 5
            while "merlinmq_consumer_subscriptions_differ" in metrics(port):
                assert time.monotonic() < deadline, "consumer two is gone"
                time.sleep(0.05)


def test_health_of_a_broker(binaries):
    with Cluster(binaries) as c:
        port = free_port()
        names = c.namesrv()
        c.broker(httpPort=port)
        deadline = time.monotonic() + 5
        while get(port, "/health/ready")[0] != 200 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert get(port, "/health/ready")[:2] == (200, "ready\n")
        assert get(port, "/health/live")[0] == get(port, "/startupz")[0] == 200
        assert get(port, "/nothing")[0] == 404
        names.term()
        other = free_port()
        lonely = c.broker("broker-b", httpPort=other, namesrvAddr=names.addr)
        assert lonely.process.poll() is None
        assert get(other, "/health/live")[0] == 200
        deadline = time.monotonic() + 5
        status, why, _ = get(other, "/health/ready")
        while "NameServer" not in why and time.monotonic() < deadline:
            time.sleep(0.05)
            status, why, _ = get(other, "/health/ready")
        assert status == 503 and "NameServer" in why, (status, why)


def test_state_is_json(binaries):
    with Cluster(binaries) as c:
        port = free_port()
        b = c.broker(httpPort=port)
        with Connection(b.addr) as k:
            assert k.wait(k.send_message("T", 0, b"x")).code == 0
        started(port)
        state = json.loads(get(port, "/state")[1])
        assert state["brokerName"] == "broker-a" and state["writable"] is True
        assert {"topic": "T", "maxOffset": 1} .items() <= next(t for t in state["topics"] if t["topic"] == "T").items()


def test_health_and_metrics_of_a_nameserver(binaries):
    with Cluster(binaries) as c:
        port = free_port()
        c.namesrv(httpPort=port)
        c.broker()
        assert get(port, "/health/live")[0] == get(port, "/health/ready")[0] == 200
        deadline = time.monotonic() + 5
        while value(metrics(port), "merlinmq_namesrv_brokers") != 1 and time.monotonic() < deadline:
            time.sleep(0.05)
        found = metrics(port)
        assert value(found, "merlinmq_namesrv_brokers") == 1 and value(found, "merlinmq_namesrv_topics") > 1
        assert value(found, "rocketmq_rpc_latency_milliseconds_count", request_code="register_broker") >= 1


def test_the_port_is_off_by_default_and_survives_nonsense(binaries):
    import socket
    with Cluster(binaries) as c:
        port = free_port()
        c.broker(httpPort=port)
        for junk in (b"\x16\x03\x01\x00\xff", b"POST /metrics HTTP/1.1\r\n\r\n", b"GET nothing\r\n\r\n", b"a" * 20000, b"GET / HTTP/1.1\r\n"):
            with socket.create_connection(("127.0.0.1", port), 5) as s:
                try:
                    s.sendall(junk)
                except OSError:
                    pass
        assert get(port, "/health/live")[0] == 200


def test_the_exporter_settings_of_rocketmq_open_its_port(binaries):
    with Cluster(binaries) as c:
        port = free_port()
        c.broker(metricsExporterType="PROM", metricsPromExporterPort=port)
        assert value(metrics(port), "rocketmq_broker_permission") == 6


def test_a_draining_broker_serves_on(binaries):
    import signal
    with Cluster(binaries) as c:
        port = free_port()
        names = c.namesrv()
        b = c.broker(httpPort=port, drainSeconds=30)
        with Connection(names.addr) as ns, Connection(b.addr) as k:
            deadline = time.monotonic() + 5
            while b"broker-a" not in ns.call(106).body and time.monotonic() < deadline:
                time.sleep(0.02)
            b.process.send_signal(signal.SIGTERM)
            deadline = time.monotonic() + 5
            while b"broker-a" in ns.call(106).body:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            assert get(port, "/health/ready")[:2] == (503, "stopping\n") and get(port, "/health/live")[0] == 200
            assert k.wait(k.send_message("T", 0, b"late")).code == 0
            assert b.process.poll() is None
            assert b.term() == 0      # the second signal
