"""Disks that fail, fill up, or take their time."""
import errno
import json
import re
import time

from remoting import stored_messages
from world import World, bodies, client, send

SUCCESS, SYSTEM_ERROR, SYSTEM_BUSY, FLUSH_DISK_TIMEOUT, SERVICE_NOT_AVAILABLE = 0, 1, 2, 10, 14


def expect_refused(answer):
    assert answer.code == SERVICE_NOT_AVAILABLE, f"code {answer.code}: {answer.remark}"


def until(condition, seconds=5):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def test_a_failed_fsync_is_never_acknowledged(a):
    with World(a.bin) as w:
        b = w.broker(flushDiskType="SYNC_FLUSH")
        with client(b) as c:
            assert send(c, b"before").code == SUCCESS
            w.fault(f"fdatasync /commitlog/ {errno.EIO} 0")
            answer = send(c, b"lost perhaps")
            assert answer.code != SUCCESS, "acknowledged although fsync failed"
            w.heal()
            expect_refused(send(c, b"a later success proves nothing"))
            assert "could not be synced" in w.health(), w.health()
            assert "no message is accepted until a restart" in w.log(b)
            assert c.pull("Faults", 0, 0).code == SUCCESS, "consumers still get their messages"
        b.kill()
        w.restart(b)
        with client(b) as c:
            assert send(c, b"after").code == SUCCESS
        found = bodies(b)
        assert found[0] == b"before" and found[-1] == b"after"


def test_a_failed_fsync_ends_asynchronous_flush_too(a):
    with World(a.bin) as w:
        b = w.broker()
        with client(b) as c:
            assert send(c, b"before").code == SUCCESS
            w.fault(f"fdatasync /commitlog/ {errno.EIO} 0")
            until(lambda: send(c, b"x").code == SERVICE_NOT_AVAILABLE, 15)
            assert "could not be synced" in w.health()


def test_a_failed_write_is_refused_and_told(a):
    with World(a.bin) as w:
        b = w.broker()
        with client(b) as c:
            assert send(c, b"0").code == SUCCESS
            w.fault(f"pwrite /commitlog/ {errno.EIO} 0")
            expect_refused(send(c, b"refused"))
            assert "could not be written" in w.health(), w.health()
            assert c.pull("Faults", 0, 0).code == SUCCESS
            w.heal()
            until(lambda: send(c, b"1").code == SUCCESS)
        assert bodies(b) == [b"0", b"1"]
        b.kill()
        w.restart(b)
        assert bodies(b) == [b"0", b"1"]


def test_a_full_disk_refuses_until_there_is_room(a):
    with World(a.bin) as w:
        b = w.broker()
        with client(b) as c:
            assert send(c, b"0").code == SUCCESS
            w.fault(f"pwrite /store/ {errno.ENOSPC} 0", f"open .tmp {errno.ENOSPC} 0")
            expect_refused(send(c, b"refused"))
            assert "No space left" in w.health(), w.health()
            time.sleep(2.5)      # the queues, the index, the tables meet it too
            expect_refused(send(c, b"refused"))
            w.heal()
            until(lambda: send(c, b"1").code == SUCCESS)
        assert bodies(b) == [b"0", b"1"]


def test_a_full_disk_at_the_start(a):
    with World(a.bin) as w:
        b = w.broker()
        with client(b) as c:
            assert send(c, b"0").code == SUCCESS
        b.kill()
        w.fault(f"pwrite /store/ {errno.ENOSPC} 0")
        w.restart(b)
        assert bodies(b) == [b"0"], "messages must be readable on a full disk"


def test_consume_queues_that_cannot_be_written(a):
    with World(a.bin) as w:
        b = w.broker()
        w.fault(f"pwrite /consumequeue/ {errno.EIO} 0", f"open /consumequeue/ {errno.EIO} 0")
        with client(b) as c:
            for i in range(200):
                assert send(c, b"%d" % i).code == SUCCESS
            time.sleep(2)
            assert len(bodies(b)) == 200, "from memory"
        b.kill()
        w.heal()
        w.restart(b)
        assert len(bodies(b)) == 200, "from the log"


