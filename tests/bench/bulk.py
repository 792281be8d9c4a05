"""Many sends from one connection."""
import json
import socket
import struct
import time

WINDOW = 512


def frame_of(opaque, topic, queue, properties, body):
    header = json.dumps({"code": 310, "language": "JAVA", "version": 317, "opaque": opaque, "flag": 0, "serializeTypeCurrentRPC": "JSON",
                         "extFields": dict(a="bench", b=topic, c="TBW102", d="8", e=str(queue), f="0", g=str(int(time.time() * 1000)), h="0",
                                           i=properties, j="0", k="false", m="false")}).encode()
    return struct.pack(">II", 4 + len(header) + len(body), len(header)) + header + body


def send_all(addr, topic, count, properties_of, queues=8, body=b"x" * 128):
    """Sends them, WINDOW outstanding; each must be acknowledged."""
    host, port = addr.rsplit(":", 1)
    with socket.create_connection((host, int(port)), 10) as s:
        sent = answered = 0
        buffer = bytearray()
        while answered < count:
            if sent < count and sent - answered <= WINDOW // 2:
                part = min(WINDOW - (sent - answered), count - sent)
                s.sendall(b"".join(frame_of(n, topic, n % queues, properties_of(n), body) for n in range(sent, sent + part)))
                sent += part
            data = s.recv(1 << 18)
            if not data:
                raise ConnectionError("closed by the broker")
            buffer += data
            at = 0
            while len(buffer) - at >= 8:
                total, size = struct.unpack_from(">II", buffer, at)
                if len(buffer) - at < 4 + total:
                    break
                header = json.loads(buffer[at + 8:at + 8 + (size & 0xFFFFFF)])
                if header.get("code", 0) != 0:
                    raise RuntimeError(f"a send was refused: {header}")
                answered += 1
                at += 4 + total
            del buffer[:at]
