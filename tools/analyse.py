#!/usr/bin/env python3
"""Clang's warnings and its analysis of what is guarded by which mutex, over every file that a configured folder would compile.

    analyse.py BUILD [REGEX]     BUILD has compile_commands.json of preset tidy; only files that match

Nothing is compiled to objects, which takes two thirds of a build's time. Last line: N passed, N failed (files).
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys


def analyse(entry):
    words = shlex.split(entry["command"])
    compiler = next(i for i, w in enumerate(words) if "clang" in pathlib.Path(w).name)
    words = words[compiler:]
    at = words.index("-o")
    del words[at:at + 2]
    r = subprocess.run([*words, "-fsyntax-only"], cwd=entry["directory"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return entry["file"], r.returncode, r.stdout


def main(build, wanted=""):
    entries = json.loads((pathlib.Path(build) / "compile_commands.json").read_text())
    entries = [e for e in entries if re.search(wanted, e["file"])]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for n, (file, status, text) in enumerate(pool.map(analyse, entries), 1):
            failed += status != 0
            print(f"[{n}/{len(entries)}] {os.path.relpath(file)}", flush=True)
            if text:
                print(text, flush=True)
    print(f"{len(entries) - failed} passed, {failed} failed")
    return 1 if failed or not entries else 0


sys.exit(main(*sys.argv[1:]))