def with_entries_on_disk(w):
    """A broker with 50 messages of an earlier life: entries that it has written itself it reads from memory."""
    b = w.broker()
    with client(b) as c:
        for i in range(50):
            assert send(c, b"%d" % i).code == SUCCESS
    b.term()
    w.restart(b)
    return b


def test_a_consume_queue_that_cannot_be_read_is_an_error_not_an_end(a):
    with World(a.bin) as w:
        b = with_entries_on_disk(w)
        with client(b) as c:
            w.fault(f"pread /consumequeue/ {errno.EIO} 0")
            answer = c.pull("Faults", 0, 0)
            assert answer.code == SYSTEM_ERROR, f"code {answer.code}: {answer.remark}"
            w.heal()
            assert c.pull("Faults", 0, 0).code == SUCCESS
            assert "cannot be read at offset 0" in w.log(b)


def test_a_slow_read_of_a_consume_queue_holds_up_nobody_else(a):
    with World(a.bin) as w:
        b = with_entries_on_disk(w)
        with client(b) as reader, client(b) as other:
            assert send(other, b"first", queue=1).code == SUCCESS
            w.fault("pread /consumequeue/ 0 1500")
            opaque = reader.send_pull("Faults", 0, 0)
            time.sleep(0.1)
            started = time.monotonic()
            assert send(other, b"meanwhile", queue=1).code == SUCCESS
            assert other.pull("Faults", 1, 0).code == SUCCESS
            assert time.monotonic() - started < 0.7, "who sends waits for the disk of a pull"
            answer = reader.wait(opaque)
            assert answer.code == SUCCESS and time.monotonic() - started > 0.8, f"code {answer.code}: {answer.remark}"
            w.heal()


def test_a_slow_fsync_times_out_and_holds_up_nobody_else(a):
    with World(a.bin) as w:
        b = w.broker(flushDiskType="SYNC_FLUSH", syncFlushTimeout=500)
        with client(b) as c, client(b) as other:
            assert send(c, b"0").code == SUCCESS
            w.fault("fdatasync /commitlog/ 0 3000")
            opaque = c.send_message("Faults", 0, b"1")
            time.sleep(0.1)
            started = time.monotonic()
            assert other.pull("Faults", 0, 0).code == SUCCESS
            assert time.monotonic() - started < 0.4, "a pull waits for the disk of a send"
            answer = c.wait(opaque)
            assert answer.code == FLUSH_DISK_TIMEOUT, f"code {answer.code}: {answer.remark}"
            w.heal()
            time.sleep(3.5)
            assert send(c, b"2").code == SUCCESS
        assert bodies(b) == [b"0", b"1", b"2"]


def test_a_slow_write_loses_nothing(a):
    with World(a.bin) as w:
        b = w.broker()
        with client(b, timeout=20) as c:
            assert send(c, b"0").code == SUCCESS
            w.fault("pwrite /commitlog/ 0 700")
            waiting = [c.send_message("Faults", 0, b"%d" % i) for i in range(1, 6)]
            codes = [c.wait(o).code for o in waiting]
            w.heal()
            taken = 1 + codes.count(SUCCESS)
            until(lambda: send(c, b"last").code == SUCCESS)
        assert len(bodies(b)) == taken + 1


def expect_quick(call, what):
    started = time.monotonic()
    assert call().code == SUCCESS
    took = time.monotonic() - started
    assert took < 0.7, f"{what} waited {took:.1f} s for the disk of others"


def mistrusted(w, c):
    """The disk is slow from now on, and the broker knows."""
    w.fault("pwrite /commitlog/ 0 60")
    assert send(c, b"a sign").code == SUCCESS


def runtime(c):
    return json.loads(c.call(28).body)["table"]


