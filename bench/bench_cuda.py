#!/usr/bin/python3
"""One training step of each filter's network, Scrim against PyTorch on the same GPU, in turns.

    bench_cuda.py PROGRAM [JSON] [--small]

PROGRAM is build/bench_cuda; cuda_steps.c has its side. A step: the batch goes from the host to the GPU (pinned memory
in PyTorch), forward, backward, the optimiser, the loss comes back. PyTorch runs eagerly, with the fastest of its three
Adams. Medians of ROUNDS rounds; a ratio above 1 says that Scrim is faster, the least and the greatest behind it.
--small: on the processor, against the emulation of the tests, whose times mean nothing.
"""
import json
import math
import os
import statistics
import subprocess
import sys

import torch
from torch import nn
from torch.nn import functional as F

from torch_peer import Peer, Reformer

ROUNDS, WARM_UP = 3, 10
CLASSES, POINTS, SAMPLES = 100, 512, 32000
SMALL = "--small" in sys.argv
DEVICE = "cpu" if SMALL else "cuda"
CASES = [("scores", 50, 200), ("scores", 1024, 100), ("cloud", 8, 100), ("cloud", 64, 40), ("voice", 32, 40)]


class Scores(Reformer):
    adam = dict(kind=torch.optim.Adam, lr=1e-3, betas=(0.5, 0.999), amsgrad=True)

    def __init__(self, batch):
        super().__init__(CLASSES, (128, 256, 512), 20)
        labels = torch.arange(batch) * 31 % CLASSES
        one_hot = F.one_hot(labels, CLASSES).float()
        scores = torch.rand(batch, CLASSES) + CLASSES * one_hot
        scores = scores / scores.sum(1, keepdim=True)
        self.batch = [torch.cat([scores, one_hot], 1), one_hot, scores, labels]


class Layer(nn.Module):
    def __init__(self, n_in, n_out, told):
        super().__init__()
        self.linear, self.gate = nn.Linear(n_in, n_out), nn.Linear(told, n_out)
        self.shift = nn.Linear(told, n_out, bias=False)

    def forward(self, x, told):
        """x [clouds, points, in], told [clouds, ...]"""
        return self.linear(x) * torch.sigmoid(self.gate(told))[:, None] + self.shift(told)[:, None]


class Cloud(nn.Module):
    """src/pointcloud_defense/prior.h"""

    adam = dict(kind=torch.optim.Adam, lr=2e-3, clip=10)

    def __init__(self, batch):
        super().__init__()
        w, latent, numbers, ways, times = 32, 16, 77, 11, 3
        widths = [numbers, w, w, 2 * w, 4 * w]
        self.encoder = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths, widths[1:]))
        self.head = nn.Sequential(nn.Linear(4 * w, 2 * w), nn.ReLU(), nn.Linear(2 * w, w), nn.ReLU(),
                                  nn.Linear(w, latent))
        self.gauge = nn.Linear(latent, 1)
        widths = [numbers, w, 2 * w, 4 * w, 2 * w, w, ways]
        self.layers = nn.ModuleList(Layer(a, b, latent + times) for a, b in zip(widths, widths[1:]))
        self.batch = [torch.randn(batch, POINTS, numbers), torch.randn(batch, times),
                      torch.randn(3, batch, POINTS, ways), torch.randn(batch, POINTS, 3), torch.randn(batch, 1)]

    def loss(self, x, times, ways, target, gauge):
        h = x
        for layer in self.encoder:
            h = F.relu(layer(h))
        latent = self.head(h.mean(1))
        told = torch.cat([latent, times], 1)
        h = x
        for i, layer in enumerate(self.layers):
            h = layer(h, told)
            if i + 1 < len(self.layers):
                h = F.leaky_relu(h, 0.01)
        epsilon = -(h * ways).sum(3).permute(1, 2, 0)
        return F.mse_loss(epsilon, target) + 0.2 * F.mse_loss(self.gauge(latent), gauge)


