#!/usr/bin/python3
"""One training step of the confidence reformer, Scrim against PyTorch, one thread each.

    bench_training.py [BUILD [cuda]]

Runs build/bench/bench_training and the same network in PyTorch in turn, ROUNDS times, and prints the median of
each and the ratio (above 1: Scrim is faster). Needs python3-torch. PyTorch gets the faster of its two Adam
implementations. With "cuda", both train on the GPU, and larger batches come in.
"""
import os
import statistics
import subprocess
import sys

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
import torch
from torch import nn
from torch.nn import functional as F

from torch_peer import Peer, Reformer

ROUNDS = 5
WARM_UP = 20
CASES = [(10, 50, 600), (10, 256, 300), (100, 50, 150), (100, 256, 60)]  # classes, batch, steps a round
CUDA_CASES = CASES + [(100, 4096, 100), (100, 32768, 30)]
DEVICE = "cuda" if len(sys.argv) > 2 and sys.argv[2] == "cuda" else "cpu"
SIZES = {10: ((32, 64, 128), 2), 100: ((128, 256, 512), 20)}


class Torch(Peer):
    def __init__(self, classes, batch, foreach):
        torch.manual_seed(1)
        self.labels = torch.randint(classes, (batch,)).to(DEVICE)
        self.one_hot = F.one_hot(self.labels, classes).float()
        scores = torch.rand(batch, classes).to(DEVICE) + classes * self.one_hot
        self.scores = scores / scores.sum(1, keepdim=True)
        self.x = torch.cat([self.scores, self.one_hot], 1)
        self.net = Reformer(classes, *SIZES[classes])
        for layer in self.net.modules():
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, 0, 0.01)
                nn.init.zeros_(layer.bias)
        self.net.to(DEVICE)
        self.adam = torch.optim.Adam(self.net.parameters(), lr=1e-3, betas=(0.5, 0.999), amsgrad=True,
                                     foreach=foreach)

    def loss(self):
        return self.net.loss(self.x, self.one_hot, self.scores, self.labels)


def scrim(program, classes, batch, steps):
    words = [program, str(classes), str(batch), str(steps)] + ["cuda"] * (DEVICE == "cuda")
    out = subprocess.run(words, check=True, capture_output=True, text=True)
    values, before, after, median = out.stdout.split()
    if not float(after) < float(before):
        sys.exit(f"bench_training: the loss went from {before} to {after}")
    return int(values), float(median)


def torch_faster(classes, batch, steps):
    """The faster of PyTorch's two implementations of Adam, warm."""
    both = [Torch(classes, batch, foreach) for foreach in (False, True)]
    for one in both:
        one.median(WARM_UP)
    return min(both, key=lambda one: one.median(steps))


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("BUILD", "build")
    program = os.path.join(build, "bench", "bench_training")
    os.environ["BUILD"] = build
    torch.set_num_threads(1)
    where = torch.cuda.get_device_name() if DEVICE == "cuda" else "one thread"
    print(f"training step, PyTorch {torch.__version__} against Scrim, {where}, medians of {ROUNDS} rounds")
    print("classes  batch  values   pytorch us   scrim us   ratio (rounds)")
    for classes, batch, steps in CUDA_CASES if DEVICE == "cuda" else CASES:
        peer = torch_faster(classes, batch, steps)
        ours, theirs = [], []
        for _ in range(ROUNDS):
            values, median = scrim(program, classes, batch, steps)
            ours.append(median)
            theirs.append(peer.median(steps))
        if values != peer.values():
            sys.exit(f"bench_training: {values} values here, {peer.values()} in PyTorch")
        ratios = sorted(b / a for a, b in zip(ours, theirs))
        print(f"{classes:7} {batch:6} {values:7} {1e6 * statistics.median(theirs):12.0f}"
              f" {1e6 * statistics.median(ours):10.0f}   {statistics.median(ratios):.2f}"
              f" ({ratios[0]:.2f}..{ratios[-1]:.2f})")


if __name__ == "__main__":
    main()