def test_a_disk_that_stalls_delays_sends_and_nothing_else(a):
    with World(a.bin) as w:
        b = w.broker()
        with client(b) as c, client(b) as other:
            mistrusted(w, c)
            w.fault("pwrite /commitlog/ 0 1800")
            sent = [c.send_message("Faults", 0, b"1")]
            time.sleep(0.2)
            sent += [c.send_message("Faults", 0, b"%d" % i) for i in range(2, 50)]
            time.sleep(0.2)
            expect_quick(lambda: other.pull("Faults", 0, 0), "a pull")
            expect_quick(lambda: other.call(34, body=b'{"clientID":"x","producerDataSet":[{"groupName":"p"}],"consumerDataSet":[]}'), "a heartbeat")
            seen = runtime(other)
            assert seen["sendThreadPoolQueueSize"] == "48" and int(seen["sendThreadPoolQueueHeadWaitTimeMills"]) > 100, seen
            assert int(seen["pageCacheLockTimeMills"]) > 300, seen
            assert [c.wait(o).code for o in sent] == [SUCCESS] * 49, "each acknowledgement is late, none is refused"
            w.heal()
            assert send(c, b"last").code == SUCCESS
            assert "the disk of the CommitLog is slow" in w.log(b)
        assert bodies(b) == [b"a sign"] + [b"%d" % i for i in range(1, 50)] + [b"last"], "in the order of sending, each once"


def test_a_slow_sync_is_a_sign_for_writes(a):
    with World(a.bin) as w:
        b = w.broker(flushCommitLogLeastPages=0)   # else so little is not synced for 10 s
        with client(b) as c, client(b) as other:
            w.fault("fdatasync /commitlog/ 0 4000", "pwrite /commitlog/ 0 0")
            assert send(c, b"0").code == SUCCESS
            time.sleep(1.5)   # the sync of what was written has begun
            w.fault("fdatasync /commitlog/ 0 4000", "pwrite /commitlog/ 0 1500")
            sent = c.send_message("Faults", 0, b"1")
            time.sleep(0.2)
            expect_quick(lambda: other.pull("Faults", 0, 0), "a pull")
            assert c.wait(sent).code == SUCCESS
            w.heal()


def test_sends_are_refused_when_their_clients_are_about_to_give_up(a):
    with World(a.bin) as w:
        b = w.broker()
        with client(b, timeout=20) as c, client(b, timeout=20) as other:
            mistrusted(w, c)
            w.fault("pwrite /commitlog/ 0 6000")
            first = c.send_message("Faults", 0, b"being written")
            time.sleep(0.2)
            started = time.monotonic()
            late = [other.send_message("Faults", 0, b"late") for _ in range(3)]
            answers = [other.wait(o) for o in late]
            took = time.monotonic() - started
            assert 2.4 < took < 3.5, f"refused after {took:.1f} s"
            for x in answers:
                assert x.code == SYSTEM_BUSY and re.fullmatch(r"\[PCBUSY_CLEAN_QUEUE\]broker busy, start flow control for a while, "
                                                              r"period in queue: 25\d\dms, size of queue: 3", x.remark), (x.code, x.remark)
            w.heal()
            assert c.wait(first).code == SUCCESS
            assert send(c, b"after").code == SUCCESS
        assert bodies(b) == [b"a sign", b"being written", b"after"], "what was refused is not stored"


def test_refusals_follow_the_options(a):
    with World(a.bin) as w:
        b = w.broker(sendThreadPoolQueueCapacity=5, osPageCacheBusyTimeOutMills=60_000, waitTimeMillsInSendQueue=3000)
        with client(b, timeout=20) as c:
            mistrusted(w, c)
            w.fault("pwrite /commitlog/ 0 5000")
            c.send_message("Faults", 0, b"being written")
            time.sleep(0.2)
            waiting = [c.send_message("Faults", 0, b"waits") for _ in range(5)]
            one_more = c.wait(c.send_message("Faults", 0, b"too many"))
            assert (one_more.code, one_more.remark) == (SYSTEM_BUSY, "[OVERLOAD]system busy, start flow control for a while"), one_more.header
            remarks = [c.wait(o).remark for o in waiting]
            assert all(r.startswith("[TIMEOUT_CLEAN_QUEUE]broker busy, start flow control for a while, period in queue: 30") for r in remarks), remarks


