#!/usr/bin/env python3
"""W2 with numpy: 200 policies x 20 replications of W1 at 10 000 devices, split over processes.

usage: w2_numpy.py [PROCESSES]

Policy p has a = p % 5, b = p / 5 % 5, c = p / 25; its rings wait 0, 1+a, 4+a+b, 6+a+b+c days and their deadlines are
0, 1+a, 1+b, 2+c%4 days. `elapsed_s` is from the first process started with its libraries loaded to the last row.
"""
import json, multiprocessing, sys, time

import numpy as np

from w1 import ends
from w1_numpy import run

DAY = 1_440.0
DEVICES, POLICIES, REPLICATIONS = 10_000, 200, 20


def policy(p):
    a, b, c = p % 5, p // 5 % 5, p // 25
    defer = [0.0, (1 + a) * DAY, (4 + a + b) * DAY, (6 + a + b + c) * DAY]
    return defer, [0.0, (1 + a) * DAY, (1 + b) * DAY, (2 + c % 4) * DAY]


def rows(p):
    """Mean hour at which 95 % of Broad run the release (after the restart), and mean number of failure reports."""
    defer, deadline = policy(p)
    broad = ends(DEVICES)[4] - ends(DEVICES)[3]
    hours, failed = [], []
    for k in range(REPLICATIONS):
        _, restarts, reports, _, _, _ = run(np.random.default_rng(p * REPLICATIONS + k), DEVICES, defer, deadline)
        hours.append(int(np.searchsorted(restarts[3].cumsum(), 0.95 * broad)) + 1)
        failed.append(int(reports.sum()))
    return float(np.mean(hours)), float(np.mean(failed))


if __name__ == "__main__":
    processes = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    with multiprocessing.Pool(processes) as pool:
        pool.map(rows, range(processes), chunksize=1)  # libraries are loaded and warm
        begin = time.perf_counter()
        found = pool.map(rows, range(POLICIES), chunksize=4)
        elapsed = time.perf_counter() - begin
    runs = POLICIES * REPLICATIONS
    print(json.dumps(dict(impl=f"numpy-w2-{processes}", runs=runs, elapsed_s=elapsed, ms_per_run=elapsed * 1e3 / runs,
                          mean_h95=float(np.mean([h for h, _ in found])), mean_failed=float(np.mean([f for _, f in found])))))
