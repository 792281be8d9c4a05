"""Files that operators wrote: what RocketMQ reads from them stays, what it loses in silence is taken as meant and named."""
import os
import pathlib

import runner   # of tests/smoke
from cases_acl import signed
from program import Program
from remoting import Connection
from servers import free_port


def expect(config, **values):
    wrong = {k: (config.get(k), v) for k, v in values.items() if config.get(k) != v}
    assert not wrong, f"key: (shown, expected): {wrong}"


def named(program, *keys):
    for key in keys:
        assert len(program.warnings(key)) == 1, f"{key} is named {len(program.warnings(key))} times:\n{program.log()}"


def test_trailing_blanks_keep_what_was_written(binaries):
    text = ("brokerClusterName=DefaultCluster \nbrokerName=broker-a \nbrokerId=0 \nbrokerIP1=127.0.0.1\nlistenPort={port}\nfileReservedTime = 168 \n"
            "flushDiskType=SYNC_FLUSH \nbrokerRole=SYNC_MASTER \nenableLmq=true \nautoCreateTopicEnable=true \n")
    with Program(binaries, "mqbroker", text) as p:
        p.wait_up()
        expect(p.config(), brokerName="broker-a", flushDiskType="SYNC_FLUSH", brokerRole="SYNC_MASTER", fileReservedTime="168", enableLmq="true",
               autoCreateTopicEnable="true")
        named(p, "brokerName:", "fileReservedTime:", "flushDiskType:", "brokerRole:", "enableLmq:", "autoCreateTopicEnable:")
        assert "The broker[broker-a, " in p.text(), p.text()


def test_a_byte_order_mark_and_crlf(binaries):
    text = (b"\xef\xbb\xbfbrokerName=broker-bom\r\nbrokerClusterName=CrlfCluster\r\nbrokerIP1=127.0.0.1\r\nlistenPort={port}\r\nfileReservedTime=120\r\n"
            b"flushDiskType=SYNC_FLUSH\r\n")
    with Program(binaries, "mqbroker", text) as p:
        p.wait_up()
        expect(p.config(), brokerName="broker-bom", brokerClusterName="CrlfCluster", fileReservedTime="120", flushDiskType="SYNC_FLUSH")
        named(p, "brokerName: a byte order mark")


def test_a_windows_path_is_refused(binaries):
    text = "brokerName=broker-a\nbrokerIP1=127.0.0.1\nstorePathRootDir=D:\\rocketmq\\store\nstorePathCommitLog=D:\\\\rocketmq\\\\store\\\\commitlog\n"
    with Program(binaries, "mqbroker", text) as p:
        assert p.exit(2) == 255
        assert "storePathRootDir" in p.text() and "line 3" in p.text() and "\\\\" in p.text(), p.text()
        assert not p.new_files(), p.new_files()


def test_old_spellings_and_keys_that_never_were(binaries):
    text = ("brokerClusterName=rocketmq-cluster\nbrokerName=broker-a\nbrokerId=0\nbrokerIP1=127.0.0.1\nlistenPort={port}\ndefaultTopicQueueNums=4\n"
            "mapedFileSizeCommitLog=67108864\nmapedFileSizeConsumeQueue=300000\ndestroyMapedFileIntervalForcibly=120000\n"
            "redeleteHangedFileInterval=120000\ndiskMaxUsedSpaceRatio=88\nmaxMessageSize=65536\nflushCommitLogLeastPages=4\n"
            "flushCommitLogThoroughInterval=10000\ncheckTransactionMessageEnable=false\nsendMessageThreadPoolNums=128\n"
            "pullMessageThreadPoolNums=128\nstorePathConsumerQueue=/nowhere/consumequeue\nstoreCheckpoint=/nowhere/checkpoint\n"
            "abortFile=/nowhere/abort\nflushDiskType=ASYNC_FLUSH\n")
    with Program(binaries, "mqbroker", text) as p:
        p.wait_up()
        expect(p.config(), mappedFileSizeCommitLog="67108864", mappedFileSizeConsumeQueue="300000", maxMessageSize="65536",
               diskMaxUsedSpaceRatio="88", storeCheckpoint="/nowhere/checkpoint", sendMessageThreadPoolNums="128")
        named(p, "mapedFileSizeCommitLog:", "mapedFileSizeConsumeQueue:", "storePathConsumerQueue:", "storeCheckpoint:", "abortFile:",
              "sendMessageThreadPoolNums=128 is accepted without effect", "pullMessageThreadPoolNums=128 is accepted without effect")
        assert not pathlib.Path("/nowhere").exists()


