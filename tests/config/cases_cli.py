"""Options, exit statuses, the boot line, signals, the environment. Pinned against RocketMQ 5.3.3."""
import os
import pathlib
import re
import subprocess
import tempfile

import runner   # of tests/smoke
from program import Program

BROKER_USAGE = """usage: mqbroker [-c <arg>] [-h] [-m] [-n <arg>] [-p]
 -c,--configFile <arg>       Broker config properties file
 -h,--help                   Print help
 -m,--printImportantConfig   Print important config item
 -n,--namesrvAddr <arg>      Name server address list, eg: '192.168.0.1:9876;192.168.0.2:9876'
 -p,--printConfigItem        Print all config item
"""
NAMESRV_USAGE = """usage: mqnamesrv [-c <arg>] [-h] [-n <arg>] [-p]
 -c,--configFile <arg>    Name server config properties file
 -h,--help                Print help
 -n,--namesrvAddr <arg>   Name server address list, eg: '192.168.0.1:9876;192.168.0.2:9876'
 -p,--printConfigItem     Print all config items
"""


def run(binaries, program, *words, env=None):
    return subprocess.run([binaries / program, *words], capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL,
                          env=os.environ | {"ROCKETMQ_USER_HOME": "/nonexistent/home"} | (env or {}))


def test_usage(binaries):
    for program, usage in (("mqbroker", BROKER_USAGE), ("mqnamesrv", NAMESRV_USAGE)):
        for words, status, error in ((["-h"], 0, ""), (["--help"], 0, ""), (["-x"], 1, "Unrecognized option: -x\n"),
                                     (["-c"], 1, "Missing argument for option: c\n"), (["-n"], 1, "Missing argument for option: n\n")):
            r = run(binaries, program, *words)
            assert (r.returncode, r.stdout, r.stderr) == (status, usage, error), (program, words, r)


def test_exit_statuses(binaries):
    assert run(binaries, "mqbroker", "-c", "/nonexistent/file").returncode == 255
    assert run(binaries, "mqnamesrv", "-c", "/nonexistent/file").returncode == 255
    r = run(binaries, "mqbroker", "-n", "abc")
    assert r.returncode == 253
    assert r.stdout == 'The Name Server Address[abc] illegal, please set it as follows, "127.0.0.1:9876;192.168.0.1:9876"\n', r.stdout


def test_printed_items(binaries):
    for flag in ("-p", "--printConfigItem", "-m", "--printImportantConfig"):
        r = run(binaries, "mqbroker", flag, "-n", "127.0.0.1:9876")
        assert r.returncode == 0, r
        lines = r.stdout.splitlines()
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d INFO main - [\w.]+=.*", line) for line in lines), lines[:3]
        items = [line.split(" - ", 1)[1] for line in lines]
        assert "namesrvAddr=127.0.0.1:9876" in items and "flushDiskType=ASYNC_FLUSH" in items
        assert ("brokerPermission=6" in items) == (flag in ("-p", "--printConfigItem"))
    assert "kvConfigPath=/nonexistent/home/namesrv/kvConfig.json" in run(binaries, "mqnamesrv", "-p").stdout


def test_the_port_is_taken(binaries):
    with Program(binaries, "mqnamesrv", "listenPort={port}\n") as first:
        first.wait_up()
        with Program(binaries, "mqnamesrv", f"listenPort={first.port}\n") as second:
            assert second.exit() == 253
            assert str(first.port) in second.text(), second.text()


def test_precedence_and_the_environment(binaries):
    text = "brokerName=from-file\nbrokerIP1=127.0.0.1\nlistenPort={port}\nfileReservedTime=1\nnamesrvAddr=127.0.0.1:1\n"
    env = {"ROCKETMQ_CONF_fileReservedTime": "7", "ROCKETMQ_CONF_flushDiskType": "SYNC_FLUSH", "ROCKETMQ_CONF_noSuchKey": "1",
           "NAMESRV_ADDR": "127.0.0.1:2", "JAVA_OPT_EXT": "-Xms8g"}
    with Program(binaries, "mqbroker", text, words=["-n", "127.0.0.1:3"], env=env) as p:
        p.wait_up()
        shown = p.config()
        assert (shown["fileReservedTime"], shown["flushDiskType"], shown["namesrvAddr"]) == ("7", "SYNC_FLUSH", "127.0.0.1:3"), shown
        assert len(p.warnings("noSuchKey")) == 1 and len(p.warnings("JAVA_OPT_EXT")) == 1, p.log()
        assert "and name server is 127.0.0.1:3" in p.text()


