"""mqadmin storeCheck on the store of a broker that was used, killed, damaged."""
import json
import subprocess

from world import World, bodies, client, send


def store_check(w, *words):
    return subprocess.run([w.bin / "mqadmin", "storeCheck", "-s", w.folder / "broker-a/store", *words], capture_output=True, text=True, timeout=120)


def test_store_check_finds_and_repairs(a):
    with World(a.bin) as w:
        b = w.broker(maxHashSlotNum=1000, maxIndexNum=4000)
        with client(b) as c:
            for i in range(400):
                assert send(c, b"%d" % i, queue=i % 4).code == 0
            live = store_check(w)
            assert live.returncode == 0 and "in use by another process" in live.stdout, live.stdout
            assert store_check(w, "--repair", "--yes").returncode == 1, "the store of a running broker is not repaired"
        b.kill()
        killed = store_check(w)
        assert killed.returncode == 0, killed.stdout
        w.restart(b)
        assert b.term() == 0
        assert store_check(w).stdout.endswith("sound\n"), store_check(w).stdout
        queue = w.folder / "broker-a/store/consumequeue/Faults/2" / ("0" * 20)
        with open(queue, "r+b") as f:
            f.seek(20 * 50)
            f.write(bytes(20 * 3))
        found = store_check(w, "--json")
        report = json.loads(found.stdout)
        assert found.returncode == 1 and report["damaged"] and "3 messages have no entry" in report["findings"][0]["what"], report
        dry = store_check(w, "--repair")
        assert "nothing was changed" in dry.stdout and dry.returncode == 1, dry.stdout
        done = store_check(w, "--repair", "--yes")
        assert done.returncode == 0 and "REPAIRED" in done.stdout, done.stdout
        assert store_check(w).returncode == 0
        assert (w.folder / "broker-a/store/consumequeue.Faults.2.bad").is_dir()
        dump = subprocess.run([w.bin / "mqadmin", "storeCheck", "--dump", queue, "--count", "60"], capture_output=True, text=True).stdout
        assert len(dump.splitlines()) == 60 and dump.startswith("0 phy "), dump
        w.restart(b)
        assert bodies(b, 2) == [b"%d" % i for i in range(2, 400, 4)]
