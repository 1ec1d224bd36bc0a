#!/usr/bin/env python3
"""Do two programs install W1 alike? Two-sample chi-square of the hourly installs of each ring.

usage: same_curves.py A.json B.json
A file is what a rival writes with `--hist` (four lists of 960 counts), or what Rollcast prints:
  rollcast run scenarios/bench/w1.yaml --set 'device.restart.user=0 s' --format json > A.json
Without the wait for the restart a device is patched when it is installed; nothing before that changes.
Only the standard library is used. Exit code 1 if a ring differs at alpha 0.001, Bonferroni over the rings.
"""
import json, math, sys

ALPHA = 0.001
LEAST = 5  # expected count that a cell must have in the smaller sample; neighbours are joined until it has


def installs(path):
    with open(path) as file:
        data = json.load(file)
    if isinstance(data, list):
        return [("Test", "First", "Fast", "Broad")[r] for r in range(4)], data
    rings = data["releases"][0]["rings"]
    curves = [ring["curve"]["patched"] for ring in rings]
    return [ring["name"] for ring in rings], [[b - a for a, b in zip([0] + c, c)] for c in curves]


def upper_gamma(a, x):
    """The regularised upper incomplete gamma function: series below a + 1, continued fraction above."""
    if x <= 0:
        return 1.0
    front = math.exp(-x + a * math.log(x) - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        n = a
        while abs(term) > abs(total) * 1e-15:
            n += 1
            term *= x / n
            total += term
        return 1 - total * front
    tiny = 1e-300
    b = x + 1 - a
    c, d = 1 / tiny, 1 / b
    h = d
    for i in range(1, 10_000):
        an = -i * (i - a)
        b += 2
        d = 1 / ((an * d + b) or tiny)
        c = (b + an / c) or tiny
        h *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return h * front


def compare(a, b):
    """(chi-square, degrees of freedom, p) of two histograms."""
    left, right = sum(a), sum(b)
    least = LEAST * (left + right) / min(left, right)
    cells, x, y = [], 0, 0
    for p, q in zip(a, b):
        x, y = x + p, y + q
        if x + y >= least:
            cells.append((x, y))
            x = y = 0
    if cells and x + y:
        cells[-1] = (cells[-1][0] + x, cells[-1][1] + y)
    k = math.sqrt(right / left)
    chi = sum((k * x - y / k) ** 2 / (x + y) for x, y in cells)
    df = len(cells) - 1
    return chi, df, upper_gamma(df / 2, chi / 2)


names, ours = installs(sys.argv[1])
_, theirs = installs(sys.argv[2])
differs = False
for name, a, b in zip(names, ours, theirs):
    chi, df, p = compare(a, b)
    differs |= p < ALPHA / len(names)
    print(f"{name:6} installed {sum(a)} {sum(b)}  chi-square {chi:.1f} on {df}  p = {p:.4f}")
print("different" if differs else "no difference")
sys.exit(differs)