def test_sigterm_is_a_clean_stop(binaries):
    with Program(binaries, "mqbroker", "brokerName=a\nbrokerIP1=127.0.0.1\nlistenPort={port}\n") as p:
        p.wait_up()
        assert re.search(r"^The broker\[a, 127\.0\.0\.1:\d+\] boot success\. serializeType=JSON$", p.text(), re.M), p.text()
        assert (p.folder / "home/store/abort").exists()
        assert p.term() == 0
        assert not (p.folder / "home/store/abort").exists()


def test_a_log_of_json_lines_on_standard_output(binaries):
    import json
    with Program(binaries, "mqnamesrv", "listenPort={port}\nlogFormat=json\nlogTo=stdout\nkey\\u0022with\\u0009odd=1\n") as p:
        p.wait_up()
        assert p.term() == 0
        lines = [json.loads(line) for line in p.text().splitlines() if line.startswith("{")]
        assert {"time", "level", "logger", "message"} == set(lines[0]) and any('key"with\todd' in x["message"] for x in lines), lines
        assert not (p.folder / "home/logs").exists()


def test_log_files_roll(binaries):
    """The newest lines are in NAME.log, older ones in NAME.log.1 and so on; so many files as are wished for."""
    keys = [f"unheardOf{i:03}" for i in range(300)]
    for count in (40, 3, 1):
        with Program(binaries, "mqnamesrv", f"listenPort={{port}}\nlogFileSize=2048\nlogFileCount={count}\n" + "".join(f"{k}=1\n" for k in keys)) as p:
            p.wait_up()
            assert p.term() == 0
            logs = p.folder / "home/logs/rocketmqlogs"
            newest_first = [logs / ("namesrv.log" + (f".{i}" if i else "")) for i in range(len(list(logs.iterdir())))]
            assert set(newest_first) == set(logs.iterdir()) and all(2048 < f.stat().st_size < 2048 + 400 for f in newest_first[1:])
            named = re.findall(r"unheardOf\d+", "".join(f.read_text() for f in reversed(newest_first)))
            if count == 40:
                assert 3 < len(newest_first) < 40 and named == keys, (len(newest_first), len(named))
            else:
                assert len(newest_first) == count and named == keys[len(keys) - len(named):], (len(newest_first), named[:3])


def test_an_advertised_address_behind_a_mapping(binaries):
    text = "brokerName=a\nbrokerIP1=127.0.0.1:24911\nlistenPort={port}\n"
    with Program(binaries, "mqbroker", text) as p:
        p.wait_up()
        assert "The broker[a, 127.0.0.1:24911] boot success." in p.text(), p.text()
        assert "WARNING: clients are told 127.0.0.1:24911, but a connection from here to there fails" in p.text(), p.text()
        assert p.config()["brokerIP1"] == "127.0.0.1:24911"


def test_an_address_that_only_this_machine_reaches(binaries):
    with Program(binaries, "mqbroker", "brokerName=a\nbrokerIP1=127.0.0.1\nlistenPort={port}\nnamesrvAddr=192.0.2.1:9876\n") as p:
        p.wait_up()
        assert f"WARNING: clients are told 127.0.0.1:{p.port}: only those on this machine can connect" in p.text(), p.text()
    with Program(binaries, "mqbroker", "brokerName=a\nbindAddress=127.0.0.1\nlistenPort={port}\nnamesrvAddr=127.0.0.1:1\n") as p:
        p.wait_up()
        assert f"brokerIP1 is not set: clients will dial 127.0.0.1:{p.port} and 127.0.0.1:{p.port - 2}, the bindAddress" in p.text(), p.text()
        assert "WARNING" not in p.text(), p.text()