def test_forms_of_numbers(binaries):
    text = ("brokerName=broker-a\nbrokerIP1=127.0.0.1\nlistenPort=0{port}\nfileReservedTime=48h\nmaxMessageSize=8*1024*1024\n"
            "mappedFileSizeCommitLog=4294967296\ndeleteWhen=4;16\ndefaultTopicQueueNums=+6\nflushIntervalCommitLog=0x10\ndiskMaxUsedSpaceRatio=99\n")
    with Program(binaries, "mqbroker", text) as p:
        p.wait_up()
        expect(p.config(), listenPort=str(p.port), fileReservedTime="72", maxMessageSize="4194304", mappedFileSizeCommitLog="1073741824",
               deleteWhen="4;16", defaultTopicQueueNums="6", flushIntervalCommitLog="500")
        named(p, "fileReservedTime=48h", "maxMessageSize=8*1024*1024", "mappedFileSizeCommitLog=4294967296", "flushIntervalCommitLog=0x10",
              "diskMaxUsedSpaceRatio=99 is more than 95: 95 is used")
        assert "a whole number" in p.warnings("fileReservedTime=48h")[0], p.log()


def test_forms_of_booleans(binaries):
    text = ("brokerName=broker-a\nbrokerIP1=127.0.0.1\nlistenPort={port}\nautoCreateTopicEnable=TRUE\nautoCreateSubscriptionGroup=yes\n"
            "traceTopicEnable=1\nenablePropertyFilter=\"true\"\nslaveReadEnable=on\n")
    with Program(binaries, "mqbroker", text) as p:
        p.wait_up()
        expect(p.config(), autoCreateTopicEnable="true", autoCreateSubscriptionGroup="false", traceTopicEnable="false", enablePropertyFilter="false",
               slaveReadEnable="false")
        named(p, "autoCreateSubscriptionGroup=yes", "traceTopicEnable=1", "enablePropertyFilter=", "slaveReadEnable=on")


def test_a_slave_needs_an_id(binaries):
    with Program(binaries, "mqbroker", "brokerName=broker-a\nbrokerIP1=127.0.0.1\nbrokerRole=SLAVE\nbrokerId=0\n") as p:
        assert p.exit() == 253
        assert "Slave's brokerId must be > 0" in p.text(), p.text()


def test_a_slave_is_refused(binaries):
    with Program(binaries, "mqbroker", "brokerName=broker-a\nbrokerIP1=127.0.0.1\nlistenPort={port}\nbrokerRole=SLAVE\nbrokerId=1\n") as p:
        assert p.exit() != 0
        assert "brokerRole=SLAVE: this broker cannot replicate yet" in p.text(), p.text()


def test_a_master_has_id_0(binaries):
    with Program(binaries, "mqbroker", "brokerName=broker-a\nbrokerIP1=127.0.0.1\nlistenPort={port}\nbrokerRole=SYNC_MASTER\nbrokerId=3\n") as p:
        p.wait_up()
        expect(p.config(), brokerId="0", brokerRole="SYNC_MASTER")
        named(p, "brokerId=3")


def test_a_value_outside_the_list_names_the_list(binaries):
    with Program(binaries, "mqbroker", "brokerName=a\nbrokerIP1=127.0.0.1\nlistenPort={port}\nflushDiskType=SYNC\nbrokerRole=MASTER\n") as p:
        p.wait_up()
        expect(p.config(), flushDiskType="ASYNC_FLUSH", brokerRole="ASYNC_MASTER")
        assert "SYNC_FLUSH" in p.warnings("flushDiskType=SYNC")[0] and "SYNC_MASTER" in p.warnings("brokerRole=MASTER")[0], p.log()


def test_a_file_of_the_nameserver(binaries):
    text = ("# NameServer file from a cluster guide\nrocketmqHome=/opt/rocketmq\nlistenPort = {port}\nkvConfigPath=data/namesrv/kvConfig.json\n"
            "orderMessageEnable=false\nserverWorkerThreads=8\nnoSuchKey=1\n")
    with Program(binaries, "mqnamesrv", text) as p:
        p.wait_up()
        expect(p.config(), listenPort=str(p.port), kvConfigPath="data/namesrv/kvConfig.json", rocketmqHome="/opt/rocketmq", noSuchKey="1")
        named(p, "noSuchKey:")
        assert f"load config properties file OK, {p.file}" in p.text(), p.text()