class Voice(nn.Module):
    """src/voice_deid/encoder_statistics.c behind front_end.c, and an additive angular margin"""

    adam = dict(kind=torch.optim.AdamW, lr=1e-3, weight_decay=1e-4, clip=10)

    def __init__(self, batch):
        super().__init__()
        w, d, cepstra, bands = 192, 128, 24, 40
        mel = lambda hz: 2595 * math.log10(1 + hz / 700)
        edges = 700 * (10 ** (torch.linspace(mel(60), mel(7800), bands + 2) / 2595) - 1)
        hz = torch.arange(257) * 16000 / 512
        rise = (hz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
        fall = (edges[2:, None] - hz) / (edges[2:] - edges[1:-1])[:, None]
        angle = math.pi * torch.arange(1, cepstra + 1)[:, None] * (torch.arange(bands) + 0.5) / bands
        self.register_buffer("triangles", torch.minimum(rise, fall).clamp(min=0))
        self.register_buffer("cosines", math.sqrt(2 / bands) * torch.cos(angle))
        self.register_buffer("hann", torch.hann_window(320))
        units = []
        for i in range(4):
            units += [nn.Conv1d(w if i else 3 * cepstra, w, 1, bias=False), nn.BatchNorm1d(w), nn.ReLU()]
        self.units = nn.Sequential(*units)
        self.pooled, self.head, self.out = nn.BatchNorm1d(2 * w), nn.Linear(2 * w, d), nn.BatchNorm1d(d)
        self.centres = nn.Parameter(0.1 * torch.randn(CLASSES, d))
        self.batch = [torch.rand(batch, SAMPLES) * 2 - 1, torch.arange(batch) % CLASSES]

    def embed(self, samples):
        samples = samples / samples.pow(2).mean(1, keepdim=True).sqrt()
        frames = torch.fft.rfft(samples.unfold(1, 320, 160) * self.hann, 512)
        power = frames.real**2 + frames.imag**2
        x = (torch.log((power @ self.triangles.T).clamp(min=1e-6)) @ self.cosines.T).transpose(1, 2)
        x = x - x.mean((1, 2), keepdim=True)
        first = x[:, :, 2:] - x[:, :, :-2]
        second = first[:, :, 2:] - first[:, :, :-2]
        x = self.units(torch.cat([x[:, :, 2:-2], first[:, :, 1:-1], second], 1))
        x = torch.cat([x.mean(2), x.var(2, unbiased=False).clamp(min=1e-12).sqrt()], 1)
        return F.normalize(self.out(self.head(self.pooled(x))))

    def loss(self, samples, labels):
        cosine = self.embed(samples) @ F.normalize(self.centres).T
        own = cosine.gather(1, labels[:, None])
        sine = (1 - own**2).clamp(min=1e-9).sqrt()
        moved = cosine.scatter(1, labels[:, None], own * math.cos(0.2) - sine * math.sin(0.2))
        return F.cross_entropy(30 * moved, labels)


class Torch(Peer):
    def __init__(self, name, batch, how):
        torch.manual_seed(1)
        net = {"scores": Scores, "cloud": Cloud, "voice": Voice}[name](batch)
        self.host = [x if SMALL else x.pin_memory() for x in net.batch]
        self.net = net.to(DEVICE)
        settings = dict(net.adam)
        self.clip = settings.pop("clip", None)
        self.adam = settings.pop("kind")(net.parameters(), **settings, **how)

    def loss(self):
        return self.net.loss(*[x.to(DEVICE, non_blocking=True) for x in self.host])


def fastest(name, batch, steps):
    """The fastest of PyTorch's implementations of Adam, warm; those that this version has."""
    several = []
    for how in ({"foreach": False}, {"foreach": True}, {"fused": True}):
        try:
            one = Torch(name, batch, how)
            one.median(WARM_UP)
            several.append((one.median(steps), len(several), one))
        except (TypeError, RuntimeError, ValueError):
            continue
    return min(several)[2]


def scrim(program, name, batch, steps):
    libraries = os.environ.get("SCRIM_LIBRARIES", os.environ.get("LD_LIBRARY_PATH", ""))
    out = subprocess.run([program, "steps", "cuda", name, str(batch), str(steps)], check=True, stdout=subprocess.PIPE,
                         text=True, env={**os.environ, "LD_LIBRARY_PATH": libraries})
    values, before, after, median = out.stdout.split()
    if not float(after) < float(before):
        print(f"bench_cuda: {name}: the loss went from {before} to {after}")
    return int(values), float(median)


def main():
    arguments = [a for a in sys.argv[1:] if a != "--small"]
    program = arguments[0]
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False  # as Scrim is unless it is asked
    print(f"\nA step of training, PyTorch {torch.__version__} against Scrim, float32\n")
    print("| network | batch | values | PyTorch us | Scrim us | ratio |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, batch, steps in [(n, 2, 1) for n in ("scores", "cloud", "voice")] if SMALL else CASES:
        peer = fastest(name, batch, steps)
        ours, theirs = [], []
        for _ in range(1 if SMALL else ROUNDS):
            values, median = scrim(program, name, batch, steps)
            ours.append(median)
            theirs.append(peer.median(steps))
        if values != peer.values():
            sys.exit(f"bench_cuda: {name}: {values} values here, {peer.values()} in PyTorch")
        ratios = sorted(b / a for a, b in zip(ours, theirs))
        pair = [1e6 * statistics.median(times) for times in (theirs, ours)]
        print(f"| {name} | {batch} | {values} | {pair[0]:.0f} | {pair[1]:.0f} | {statistics.median(ratios):.2f} "
              f"({ratios[0]:.2f}..{ratios[-1]:.2f}) |", flush=True)
        if len(arguments) > 1:
            with open(arguments[1], "a") as file:
                json.dump({"part": "pytorch", "what": name, "batch": batch, "pytorch_us": pair[0], "scrim_us": pair[1],
                           "ratio": statistics.median(ratios), "aim": 1}, file)
                file.write("\n")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main()
