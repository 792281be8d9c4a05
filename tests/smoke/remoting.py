"""A small client of the remoting protocol: frames with JSON headers, the requests the tests need, stored messages."""
import itertools
import json
import socket
import struct
import threading
import time


class Answer:
    def __init__(self, header, body):
        self.code = header.get("code", 0)
        self.remark = header.get("remark")
        self.ext = header.get("extFields") or {}
        self.header = header
        self.body = body


class Connection:
    """One TCP connection; requests may be pipelined: send() now, wait(opaque) later."""

    def __init__(self, addr, timeout=10, accepted=None, preamble=b"", tls=None):
        """`accepted`: a socket of a server of ours instead of a connection to `addr`; `tls`: an ssl.SSLContext, used behind the preamble."""
        if accepted is None:
            host, port = addr.rsplit(":", 1)
            accepted = socket.create_connection((host, int(port)), timeout)
        self.socket = accepted
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(preamble)
        if tls:
            self.socket = tls.wrap_socket(self.socket)
        self.opaque = itertools.count(1)
        self.buffer = b""
        self.answers = {}
        self.requests = []     # that the server sent

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, code, ext=None, body=b"", flag=0, version=317):
        opaque = next(self.opaque)
        header = json.dumps({"code": code, "language": "JAVA", "version": version, "opaque": opaque, "flag": flag,
                             "extFields": {k: str(v) for k, v in (ext or {}).items()},
                             "serializeTypeCurrentRPC": "JSON"}).encode()
        self.socket.sendall(struct.pack(">II", 4 + len(header) + len(body), len(header)) + header + body)
        return opaque

    def answer(self, request, code=0, body=b"", remark=None, ext=None):
        """Answers a request that the other side sent."""
        header = dict(code=code, language="JAVA", version=317, opaque=request.header["opaque"], flag=1)
        if ext:
            header["extFields"] = {k: str(v) for k, v in ext.items()}
        if remark is not None:
            header["remark"] = remark
        header = json.dumps(header).encode()
        self.socket.sendall(struct.pack(">II", 4 + len(header) + len(body), len(header)) + header + body)

    def read_frame(self):
        while True:
            if len(self.buffer) >= 4:
                total = struct.unpack(">I", self.buffer[:4])[0]
                if len(self.buffer) >= 4 + total:
                    frame, self.buffer = self.buffer[4:4 + total], self.buffer[4 + total:]
                    size = struct.unpack(">I", frame[:4])[0] & 0xFFFFFF
                    return Answer(json.loads(frame[4:4 + size]), frame[4 + size:])
            data = self.socket.recv(1 << 18)
            if not data:
                raise ConnectionError("closed by the server")
            self.buffer += data

    def wait(self, opaque):
        while opaque not in self.answers:
            answer = self.read_frame()
            if answer.header.get("flag", 0) & 1:
                self.answers[answer.header["opaque"]] = answer
            else:
                self.requests.append(answer)
        return self.answers.pop(opaque)

    def asked(self, code):
        """The server's next request of that code to this client; others are passed over."""
        while True:
            frame = self.requests.pop(0) if self.requests else self.read_frame()
            if frame.code == code and not frame.header.get("flag", 0) & 1:
                return frame

    def call(self, code, ext=None, body=b"", version=317):
        return self.wait(self.send(code, ext, body, version=version))

    def send_message(self, topic, queue, body, properties="", code=310, version=317, **more):
        short = dict(a="smoke", b=topic, c="TBW102", d=8, e=queue, f=0, g=int(time.time() * 1000), h=0,
                     i=properties, j=0, k="false", m="false")
        return self.send(code, short | more, body, version=version)

    def create_topic(self, name, queues=1):
        return self.call(17, dict(topic=name, defaultTopic="TBW102", readQueueNums=queues, writeQueueNums=queues, perm=6, topicFilterType="SINGLE_TAG",
                                  topicSysFlag=0, order="false"))

    def pull(self, *words, **more):
        return self.wait(self.send_pull(*words, **more))

    def send_pull(self, topic, queue, offset, group="smoke_group", count=32, suspend_ms=0, expression="*"):
        return self.send(11, dict(consumerGroup=group, topic=topic, queueId=queue, queueOffset=offset, maxMsgNums=count,
                                  sysFlag=4 | (2 if suspend_ms else 0), commitOffset=0, suspendTimeoutMillis=suspend_ms,
                                  subscription=expression, subVersion=0, expressionType="TAG"))

    def read_queue(self, topic, queue, offset=0):
        """All messages from an offset to the end, as (queueOffset, body, properties)."""
        found = []
        while True:
            answer = self.pull(topic, queue, offset)
            if answer.code == 0:
                found += [(m["queueOffset"], m["body"], m["properties"]) for m in stored_messages(answer.body)]
            elif answer.code not in (20,):
                return found
            offset = int(answer.ext["nextBeginOffset"])


class Scripted:
    """A server that answers each request code as `answers` says: code -> dict of answer()'s arguments, or a function of the request."""

    def __init__(self, answers):
        self.answers, self.seen = answers, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addr = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Its thread must be gone before the descriptor is: it would accept, and answer, at whatever socket gets the number next.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()

    def accept(self):
        while True:
            try:
                accepted, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(Connection(self.addr, accepted=accepted),), daemon=True).start()

    def serve(self, connection):
        try:
            while True:
                request = connection.read_frame()
                self.seen.append(request)
                answer = self.answers.get(request.code, dict(code=3, remark=" request type %d not supported" % request.code))
                connection.answer(request, **(answer(request) if callable(answer) else answer))
        except OSError:
            pass


def stored_messages(data):
    """Decodes records back to back, as a pull's body holds them; checks their lengths."""
    at = 0
    while at < len(data):
        total, magic, crc, queue, flag, queue_offset, phy, sys_flag, born = struct.unpack_from(">iiiiiqqiq", data, at)
        magic &= 0xFFFFFFFF
        assert magic in (0xDAA320A7, 0xDAA320AB), f"magic {magic:x} at {at}"
        p = at + 48 + (20 if sys_flag & 0x10 else 8)
        store_time = struct.unpack_from(">q", data, p)[0]
        p += 8 + (20 if sys_flag & 0x20 else 8) + 4 + 8
        size = struct.unpack_from(">i", data, p)[0]
        body = data[p + 4:p + 4 + size]
        p += 4 + size
        size, p = (data[p], p + 1) if magic == 0xDAA320A7 else (struct.unpack_from(">h", data, p)[0], p + 2)   # topics over 127 bytes
        topic = data[p:p + size]
        p += size
        size = struct.unpack_from(">h", data, p)[0]
        pairs = [x.split("\x01", 1) for x in data[p + 2:p + 2 + size].decode().split("\x02") if x]
        assert p + 2 + size == at + total, "lengths of the record do not add up"
        yield dict(queueId=queue, queueOffset=queue_offset, physicalOffset=phy, storeTimestamp=store_time, body=body,
                   bornTimestamp=born, topic=topic.decode(), properties=dict(pairs))
        at += total