def test_a_bad_port_stops_the_start(binaries):
    for program, line in (("mqnamesrv", "listenPort=98x76"), ("mqbroker", "listenPort=109111"), ("mqbroker", "haListenPort=x")):
        with Program(binaries, program, f"# first\n{line}\nserverWorkerThreads=5 \n") as p:
            assert p.exit() == 255
            assert line in p.text() and "line 2" in p.text(), p.text()


def test_a_malformed_escape_stops_the_start(binaries):
    with Program(binaries, "mqnamesrv", "a=1\nb=\\u12x4\n") as p:
        assert p.exit() == 255
        assert str(p.file) in p.text() and "line 2" in p.text(), p.text()


def test_markup_in_front_is_only_unknown_keys(binaries):
    with Program(binaries, "mqnamesrv", "<!--\n  License text\n-->\nlistenPort={port}\n") as p:
        p.wait_up()
        expect(p.config(), listenPort=str(p.port))


def start_with_accounts(binaries, accounts):
    """A broker with this plain_acl.yml."""
    p = Program(binaries, "mqbroker", "brokerName=a\nbrokerIP1=127.0.0.1\nlistenPort={port}\naclEnable=true\nrocketmqHome=accounts\n")
    (p.folder / "accounts/conf").mkdir(parents=True)
    (p.folder / "accounts/conf/plain_acl.yml").write_text(accounts)
    return p


def test_accounts_with_numbers_as_secrets(binaries):
    text = ("globalWhiteRemoteAddresses:\n- 10.20.30.*\n- 192.168.7.*\naccounts:\n- accessKey: orderApp\n  secretKey: 12345678\n  whiteRemoteAddress:\n  admin: false\n"
            "  defaultTopicPerm: DENY\n  defaultGroupPerm: SUB\n  topicPerms:\n  - orders=PUB|SUB\n  - audit=SUB\n  groupPerms:\n  - orders-group=SUB\n"
            "- accessKey: superuser\n  secretKey: \"12345678\"\n  whiteRemoteAddress: 192.168.1.*\n  admin: true\n")
    with start_with_accounts(binaries, text) as p:
        p.wait_up()
        with Connection(p.addr) as c:
            assert c.call(26, signed({}, "orderApp", "12345678")).code == 0
            assert "12345678" not in c.call(26, signed({}, "orderApp", "12345679")).remark
            assert "No accessKey" in c.call(26).remark
        assert p.term() == 0
        assert "2 accounts" in p.log() and "12345678" not in p.log() + p.text()


def test_accounts_that_cannot_be_read_stop_the_start(binaries):
    for text, *said in (("globalWhiteRemoteAddresses:\n- *\naccounts:\n- accessKey: orderApp\n  secretKey: 12345678\n", "line 2", "needs quotes: \"*\""),
                        ("accounts:\n- accessKey: generatedKey01\n  admin: false\n", "generatedKey01", "secretKey")):
        with start_with_accounts(binaries, text) as p:
            assert p.exit() == 253
            assert all(w in p.text() for w in (*said, "accounts/conf/plain_acl.yml")) and "12345678" not in p.text() + p.log(), p.text()


def test_a_store_folder_that_cannot_be_written(binaries):
    runner.need_root()
    with Program(binaries, "mqbroker", "brokerName=a\nbrokerIP1=127.0.0.1\nlistenPort={port}\n") as outer:
        outer.process.kill()
        outer.process.wait()
        locked = outer.folder / "locked"
        locked.mkdir(mode=0o755)
        os.chmod(outer.folder, 0o755)
        config = outer.folder / "locked.conf"
        config.write_text(f"brokerName=a\nbrokerIP1=127.0.0.1\nlistenPort={free_port()}\nstorePathRootDir={locked}/store\n")
        import subprocess
        r = subprocess.run(["setpriv", "--reuid", "3000", "--regid", "3000", "--clear-groups", binaries / "mqbroker", "-c", config], text=True,
                           capture_output=True, env=os.environ | {"ROCKETMQ_USER_HOME": "/tmp"}, timeout=20)
        assert r.returncode == 253, (r.returncode, r.stdout, r.stderr)
        said = r.stdout + r.stderr
        assert f"{locked}/store" in said and "ermission denied" in said and "3000" in said, said
