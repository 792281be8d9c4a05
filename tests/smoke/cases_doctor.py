"""mqadmin doctor on servers of ours with something wrong."""
import json

from servers import Cluster, free_port
from remoting import Connection


def findings(c, *words):
    done = c.admin("doctor", "--json", *words)
    assert not done.stderr, done
    return done.returncode, json.loads(done.stdout)


def of(found, check, *parts):
    """Whether there is a finding of the check whose name and cause have these parts."""
    return [f for f in found if f["check"] == check and all(p in f["name"] + ": " + f["cause"] for p in parts)]


def test_doctor_on_a_cluster_that_is_well(a):
    with Cluster(a.bin) as c:
        ns, b = c.namesrv(), c.broker()
        c.wait_registered(ns)
        status, found = findings(c, "-n", ns.addr, "--expect", "broker-a")
        found = [f for f in found if f["check"] not in ("limits", "disk")]   # this machine's own
        assert found == [], found
        text = c.admin("doctor", "-n", ns.addr).stdout
        assert text.splitlines()[-1].startswith("1 NameServers, 1 brokers, ") and text.endswith(" 0 unknown\n"), text
        del b


def test_doctor_finds_what_is_wrong(a):
    with Cluster(a.bin) as c:
        first, second = c.namesrv(), c.namesrv()
        names = f"{first.addr};{second.addr}"
        c.broker("broker-a", flushDiskTyp="SYNC_FLUSH", fileReservedTime="168 ")
        c.broker("broker-b", namesrvAddr=first.addr)                                          # one NameServer lacks it
        lost = c.broker("broker-c", brokerIP1="127.0.0.1", advertisedPort=free_port(), fileReservedTime="168")   # nobody is there
        with Connection(lost.addr) as k:
            assert k.wait(k.send_message("Orphaned", 0, b"x")).code == 0
        c.wait_registered(first, "broker-a", "broker-b", "broker-c")
        status, found = findings(c, "-n", names, "--expect", "broker-a,broker-z")
        assert status == 2, found
        assert [f["severity"] for f in of(found, "views", f"NameServer {second.addr}", "does not know broker-b")] == ["ERROR"], found
        assert [f["severity"] for f in of(found, "address", "broker-c (", "no connection from here")] == ["ERROR"], found
        assert of(found, "config", "broker-a (", "flushDiskTyp: no such key is known", "is flushDiskType meant?"), found
        assert of(found, "config", "broker-a (", "fileReservedTime: blanks"), found     # only the server knows what its file said
        assert of(found, "config", "DefaultCluster", "differ in fileReservedTime"), found
        assert of(found, "brokers", "broker-z", "no NameServer knows"), found
        assert all(f["cause"] and f["todo"] for f in found), found
        text = c.admin("doctor", "-n", names).stdout
        assert text.startswith("ERROR    ") and "         to do: " in text, text


def test_doctor_without_a_cluster(a):
    with Cluster(a.bin) as c:
        nobody = f"127.0.0.1:{free_port()}"
        status, found = findings(c, "-n", nobody)
        assert status == 2 and of(found, "address", "NameServer " + nobody), found
        done = c.admin("doctor", "-n", "")
        assert done.returncode == 3 and not done.stdout and "no NameServer is named" in done.stderr, done
