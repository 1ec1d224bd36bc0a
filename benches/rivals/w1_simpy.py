#!/usr/bin/env python3
"""W1 with SimPy: a process for each device and one for the monitor, as its tutorial would have it."""
import random, time

import simpy

from w1 import DEADLINE, DEFER, HORIZON, HOURS, MINUTES, answer, arguments, ends


class Ring:
    def __init__(self, r):
        self.defer, self.deadline = DEFER[r], DEADLINE[r]
        self.paused = False
        self.installed = self.failed = self.gave_up = 0
        self.installs = [0] * HOURS


class Fleet:
    def __init__(self, n, seed):
        self.env = simpy.Environment()
        self.random = random.Random(seed)
        self.rings = [Ring(r) for r in range(4)]
        self.events = 0
        self.paused_at = None
        cut = ends(n)
        for r, ring in enumerate(self.rings):
            for _ in range(cut[r], cut[r + 1]):
                self.env.process(self.device(ring))
        self.env.process(self.monitor())

    def wait_until_on(self, phase):
        """Minutes until the device is on: 8 hours a day from a phase of its own."""
        since = (self.env.now - phase) % 1_440
        return 0 if since < 480 else 1_440 - since

    def device(self, ring):
        env, uniform, exponential = self.env, self.random.random, self.random.expovariate
        yield env.timeout(ring.defer + uniform() * 1_320)
        if ring.paused:
            return
        self.events += 1
        yield env.timeout(exponential(1 / 30))
        self.events += 1
        phase = uniform() * 1_440
        for attempt in range(1, 6):
            yield env.timeout(self.wait_until_on(phase))
            self.events += 1
            yield env.timeout(10 + uniform() * 30)
            self.events += 1
            if uniform() >= 0.03:
                break
            if attempt == 5:
                ring.gave_up += 1
                return
            yield env.timeout(1_440)
        ring.installed += 1
        ring.installs[int(env.now // MINUTES)] += 1
        yield env.timeout(min(exponential(1 / 1_080), ring.deadline))
        self.events += 1
        if uniform() < 0.0005:
            yield env.timeout(exponential(1 / 360))
            ring.failed += 1
        else:
            yield env.timeout(1_440)
        self.events += 1

    def monitor(self):
        for _ in range(HOURS):
            yield self.env.timeout(MINUTES)
            now = self.env.now
            if any(r.installed >= 50 and r.failed > 0.02 * r.installed for r in self.rings):
                for ring in self.rings:
                    if ring.defer > now and not ring.paused:
                        ring.paused = True
                        self.paused_at = self.paused_at or now


args = arguments()
begin = time.perf_counter()
fleet = Fleet(args.devices, args.seed)
fleet.env.run(until=HORIZON)
elapsed = time.perf_counter() - begin
rings = fleet.rings
answer(
    "simpy",
    args,
    [r.installs for r in rings],
    [r.failed for r in rings],
    [r.gave_up for r in rings],
    fleet.events,
    fleet.paused_at,
    elapsed,
)
