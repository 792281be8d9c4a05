"""Access control (ACL 2.0) of real processes, with mqadmin signing from tools.yml."""
import base64
import hashlib
import hmac
import os
import pathlib
import subprocess
import time

from remoting import Connection
from servers import Cluster

INIT = '{"username":"root","password":"rootpass1"}'
INNER = '{"accessKey":"inner","secretKey":"innerpass1"}'
ON = dict(authenticationEnabled="true", authorizationEnabled="true", initAuthenticationUser=INIT, innerClientAuthenticationCredentials=INNER)


def signed(fields, user, secret, body=b""):
    f = {k: str(v) for k, v in fields.items()} | {"AccessKey": user}
    content = "".join(f[k] for k in sorted(f)).encode() + body
    return f | {"Signature": base64.b64encode(hmac.new(secret.encode(), content, hashlib.sha1).digest()).decode()}


def admin_as(c, user, secret, *words):
    """mqadmin with ROCKETMQ_HOME/conf/tools.yml of this user; None: without the file."""
    home = c.folder / f"home-{user}"
    (home / "conf").mkdir(parents=True, exist_ok=True)
    if user:
        (home / "conf/tools.yml").write_text(f"accessKey: {user}\nsecretKey: {secret}   # a comment\n")
    return subprocess.run([c.bin / "mqadmin", *words], capture_output=True, text=True, timeout=60, env=os.environ | {"ROCKETMQ_HOME": str(home)})


def log_of(server):
    return "".join(p.read_text(errors="replace") for p in pathlib.Path(server.folder / server.name).rglob("*.log"))


def test_acl_mqadmin_signs_and_users_do_what_policies_say(a):
    with Cluster(a.bin) as c:
        n = c.namesrv(**ON)
        b = c.broker(**ON)

        def root(*words):
            done = admin_as(c, "root", "rootpass1", *words)
            assert not done.stderr, done
            return done.stdout

        assert "CODE: 16  DESC: username cannot be null." in admin_as(c, None, "", "clusterList", "-n", n.addr).stderr
        assert "CODE: 16  DESC: check signature failed." in admin_as(c, "root", "wrong", "listUser", "-b", b.addr).stderr
        assert "broker-a" in root("clusterList", "-n", n.addr)   # so the broker's own registration was let in
        assert root("createUser", "-n", n.addr, "-c", "DefaultCluster", "-u", "alice", "-p", "alicepass") == f"create user to {b.addr} success.\n"
        assert root("createUser", "-b", n.addr, "-u", "alice", "-p", "alicepass") == f"create user to {n.addr} success.\n"   # ours: a NameServer has users
        root("updateTopic", "-n", n.addr, "-c", "DefaultCluster", "-t", "Guarded")
        root("createAcl", "-n", n.addr, "-c", "DefaultCluster", "-s", "User:alice", "-r", "Topic:Guarded", "-a", "Pub", "-d", "Allow", "-i", "127.0.0.0/8")
        with Connection(b.addr) as k:
            send = {"a": "g", "b": "Guarded", "c": "TBW102", "d": 4, "e": 0, "f": 0, "g": 1, "h": 0, "i": "", "j": 0, "k": "false", "m": "false"}
            assert k.call(310, signed(send, "alice", "alicepass", b"x"), b"x").code == 0
            refused = k.call(310, signed(send | {"b": "Other"}, "alice", "alicepass", b"x"), b"x")
            assert (refused.code, refused.remark) == (16, "User:alice has no permission to access Topic:Other from 127.0.0.1, no matched policies.")
            # What access control stands on is not for requests to change, nor to read.
            for user, secret in (("alice", "alicepass"), ("root", "rootpass1")):
                body = b"authenticationEnabled=false\n"
                assert k.call(25, signed({}, user, secret, body), body).code == 16
            shown = k.call(26, signed({}, "alice", "alicepass")).body.decode()
            assert "initAuthenticationUser=******\n" in shown and "rootpass1" not in shown, shown
        deadline = time.monotonic() + 5   # lines are written behind
        while "entries names this resource" not in (log := log_of(b)):
            assert time.monotonic() < deadline, log
            time.sleep(0.05)
        assert "no permission to access Topic:Other" in log, log
        assert not any(secret in log for secret in ("rootpass1", "innerpass1", "alicepass")), log


