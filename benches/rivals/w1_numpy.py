#!/usr/bin/env python3
"""W1 with numpy, as one would write it in a notebook: a ring at a time, a whole column for each step.

It uses what is special about W1: the monitor can only stop rings that have not started, so a ring that starts
before the monitor trips can be played to its end at once.
"""
import time

import numpy as np

from w1 import DEADLINE, DEFER, HORIZON, HOURS, MINUTES, answer, arguments, ends

STEP = 1 << 16  # devices in hand at a time: the columns stay in the cache


def next_on(t, phase):
    since = (t - phase) % 1_440
    return np.where(since < 480, t, t + 1_440 - since)


def hourly(t):
    return np.bincount((t[t < HORIZON] // MINUTES).astype(np.int64), minlength=HOURS)[:HOURS]


def play(rng, n, defer, deadline):
    """(hourly installs, hourly restarts, hourly failure reports, gave up, events) of n devices of a ring."""
    seen = lambda t: int(np.count_nonzero(t < HORIZON))
    t = defer + rng.random(n) * 1_320
    events = seen(t)
    t += rng.exponential(30, n)
    events += seen(t)
    phase = rng.random(n) * 1_440
    installed, gave_up = [], 0
    for attempt in range(1, 6):
        t = next_on(t, phase)
        events += seen(t)
        t = t + 10 + rng.random(t.size) * 30
        events += seen(t)
        failed = rng.random(t.size) < 0.03
        installed.append(t[~failed])
        t, phase = t[failed] + 1_440, phase[failed]
        if attempt == 5:
            gave_up = seen(t - 1_440)
    installs = np.concatenate(installed)
    restart = installs + np.minimum(rng.exponential(1_080, installs.size), deadline)
    bad = rng.random(restart.size) < 0.0005
    report = restart[bad] + rng.exponential(360, int(bad.sum()))
    events += seen(restart) + seen(report) + seen(restart[~bad] + 1_440)
    return hourly(installs), hourly(restart), hourly(report), gave_up, events


def first_trip(installed, failed):
    """The monitor's first hour with at least 50 installed and more than 2 % of them failed."""
    a, b = installed.cumsum(), failed.cumsum()
    hits = np.flatnonzero((a >= 50) & (b > 0.02 * a))
    return int(hits[0]) + 1 if hits.size else None


def run(rng, devices, defer=DEFER, deadline=DEADLINE):
    """By ring hourly installs, restarts and failure reports, and who gave up; events; when it was paused."""
    cut = ends(devices)
    installs, restarts, reports = (np.zeros((4, HOURS), dtype=np.int64) for _ in range(3))
    gave_up, events, paused_at = [0] * 4, 0, None
    for ring in range(4):
        if paused_at is not None and paused_at < defer[ring]:
            continue
        left = cut[ring + 1] - cut[ring]
        while left:
            n = min(left, STEP)
            left -= n
            i, r, f, g, e = play(rng, n, defer[ring], deadline[ring])
            installs[ring] += i
            restarts[ring] += r
            reports[ring] += f
            gave_up[ring] += g
            events += e
        trip = first_trip(installs[ring], reports[ring])
        if trip is not None and (paused_at is None or trip * MINUTES < paused_at) and trip * MINUTES < defer[3]:
            paused_at = trip * MINUTES
    return installs, restarts, reports, gave_up, events, paused_at


if __name__ == "__main__":
    args = arguments()
    begin = time.perf_counter()
    installs, _, reports, gave_up, events, paused_at = run(np.random.default_rng(args.seed), args.devices)
    elapsed = time.perf_counter() - begin
    answer("numpy", args, installs, reports.sum(axis=1), gave_up, events, paused_at, elapsed)
