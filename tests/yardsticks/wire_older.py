#!/usr/bin/env python3
"""Runs the wire checks as a client of an older release, against what the servers of that release answered.

    wire_older.py SUITE --client 407 --differs FILE [--whole] [the options of SUITE/run]

FILE lists what may differ, a difference a line: check, difference as the checks print it (both regular expressions that match all of it),
reason. A difference that is not listed fails its check; with --whole, a listed one that does not come up fails the run.
"""
import argparse
import json
import pathlib
import re
import sys

sys.dont_write_bytecode = True
NEWEST = 479   # what the checks' frames say of themselves


class Listed:
    def __init__(self, path):
        self.entries, self.met = [], set()
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line and not line.startswith("#"):
                check, difference, _ = line.split("\t")
                self.entries.append((number, re.compile(check), re.compile(difference, re.S)))

    def has(self, check, line):
        fits = {number for number, c, d in self.entries if c.fullmatch(check) and d.fullmatch(line)}
        self.met |= fits
        return bool(fits)

    def unmet(self):
        return [(number, c.pattern, d.pattern) for number, c, d in self.entries if number not in self.met]


def main():
    p = argparse.ArgumentParser(allow_abbrev=False)
    p.add_argument("suite", type=pathlib.Path)
    p.add_argument("--client", type=int, required=True)
    p.add_argument("--differs", type=pathlib.Path, required=True)
    p.add_argument("--whole", action="store_true")
    a, sys.argv[1:] = p.parse_known_args()
    sys.path.insert(0, str(a.suite))
    import remoting
    for of in (remoting.Conn, remoting.Frame):
        of.__init__.__defaults__ = tuple(a.client if x == NEWEST else x for x in of.__init__.__defaults__)
    import harness
    harness.short = lambda value: json.dumps(value, ensure_ascii=False)   # all of it, for a pattern to match
    perform, listed = harness.perform, Listed(a.differs)

    def without_listed(check, *more):
        verdict, ms, reason, lines = perform(check, *more)
        if verdict != "FAIL" or not reason.endswith(" differences"):
            return verdict, ms, reason, lines
        left = [x for x in lines if not listed.has(check["id"], x)]
        return ("FAIL", ms, f"{len(left)} differences that are not listed", left) if left else ("PASS", ms, check["title"], [])

    harness.perform = without_listed
    status = harness.main(a.suite)
    for number, check, difference in listed.unmet() if a.whole else []:
        print(f"FAIL {a.differs.name}:{number} is listed and did not come up: {check} {difference}")
        status = 1
    return status


sys.exit(main())