def test_acl_survives_kill_9_and_a_changed_configuration_keeps_its_secrets(a):
    with Cluster(a.bin) as c:
        c.namesrv()
        b = c.broker(**ON)
        assert "success" in admin_as(c, "root", "rootpass1", "createUser", "-b", b.addr, "-u", "bob", "-p", "bobpass12").stdout
        b.kill()
        b.start()
        with Connection(b.addr) as k:
            assert k.call(26, signed({}, "bob", "bobpass12")).code == 0
            assert k.call(26, signed({}, "bob", "bobpass13")).code == 16
            body = b"fileReservedTime=48\ninitAuthenticationUser=******\n"
            assert k.call(25, signed({}, "root", "rootpass1", body), body).code == 16   # a locked key among others
            body = b"fileReservedTime=48\n"
            assert k.call(25, signed({}, "root", "rootpass1", body), body).code == 0
        b.term()
        assert "fileReservedTime=48" in b.conf.read_text() and "rootpass1" in b.conf.read_text()
        assert b.conf.stat().st_mode & 0o777 == 0o600


def home_of_accounts(c):
    """A rocketmqHome with one administrator, and its plain_acl.yml."""
    home = c.folder / "home"
    (home / "conf/acl").mkdir(parents=True)
    plain = home / "conf/plain_acl.yml"
    plain.write_text("accounts:\n- accessKey: rootkey\n  secretKey: 12345678\n  admin: true\n")
    return home, plain