def test_no_refusal_when_fast_failure_is_off(a):
    with World(a.bin) as w:
        b = w.broker(brokerFastFailureEnable="false")
        with client(b, timeout=20) as c:
            mistrusted(w, c)
            w.fault("pwrite /commitlog/ 0 3500")
            sent = [c.send_message("Faults", 0, b"0")]
            time.sleep(0.2)
            sent.append(c.send_message("Faults", 0, b"1"))
            assert [c.wait(o).code for o in sent] == [SUCCESS] * 2
        w.heal()


def test_a_slow_consume_queue_holds_up_no_send(a):
    with World(a.bin) as w:
        b = w.broker()
        w.fault("pwrite /consumequeue/ 0 2000", "open /consumequeue/ 0 2000", "fdatasync /consumequeue/ 0 2000")
        with client(b) as c:
            slowest = 0
            for i in range(300):
                started = time.monotonic()
                assert send(c, b"%d" % i, queue=i % 4).code == SUCCESS
                slowest = max(slowest, time.monotonic() - started)
                time.sleep(0.01)
            assert slowest < 1, f"a send took {slowest:.1f} s"
            w.heal()


def test_no_descriptor_for_files(a):
    with World(a.bin) as w:
        b = w.broker()
        with client(b) as c:
            for q in range(4):
                assert send(c, b"0", queue=q).code == SUCCESS
            w.fault(f"open /store/ {errno.EMFILE} 0")
            for q in range(4):
                assert send(c, b"1", queue=q).code == SUCCESS   # needs no new file
            time.sleep(2.5)
            w.heal()
            time.sleep(1.5)
            for q in range(4):
                assert bodies(b, q) == [b"0", b"1"]
        b.kill()
        w.restart(b)
        for q in range(4):
            assert bodies(b, q) == [b"0", b"1"]


def test_tables_that_cannot_be_written_are_written_later(a):
    with World(a.bin) as w:
        b = w.broker()
        with client(b) as c:
            assert send(c, b"0").code == SUCCESS
            w.fault(f"open /config/ {errno.ENOSPC} 0")
            assert send(c, b"1", topic="Later").code == SUCCESS   # makes a topic
            time.sleep(1)
            w.heal()
            time.sleep(1)
        assert b.term() == 0
        w.restart(b)
        assert bodies(b, topic="Later") == [b"1"]


def test_a_file_that_loses_its_end_kills_nobody(a):
    """Reading such a page raises what a bad sector raises."""
    with World(a.bin) as w:
        b = w.broker(mappedFileSizeCommitLog=1 << 20)
        with client(b) as c:
            for i in range(60):
                assert send(c, b"%d" % i + b"x" * 40_000).code == SUCCESS
            first = next((w.folder / "broker-a/store/commitlog").glob("0" * 20))
            with open(first, "r+b") as f:
                f.truncate(300_000)
            found, offset, tries = [], 0, 0
            while offset < 60:
                tries += 1
                assert tries < 100, f"the client is stuck at offset {offset}"
                try:
                    with client(b) as consumer:
                        answer = consumer.pull("Faults", 0, offset)
                except OSError:
                    continue      # an answer whose bytes the disk did not give; a client asks again
                found += [m["queueOffset"] for m in stored_messages(answer.body)]
                offset = int(answer.ext["nextBeginOffset"])
            assert found[0] == 0 and found[-1] == 59 and 30 < len(found) < 60, found
            assert send(c, b"still there").code == SUCCESS
            until(lambda: "cannot be read in whole" in w.health())
            assert "could not give a part" in w.log(b)
