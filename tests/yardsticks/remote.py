#!/usr/bin/env python3
"""Lets other programs kill and start servers of a cluster: remote.py SOCKET kill|start NAME. Exit 0 when it is done."""
import contextlib
import pathlib
import shlex
import socket
import socketserver
import sys
import threading


@contextlib.contextmanager
def controlled(servers, folder):
    """Serves `servers` (name -> Server) while the block runs; gives the command to be put before "kill NAME" and "start NAME"."""
    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            try:
                action, name = self.rfile.readline().decode().split()
                {"kill": servers[name].kill, "start": servers[name].start}[action]()
                self.wfile.write(b"done")
            except Exception as e:   # told to who asked
                self.wfile.write(f"{type(e).__name__}: {e}".encode())

    path = str(pathlib.Path(folder) / "control")
    with socketserver.ThreadingUnixStreamServer(path, Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield shlex.join([sys.executable, "-B", __file__, path])
        finally:
            server.shutdown()


if __name__ == "__main__":
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(sys.argv[1])
        s.sendall(" ".join(sys.argv[2:]).encode() + b"\n")
        said = b"".join(iter(lambda: s.recv(4096), b"")).decode()
    sys.exit(None if said == "done" else said)
