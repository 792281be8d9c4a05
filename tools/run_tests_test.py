"""What ./test needs no packages for. python3 tools/run_tests_test.py"""
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent


class RunTests(unittest.TestCase):
    def test_asking_installs_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            asked = pathlib.Path(folder, "asked")
            for name in ("dpkg-query", "apt-get", "sudo"):   # as where every package is missing
                stub = pathlib.Path(folder, name)
                stub.write_text(f"#!/bin/sh\necho {name} >> {asked}\nexit 1\n")
                stub.chmod(0o755)
            for words, status, text in ((["list"], 0, "build-dev"), (["--help"], 0, "./test quick"), (["nosuch"], 2, "unknown step nosuch")):
                done = subprocess.run([ROOT / "test", *words], env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                self.assertEqual(done.returncode, status, done.stdout)
                self.assertIn(text, done.stdout)
                self.assertFalse(asked.exists(), words)


unittest.main()
