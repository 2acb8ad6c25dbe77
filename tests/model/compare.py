#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compares the core with the model, over products of the inputs' classes, and proves properties.

    compare.py [DRIVER]           everything, as TAP; DRIVER: decide-cases, by default the one of
                                  the build tree TLSFLOOR_BUILD (or of the current directory)
    compare.py --quick [DRIVER]   a sample of every product; exit status 1 on the first difference

Every case is compared in action, reason, rule, floor, mode, exception and whether it is audited.
products.py says which cases there are and why these, properties.py what is proven of them.
"""

import functools
import multiprocessing
import os
import sys

from cases import drive, known_suites
from products import LEAST_SUITES, PRODUCTS, quick_run
from properties import LADDER_PROPERTIES, PROPERTIES, version_ladders


def quick(driver):
    text, answer = quick_run(known_suites(driver))
    same = b"".join(line + b"\n" for line in drive(driver, text)) == answer
    print("the core and the model", "agree" if same else "disagree")
    return 0 if same else 1


class Tap:
    def __init__(self):
        self.points = self.failed = 0

    def point(self, good, name, details=()):
        self.points += 1
        self.failed += not good
        print("%s %d - %s" % ("ok" if good else "not ok", self.points, name))
        for line in "\n".join(details).splitlines():
            print("# " + line)
        sys.stdout.flush()


JOBS = []  # (product, its comparison, a block): known to every process, which is told an index


def do_job(driver, index):
    name, compare, block = JOBS[index]
    return (name,) + compare(driver, block)


def compare_products(tap, driver, suites, pool):
    count = len(set(suites.values()))
    tap.point(count >= LEAST_SUITES, "the core knows at least %d suites" % LEAST_SUITES,
              ["it knows %d" % count])
    total = 0
    results = {name: [0, 0, []] for name in PRODUCTS}
    for name, cases, count, words in pool.imap_unordered(functools.partial(do_job, driver),
                                                         range(len(JOBS))):
        results[name][0] += cases
        results[name][1] += count
        results[name][2] += words
    for name, (cases, count, words) in results.items():
        want = PRODUCTS[name][2](len(suites))
        tap.point(not count, "product %s: %d cases" % (name, cases),
                  ["%d differences" % count] * bool(count) + words[:10])
        tap.point(cases == want, "product %s has all its cases" % name,
                  ["%d instead of %d" % (cases, want)] * (cases != want))
        total += cases
    print("# %d suite names, %d cases compared" % (len(suites), total))


def check_properties(tap, driver, suites):
    ladders = list(version_ladders(driver, suites))
    for name, broken in LADDER_PROPERTIES:
        words = list(broken(ladders))
        tap.point(not words, name, words[:10])
    for name, broken in PROPERTIES:
        words = list(broken(driver, suites))
        tap.point(not words, name, words[:10])


def main(arguments):
    quickly = arguments[:1] == ["--quick"]
    build = os.environ.get("TLSFLOOR_BUILD", ".")
    driver = (arguments[quickly:] or [os.path.join(build, "tests/model/decide-cases")])[0]
    if quickly:
        return quick(driver)
    suites = known_suites(driver)
    JOBS.extend((name, compare, block) for name, (make, compare, _) in PRODUCTS.items()
                for block in make(suites))
    tap = Tap()
    print("1..%d" % (1 + 2 * len(PRODUCTS) + len(LADDER_PROPERTIES) + len(PROPERTIES)))
    with multiprocessing.Pool(2) as pool:
        compare_products(tap, driver, suites, pool)
    check_properties(tap, driver, suites)
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
