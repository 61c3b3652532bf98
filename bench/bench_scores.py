#!/usr/bin/python3
"""The score filter against the reformer's network in PyTorch, one thread each, in turns; and its cost against batch and
index size.

    bench/bench_scores.py build/bench/bench_scores [--plot docs/speed_scores.svg]

Scrim's time is the whole of scrim_apply: row checks, the filter, rounding. "network" is strength 0, which runs the same
network as PyTorch on every row; "default" is the default strength, at which rows are ranked and given code words and
no network runs. PyTorch's time is the network's forward pass and softmax alone, in inference mode. A ratio above 1 says
that Scrim is faster. Each figure is the median of interleaved rounds, with the least and the greatest ratio behind it.
"""
import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
import statistics
import subprocess
import sys
import time

import torch

torch.set_num_threads(1)
ROUNDS = 7
NETWORK, DEFAULT = 1, 0  # the paths of bench_scores.c
SHAPES = {10: ((32, 64, 128), 2), 100: ((128, 256, 512), 20)}


class Reformer(torch.nn.Module):
    """The network of src/purifier/reformer.h."""

    def __init__(self, k):
        super().__init__()
        (h1, h2, h3), latent = SHAPES[k]
        block = lambda i, o: [torch.nn.Linear(i, o), torch.nn.BatchNorm1d(o), torch.nn.ReLU()]
        self.encoder = torch.nn.Sequential(*block(2 * k, h1), *block(h1, h2), *block(h2, h3))
        self.mean = torch.nn.Linear(h3, latent)
        self.decoder = torch.nn.Sequential(
            torch.nn.Linear(latent + k, h3), *block(h3, h2), *block(h2, h1), torch.nn.Linear(h1, k))

    def forward(self, scores, one_hot):
        z = self.mean(self.encoder(torch.cat([scores, one_hot], 1)))
        return torch.softmax(self.decoder(torch.cat([z, one_hot], 1)), 1)


def torch_seconds(k, batch, calls):
    torch.manual_seed(1)
    network = Reformer(k).eval()
    scores = torch.softmax(torch.randn(batch, k), 1)
    with torch.inference_mode():
        for i in range(calls + 1 + calls // 10):
            if i == 1 + calls // 10:
                start = time.perf_counter()
            one_hot = torch.nn.functional.one_hot(scores.argmax(1), k).float()
            network(scores, one_hot)
        return time.perf_counter() - start


class Scrim:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def seconds(self, k, batch, path, members, calls):
        self.process.stdin.write(f"{k} {batch} {path} {members} {calls}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


def ratio(theirs, ours):
    ratios = [b / a for a, b in zip(ours, theirs)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}..{max(ratios):.2f})"


def compare(scrim):
    print("microseconds a row; ratio: PyTorch's network / Scrim")
    print("| K | batch | PyTorch, network | Scrim, network | ratio | Scrim, default | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for k in SHAPES:
        for batch, calls in ((1, 2000), (64, 200), (4096, 8)):
            theirs, network, default = [], [], []
            for _ in range(ROUNDS):
                unit = 1e6 / calls / batch
                theirs.append(torch_seconds(k, batch, calls) * unit)
                network.append(scrim.seconds(k, batch, NETWORK, 0, calls) * unit)
                default.append(scrim.seconds(k, batch, DEFAULT, 0, calls) * unit)
            print(f"| {k} | {batch} | {statistics.median(theirs):.3g} "
                  f"| {statistics.median(network):.3g} | {ratio(theirs, network)} "
                  f"| {statistics.median(default):.3g} | {ratio(theirs, default)} |", flush=True)


def plot(scrim, file):
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6))
    batches = [1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096]
    sizes = [100, 1000, 10000, 100000, 1000000]
    for k in SHAPES:
        for path, name, line in ((NETWORK, "network", "o-"), (DEFAULT, "default", "s--")):
            cost = []
            for batch in batches:
                calls = 4096 // batch + 2
                rounds = [scrim.seconds(k, batch, path, 0, calls) for _ in range(3)]
                cost.append(statistics.median(rounds) / calls / batch * 1e6)
            left.plot(batches, cost, line, label=f"K = {k}, {name}")
        some = sizes if k == 10 else sizes[:-1]
        cost = [scrim.seconds(k, 64, DEFAULT, n, 50) / 50 / 64 * 1e6 for n in some]
        right.plot(some, cost, "o-", label=f"K = {k}, default")
    left.set(xscale="log", yscale="log", xlabel="rows a call", ylabel="microseconds a row", title="batch size")
    right.set(xscale="log", xlabel="members in the swap index", ylabel="microseconds a row",
              title="index size, batch 64", ylim=(0, None))
    for axes in (left, right):
        axes.legend()
        axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(file)


scrim = Scrim(sys.argv[1])
compare(scrim)
if "--plot" in sys.argv:
    plot(scrim, sys.argv[sys.argv.index("--plot") + 1])
