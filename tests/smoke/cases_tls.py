"""TLS and the PROXY protocol at real servers."""
import json
import os
import ssl
import time
import urllib.request

from cases_admin import heartbeat
from certificates import anyone, identity
from remoting import Connection
from servers import Cluster, free_port


def refused(addr, **how):
    try:
        with Connection(addr, **how) as k:
            k.call(105, dict(topic="TBW102"))
    except (OSError, EOFError, ConnectionError):
        return True
    return False


def over_tls(c, more=""):
    c.admin_env["JAVA_OPT"] = f"-Dtls.enable=true {more}"


def test_tls_beside_plain_connections(a):
    with Cluster(a.bin) as c:
        n = c.namesrv()
        b = c.broker()
        with Connection(b.addr) as plain, Connection(b.addr, tls=anyone()) as secret:
            for i in range(20):
                sender = (plain, secret)[i % 2]
                assert sender.wait(sender.send_message("Both", 0, b"%d" % i * 5000)).ext["queueOffset"] == str(i)
            for k in (plain, secret):
                assert k.call(30, dict(topic="Both", queueId=0)).ext["offset"] == "20"
        c.wait_registered(n)
        over_tls(c)
        c.wait_registered(n)


def test_tls_alone(a):
    """The mode from a configuration file, and as a Java server's start script has it; the broker dials the NameServer over TLS."""
    with Cluster(a.bin) as c:
        n = c.namesrv(**{"tls.server.mode": "enforcing"})
        os.environ["JAVA_OPT_EXT"] = "-Xmx1g -Dtls.server.mode=enforcing"
        try:
            b = c.broker()
        finally:
            del os.environ["JAVA_OPT_EXT"]
        over_tls(c)
        c.wait_registered(n)
        for addr in (n.addr, b.addr):
            assert refused(addr) and not refused(addr, tls=anyone())
        del c.admin_env["JAVA_OPT"]
        assert "broker-a" not in c.admin("clusterList", "-n", n.addr).stdout


def test_client_certificates(a):
    with Cluster(a.bin) as c:
        for who, signer in (("ca", None), ("server", "ca"), ("client", "ca"), ("stranger", None)):
            identity(c.folder, who, signer, "secret" if who == "server" else None)
        server = c.folder / "tls.properties"
        server.write_text(f"tls.test.mode.enable=false\ntls.server.keyPath={c.folder}/server.key\ntls.server.keyPassword=secret\n"
                          f"tls.server.certPath={c.folder}/server.pem\ntls.server.need.client.auth=require\ntls.server.authClient=true\n"
                          f"tls.server.trustCertPath={c.folder}/ca.pem\ntls.client.keyPath={c.folder}/client.key\ntls.client.certPath={c.folder}/client.pem\n"
                          f"tls.client.authServer=true\ntls.client.trustCertPath={c.folder}/ca.pem\n")
        conf = {"tls.server.mode": "enforcing", "tls.config.file": server}
        n = c.namesrv(**conf)
        b = c.broker(**conf)
        over_tls(c, f"-Dtls.config.file={server}")
        c.wait_registered(n)
        known, stranger = anyone(), anyone()
        known.load_cert_chain(c.folder / "client.pem", c.folder / "client.key")
        stranger.load_cert_chain(c.folder / "stranger.pem", c.folder / "stranger.key")
        assert not refused(b.addr, tls=known)
        assert refused(b.addr, tls=stranger) and refused(b.addr, tls=anyone()) and refused(b.addr)
        assert "secret" not in b.output() + n.output()