def test_the_chosen_address_in_network_namespaces(binaries):
    """Which of several interfaces is advertised."""
    runner.need_namespaces()
    runner.need("ip")
    def up(name, address):
        return (f"ip link add {name} type veth peer name {name}p; ip link set {name}p up; ip addr add {address} dev {name} nodad 2>/dev/null || "
                f"ip addr add {address} dev {name}; ip link set {name} up")
    cases = (
        ([up("docker0", "172.17.0.1/16"), up("eth0", "10.20.0.5/16")], "10.20.9.9:9876", "10.20.0.5"),
        ([up("docker0", "172.17.0.1/16"), up("eth0", "10.20.0.5/16")], "", "10.20.0.5"),
        ([up("eth0", "192.168.7.8/24")], "", "192.168.7.8"),
        ([up("eth0", "2001:db8::5/64")], "", "2001:db8::5"),
        ([up("a0", "10.1.0.1/24"), up("b0", "10.2.0.1/24")], "10.2.0.9:9876", "10.2.0.1"),
        ([], "", "127.0.0.1"),
    )
    for interfaces, names, expected in cases:
        script = f"ip link set lo up; {'; '.join([*interfaces, 'true'])}; exec {binaries / 'mqbroker'} -p" + (f" -n {names}" if names else "")
        r = subprocess.run(["unshare", "--net", "bash", "-c", script], capture_output=True, text=True, timeout=20)
        assert f"brokerIP1={expected}\n" in r.stdout, (interfaces, r.stdout[:300], r.stderr)


def test_an_advertised_name(binaries):
    with Program(binaries, "mqbroker", "brokerName=a\nbrokerIP1=localhost\nlistenPort={port}\n") as p:
        p.wait_up()
        assert f"The broker[a, localhost:{p.port}] boot success." in p.text(), p.text()


def test_each_pod_advertises_its_own_address(binaries):
    """ADVERTISED_ADDRESSES of the image: by the number of the host name, before the pod's own address."""
    def printed(pod, addresses):
        env = os.environ | {"BROKER_CLUSTER_CONF": "2m-noslave", "POD_NAME": pod, "POD_IP": "10.9.9.9", "ADVERTISED_ADDRESSES": addresses, "NAMESRV_ADDR": "127.0.0.1:9"}
        return subprocess.run([binaries / "merlinmq", "entrypoint", "broker", "-p"], capture_output=True, text=True, timeout=20, env=env)
    for pod, expected in (("x-0", "brokerIP1=a.example.org:31911"), ("x-1", "brokerIP1=203.0.113.7:31921")):
        lines = {line.split(" - ")[-1] for line in printed(pod, "a.example.org:31911,203.0.113.7:31921").stdout.splitlines()}
        assert expected in lines, [line for line in lines if "rokerIP1" in line]
    for pod, addresses in (("x-2", "a:1,b:2"), ("x-0", ",b:2")):
        done = printed(pod, addresses)
        assert done.returncode != 0 and "needs an address for each broker" in done.stderr, done