def test_acl_of_4x_reads_plain_acl_yml_and_reads_it_again(a):
    with Cluster(a.bin) as c:
        home, plain = home_of_accounts(c)
        (home / "conf/acl/app.yml").write_text("accounts:\n- accessKey: appkey1\n  secretKey: appsecret\n  defaultTopicPerm: DENY\n  defaultGroupPerm: SUB\n"
                                               "  topicPerms: [ Mine=PUB|SUB ]\n")
        n = c.namesrv()
        b = c.broker(aclEnable="true", rocketmqHome=home)

        def root(*words):
            return admin_as(c, "rootkey", "12345678", *words)

        send = {"a": "g", "b": "Mine", "c": "TBW102", "d": 4, "e": 0, "f": 0, "g": 1, "h": 0, "i": "", "j": 0, "k": "false", "m": "false"}
        exception = "org.apache.rocketmq.acl.common.AclException: "
        with Connection(b.addr) as k:
            def app(code, fields, body=b"", secret="appsecret"):
                r = k.call(code, signed(fields, "appkey1", secret, body), body)
                return r.code, r.remark
            topic = {"topic": "Mine", "defaultTopic": "TBW102", "readQueueNums": 1, "writeQueueNums": 1, "perm": 6, "topicFilterType": "SINGLE_TAG", "order": "false"}
            assert app(17, topic) == (1, exception + "Need admin permission for request code=17, but accessKey=appkey1 is not")
            assert not root("updateTopic", "-n", n.addr, "-b", b.addr, "-t", "Mine").stderr
            assert app(310, send, b"x")[0] == 0
            assert app(310, send, b"x", "appsecre") == (1, exception + "Check signature failed for accessKey=appkey1")
            assert app(310, send | {"b": "Other"}, b"x") == (1, exception + "No default permission for topic:Other")
            assert app(11, {"topic": "Mine", "consumerGroup": "g", "queueId": 0, "queueOffset": 0, "maxMsgNums": 1, "sysFlag": 0, "commitOffset": 0,
                            "suspendTimeoutMillis": 0, "subVersion": 0, "subscription": "*", "expressionType": "TAG"})[0] in (0, 19, 24)
            nobody = k.call(310, send, b"x")
            assert (nobody.code, nobody.remark) == (1, exception + "No accessKey is configured")
            assert k.call(310, signed(send, "ghost77", "whatever1", b"x"), b"x").remark == exception + "No acl config for ghost77"
            # Changed by hand: taken within some seconds.
            (home / "conf/acl/app.yml").write_text("accounts:\n- accessKey: appkey1\n  secretKey: appsecret\n  defaultTopicPerm: PUB\n")
            deadline = time.monotonic() + 12
            while app(310, send | {"b": "Mine"}, b"x")[0] != 0 or app(36, {"group": "g", "offset": 0, "delayLevel": 0})[1] != exception + "No default permission for group:g":
                assert time.monotonic() < deadline
                time.sleep(0.2)
            # Changed by request.
            change = {"accessKey": "newkey1", "secretKey": "newsecret", "admin": "false", "defaultTopicPerm": "PUB", "topicPerms": "A=DENY,B=SUB"}
            assert k.call(50, signed(change, "rootkey", "12345678")).code == 0
            assert k.call(310, signed(send, "newkey1", "newsecret", b"x"), b"x").code == 0
            assert k.call(310, signed(send | {"b": "A"}, "newkey1", "newsecret", b"x"), b"x").remark == exception + "No permission for topic:A"
            short = k.call(50, signed(change | {"secretKey": "short"}, "rootkey", "12345678"))
            assert (short.code, short.remark) == (209, "The accessKey=newkey1 and secretKey=****** cannot be null and length should longer than 6")
            gone = k.call(51, signed({"accessKey": "nobody1"}, "rootkey", "12345678"))
            assert (gone.code, gone.remark) == (210, "The accessKey[nobody1] corresponding to accessConfig has been deleted failed.")
            version = k.call(52, signed({}, "rootkey", "12345678")).ext
            assert version["brokerName"] == "broker-a" and '"counter":1' in version["version"] and "app.yml" in version["allAclFileVersion"], version
            assert k.call(51, signed({"accessKey": "newkey1"}, "rootkey", "12345678")).code == 0
            assert k.call(310, signed(send, "newkey1", "newsecret", b"x"), b"x").remark == exception + "No acl config for newkey1"
            assert b'"******"' in k.call(54, signed({}, "rootkey", "12345678")).body
            assert k.call(53, signed({"globalWhiteAddrs": "127.0.0.1,10.1.1.1"}, "rootkey", "12345678")).code == 0
            assert k.call(310, send, b"x").code == 0   # a white address signs nothing
            (home / "conf/acl/app.yml").unlink()
            deadline = time.monotonic() + 12
            while "app.yml is gone: its 1 accounts do not count any more" not in log_of(b):
                assert time.monotonic() < deadline
                time.sleep(0.2)
        assert "secretKey: 12345678" in plain.read_text() and plain.with_name("plain_acl.yml.bak").exists()
        plain.write_text("accounts: [\n")
        time.sleep(6)
        with Connection(b.addr) as k:
            assert k.call(310, send, b"x").code == 0   # a file that cannot be read changes nothing
        b.term()
        b.start(wait=False)
        assert b.process.wait(20) != 0 and "plain_acl.yml" in b.output()


ORDER_APP = """globalWhiteRemoteAddresses:
- 10.20.30.*
- 192.168.7.*
accounts:
- accessKey: orderApp
  secretKey: 87654321
  whiteRemoteAddress:
  admin: false
  defaultTopicPerm: DENY
  defaultGroupPerm: SUB
  topicPerms:
  - orders=PUB|SUB
  - audit=SUB
  groupPerms:
  - orders-group=SUB
- accessKey: superuser
  secretKey: "12345678"
  whiteRemoteAddress: 192.168.1.*
  admin: true
"""