def test_certificates_are_renewed(a):
    with Cluster(a.bin) as c:
        identity(c.folder, "server")
        conf = {"tls.test.mode.enable": "false", "tls.server.certPath": c.folder / "server.pem", "tls.server.keyPath": c.folder / "server.key"}
        n = c.namesrv(**conf)
        b = c.broker(**conf)

        def shown(addr):
            with Connection(addr, tls=anyone()) as k:
                return k.socket.getpeercert(True)
        with Connection(b.addr, tls=anyone()) as old:
            before = old.socket.getpeercert(True)
            time.sleep(0.1)
            identity(c.folder, "server")
            end = time.monotonic() + 20
            while before in (shown(b.addr), shown(n.addr)):
                assert time.monotonic() < end, "the old certificate is still shown"
                time.sleep(0.2)
            assert shown(b.addr) == shown(n.addr) == ssl.PEM_cert_to_DER_cert((c.folder / "server.pem").read_text())
            assert old.wait(old.send_message("Still", 0, b"here")).code == 0


def test_a_certificate_that_ends_is_told(a):
    with Cluster(a.bin) as c:
        identity(c.folder, "server", days=9)
        ports = free_port(), free_port()
        conf = {"tls.test.mode.enable": "false", "tls.server.certPath": c.folder / "server.pem", "tls.server.keyPath": c.folder / "server.key"}
        n = c.namesrv(**conf, httpPort=ports[0], logTo="both")
        b = c.broker(**conf, httpPort=ports[1])
        c.wait_registered(n)
        for port in ports:
            text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()
            ends = [float(line.split()[-1]) for line in text.splitlines() if line.startswith("merlinmq_tls_certificate_not_after_seconds")]
            assert len(ends) == 1 and 8.9 < (ends[0] - time.time()) / 86400 < 9.1, ends
        found = json.loads(c.admin("doctor", "--json", "-n", n.addr).stdout)
        assert len([f for f in found if f["check"] == "tls" and f["severity"] == "WARNING" and "ends in 8 days" in f["cause"]]) == 2, found
        deadline = time.monotonic() + 10
        while (said := n.output()).count("the TLS certificate (tls.server.certPath) ends in 8 days") != 1:
            assert time.monotonic() < deadline, said
            time.sleep(0.1)
        del b


def test_unusable_certificates(a):
    """Enforcing mode stops with the cause; permissive goes on without TLS and says so."""
    with Cluster(a.bin) as c:
        conf = {"tls.test.mode.enable": "false", "tls.server.certPath": "/nowhere.pem", "tls.server.keyPath": "/nowhere.key"}
        n = c.namesrv(**conf)
        assert refused(n.addr, tls=anyone()) and not refused(n.addr)
        ends = time.monotonic() + 5   # the log is written behind
        while "tls.server.certPath=/nowhere.pem" not in n.output():
            assert time.monotonic() < ends, n.output()
            time.sleep(0.05)
        loud = c.namesrv(**conf, logTo="stdout")
        while (said := loud.output()).count("tls.server.certPath=/nowhere.pem") == 0:
            assert time.monotonic() < ends, said
            time.sleep(0.05)
        assert said.count("tls.server.certPath=/nowhere.pem") == 1, said   # the log is on standard output: it says it alone
        b = c.broker(start=False, **conf, **{"tls.server.mode": "enforcing"})
        b.start(wait=False)
        assert b.process.wait(20) != 0
        assert "tls.server.certPath=/nowhere.pem" in b.output(), b.output()


def test_a_proxy_header_names_the_client(a):
    with Cluster(a.bin) as c:
        c.namesrv()
        b = c.broker()
        header = b"PROXY TCP4 10.1.1.1 10.1.1.2 4321 10911\r\n"
        with Connection(b.addr, preamble=header) as plain, Connection(b.addr, preamble=header.replace(b"4321", b"4322"), tls=anyone()) as secret:
            for k, client in ((plain, "one"), (secret, "two")):
                heartbeat(k, client, "group", "Proxied")
            seen = json.loads(plain.call(203, dict(consumerGroup="group")).body)["connectionSet"]
            assert {s["clientId"]: s["clientAddr"] for s in seen} == {"one": "10.1.1.1:4321", "two": "10.1.1.1:4322"}, seen
        assert refused(b.addr, preamble=b"PROXY TCP4 10.1.1.1 10.1.1.2 0 10911\r\n")