def test_variables_of_the_entry_point(binaries):
    """Defaults < the mode < the file < the pod's identity, for what the file does not say < variables of one key < ROCKETMQ_CONF_."""
    with tempfile.TemporaryDirectory(prefix="mq-config-") as folder:
        file = pathlib.Path(folder) / "b.conf"
        file.write_text("brokerName=written\nflushDiskType=SYNC_FLUSH\n")
        env = os.environ | {"ROCKETMQ_USER_HOME": folder, "NAMESRV_ADDR": "n:9876", "POD_NAME": "pod-1"}

        def shown(**variables):
            r = subprocess.run([binaries / "merlinmq", "entrypoint", "broker", "-p"], capture_output=True, text=True, timeout=20, env=env | variables)
            assert r.returncode == 0, r.stdout + r.stderr
            return dict(line.split(" - ", 1)[1].split("=", 1) for line in r.stdout.splitlines() if " - " in line and "=" in line)

        for variables, expected in (
                ({"BROKER_NAME": "b", "BROKER_CLUSTER_NAME": "c", "BROKER_ID": "0"}, {"brokerName": "b", "brokerClusterName": "c", "namesrvAddr": "n:9876"}),
                ({"BROKER_LISTEN_PORT": "12911", "HA_LISTEN_PORT": "12955"}, {"listenPort": "12911", "haListenPort": "12955"}),
                ({"BROKER_IP1": "1.2.3.4", "BROKER_IP2": "5.6.7.8", "POD_IP": "9.9.9.9"}, {"brokerIP1": "1.2.3.4", "brokerIP2": "5.6.7.8"}),
                ({"brokerIP1": "1.2.3.4"}, {"brokerIP1": "1.2.3.4", "brokerIP2": "1.2.3.4"}),
                ({"MM_BROKER_IP": "1.2.3.4", "POD_IP": "9.9.9.9"}, {"brokerIP1": "1.2.3.4"}),
                ({"BROKER_CLUSTER_CONF": "2m-noslave", "BROKER_NAME_PREFIX": "rk-"}, {"brokerName": "rk-b", "flushDiskType": "ASYNC_FLUSH"}),
                ({"BROKER_CLUSTER_CONF": "2m-noslave", "CONFIG_FILE": str(file), "ROCKETMQ_CONF_brokerClusterName": "z"},
                 {"brokerName": "written", "flushDiskType": "SYNC_FLUSH", "brokerClusterName": "z"}),
                ({"BROKER_CONF_FILE": str(file), "ROCKETMQ_CONF_flushDiskType": "ASYNC_FLUSH"}, {"brokerName": "written", "flushDiskType": "ASYNC_FLUSH"})):
            found = shown(**variables)
            assert {k: found[k] for k in expected} == expected, (variables, {k: found[k] for k in expected})


def test_the_entry_point_takes_the_words_of_known_images(binaries):
    def entry(*words, **env):
        r = subprocess.run([binaries / "merlinmq", "entrypoint", *words], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL,
                           env=os.environ | {"ROCKETMQ_USER_HOME": "/nonexistent/home"} | env)
        return r.returncode, r.stdout + r.stderr
    for words in (["sh", "mqbroker", "-h"], ["sh", "-c", "exec ./mqbroker  -h"], ["sh", "-c", "mqbroker -h"], ["./mqbroker", "-h"]):
        assert entry(*words) == (0, BROKER_USAGE), words
    assert entry("dummy", "-h", NODE_ROLE="broker") == entry("-h", BROKER_SERVER="true") == (0, BROKER_USAGE)
    assert entry("-h", NODE_ROLE="nameserver", BROKER_SERVER="true") == entry("-h", NAME_SERVER="true", BROKER_SERVER="true") == (0, NAMESRV_USAGE)
    # Whoever looks for a shell, or for what is not here, is told so, and gets no second server.
    for words, env, said in ((["sh"], {"NAME_SERVER": "true"}, "no shell here"), (["sh", "-l"], {"NAME_SERVER": "true"}, "no shell here"),
                             (["sh", "-c", "mqnamesrv -n $ADDRESS"], {}, "plain words"), (["sh", "-c", "mqnamesrv; ls"], {}, "plain words"), (["sh", "-c", ""], {}, "no shell here"),
                             (["proxy"], {"NAME_SERVER": "true"}, "proxy is none of"), (["ls", "-l"], {"BROKER_SERVER": "true"}, "ls is none of"),
                             ([], {"NODE_ROLE": "controller", "NAME_SERVER": "true"}, "no controller and no proxy yet"), ([], {}, "NAME_SERVER=true")):
        status, text = entry(*words, **env)
        assert status == 64 and said in text, (words, env, status, text)
    shown = entry("broker", "-p", MM_BROKER_ID="3", BROKER_ROLE="SLAVE", FAST_LISTEN_PORT="1", NAME_SERVER_LIST="a:1,b:2", POD_NAME="x-0", BROKER_CLUSTER_CONF="2m-noslave")[1]
    assert "brokerId=3\n" in shown and "namesrvAddr=a:1;b:2\n" in shown and "FAST_LISTEN_PORT=1 has no effect" in shown, shown