def test_acl_of_4x_forms_of_the_file(a):
    """Numbers as secrets, a bare star, a missing secret; no text of the broker has a secret, whatever happens."""
    with Cluster(a.bin) as c:
        home, plain = home_of_accounts(c)
        plain.write_text(ORDER_APP)
        b = c.broker(aclEnable="true", rocketmqHome=home)
        send = {"a": "g", "b": "orders", "c": "TBW102", "d": 4, "e": 0, "f": 0, "g": 1, "h": 0, "i": "", "j": 0, "k": "false", "m": "false"}
        texts = []

        def app(fields, secret="87654321"):
            with Connection(b.addr) as k:
                r = k.call(310, signed(fields, "orderApp", secret, b"x"), b"x")
                texts.append(r.remark or "")
                return r.code
        assert app(send) == 0 and app(send | {"b": "audit"}) == 1 and app(send, "8765432") == 1
        with Connection(b.addr) as k:
            for request, ext in ((26, {}), (54, {}), (52, {})):
                r = k.call(request, signed(ext, "orderApp", "87654321"))
                texts += [r.remark or "", r.body.decode()]
        # Broken while it runs: the rules from before go on, and the log says where.
        for number, broken in enumerate(("globalWhiteRemoteAddresses:\n- *\n" + ORDER_APP[ORDER_APP.index("accounts"):],
                                         "accounts:\n- accessKey: generatedKey01\n  admin: false\n", "\taccounts: 87654321\n")):
            plain.write_text(broken)
            deadline = time.monotonic() + 12
            while log_of(b).count("plain_acl.yml") <= number:
                assert time.monotonic() < deadline, log_of(b)
                time.sleep(0.1)
            time.sleep(0.2)
            assert app(send) == 0, broken
        assert "line 2" in log_of(b), log_of(b)
        b.term()
        for broken in ("globalWhiteRemoteAddresses:\n- *\n", "accounts:\n- accessKey: generatedKey01\n  admin: false\n"):
            plain.write_text(broken)
            b.start(wait=False)
            assert b.process.wait(20) != 0 and "plain_acl.yml" in b.output(), b.output()
        texts += [log_of(b), b.output()]
        assert not [t for t in texts if "87654321" in t or "12345678" in t]


def test_acl_of_4x_commands_of_mqadmin(a):
    """updateAclConfig, updateGlobalWhiteAddr, clusterAclConfigVersion, getAclConfig, deleteAclConfig with access control on."""
    with Cluster(a.bin) as c:
        home, plain = home_of_accounts(c)
        n = c.namesrv()
        b = c.broker(aclEnable="true", rocketmqHome=home)

        def root(*words):
            done = admin_as(c, "rootkey", "12345678", *words)
            assert done.returncode == 0 and not done.stderr, done
            return done.stdout
        assert root("updateAclConfig", "-n", n.addr, "-b", b.addr, "-a", "appkey1", "-s", "appsecret", "-t", "A=DENY,B=PUB|SUB", "-g", "g=SUB", "-i", "DENY") == (
            f"create or update plain access config to {b.addr} success.\nPlainAccessConfig{{accessKey='appkey1', whiteRemoteAddress='null', admin=false, "
            "defaultTopicPerm='DENY', defaultGroupPerm='null', topicPerms=[A=DENY, B=PUB|SUB], groupPerms=[g=SUB]}")
        assert "appkey1" in plain.read_text() and "CODE: 209" in admin_as(c, "rootkey", "12345678", "updateAclConfig", "-b", b.addr, "-a", "k", "-s", "short").stderr
        assert root("updateGlobalWhiteAddr", "-n", n.addr, "-c", "DefaultCluster", "-g", "10.0.0.1,10.0.1.*") == (
            f"update global white remote addresses to {b.addr} success.\n")
        assert "10.0.1.*" in plain.read_text()
        versions = root("clusterAclConfigVersion", "-n", n.addr, "-c", "DefaultCluster").splitlines()
        assert versions[0].startswith("#Cluster Name     #Broker Name") and versions[-1] == "get cluster's plain access config version success.", versions
        assert versions[1].split()[:4] == ["DefaultCluster", "broker-a", b.addr, str(plain)], versions
        listed = root("getAclConfig", "-n", n.addr, "-b", b.addr)
        assert "globalWhiteRemoteAddresses" in listed and "appkey1" in listed and "B=PUB|SUB" in listed, listed
        assert root("deleteAclConfig", "-n", n.addr, "-b", b.addr, "-a", "appkey1") == (
            f"delete plain access config account from {b.addr} success.\naccount's accessKey is:appkey1")
        assert "appkey1" not in plain.read_text()
        # Not without an administrator's key.
        assert "No accessKey is configured" in admin_as(c, None, "", "deleteAclConfig", "-b", b.addr, "-a", "rootkey").stderr
