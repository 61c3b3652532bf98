#!/usr/bin/python3
"""Steps of the voice filter's optimiser, against the same steps in PyTorch: one thread each, in turns.

    bench/bench_voice.py BUILD

A step: band gains of a linear map and slow moves, responses of minimum phase, the moving filter over four seconds, one
speaker encoder (kind statistics, random weights), the loss, its gradient, Adam, the projection. Both start from the
same map; the cosines at the end say that they went the same way. A ratio above 1 says that Scrim is faster; medians of
interleaved rounds, the least and the greatest behind.
"""
import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
import json
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch

torch.set_num_threads(1)
ROUNDS, STEPS = 5, 10
HOP, TAPS, BANDS, STATE, ORDER, MOVE = 320, 160, 24, 13, 96, 10
STRENGTH, PEAK, RATE = 6.0, 15.0, 1.0
LENGTH = 1024  # of the transforms that filter


def read_weights(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            tensors[name] = torch.from_numpy(np.frombuffer(data[begin:end], np.float32).reshape(entry["shape"]).copy())
    return tensors


class Encoder:
    """src/voice_deid/encoder_statistics.c behind front_end.c"""

    def __init__(self, path):
        self.w = read_weights(path)
        mel = lambda hz: 2595 * np.log10(1 + hz / 700)
        edges = 700 * (10 ** (np.linspace(mel(60), mel(7800), 42) / 2595) - 1)
        hz = np.arange(257) * 16000 / 512
        rise = (hz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
        fall = (edges[2:, None] - hz) / (edges[2:] - edges[1:-1])[:, None]
        self.triangles = torch.tensor(np.maximum(0, np.minimum(rise, fall)), dtype=torch.float32)
        angle = np.pi * np.arange(1, 25)[:, None] * (np.arange(40) + 0.5) / 40
        self.cosines = torch.tensor(np.sqrt(2 / 40) * np.cos(angle), dtype=torch.float32)
        self.hann = torch.hann_window(320)

    def norm(self, name, x):
        w = self.w
        return torch.nn.functional.batch_norm(x, w[name + ".running_mean"], w[name + ".running_var"],
                                              w[name + ".weight"], w[name + ".bias"], False, 0, 1e-5)

    def __call__(self, samples):
        frames = torch.fft.rfft(samples.unfold(0, 320, 160) * self.hann, 512)
        power = frames.real**2 + frames.imag**2
        x = (torch.log((power @ self.triangles.T).clamp(min=1e-6)) @ self.cosines.T).T
        x = x - x.mean()
        first = x[:, 2:] - x[:, :-2]
        second = first[:, 2:] - first[:, :-2]
        x = torch.cat([x[:, 2:-2], first[:, 1:-1], second])[None]
        for i in range(4):
            x = torch.relu(self.norm(f"unit.{i}.norm", torch.nn.functional.conv1d(x, self.w[f"unit.{i}.weight"])))
        x = torch.cat([x.mean(2), x.var(2, unbiased=False).clamp(min=1e-12).sqrt()], 1)
        x = self.norm("pooled", x)
        x = self.norm("out", torch.nn.functional.linear(x, self.w["head.weight"], self.w["head.bias"]))
        return torch.nn.functional.normalize(x[0], dim=0)


class Torch:
    def __init__(self, folder):
        load = lambda name, *shape: torch.from_numpy(np.fromfile(f"{folder}/{name}", np.float32).reshape(shape).copy())
        self.x, self.target, self.start = load("speech", -1), load("target", -1), load("map", BANDS, STATE)
        self.states, self.activity = load("states", -1, STATE), load("activity", -1)
        self.table = load("table", BANDS, ORDER)
        self.encoder = Encoder(f"{folder}/encoder")
        with torch.no_grad():
            halves = [self.encoder(self.x[:32000]), self.encoder(self.x[32000:])]
            self.source = torch.nn.functional.normalize(halves[0] + halves[1], dim=0)
        nodes = len(self.states)
        self.between = torch.zeros(nodes, nodes // MOVE + 2)
        for j in range(nodes):
            share = j % MOVE / MOVE
            self.between[j, j // MOVE] = (1 - share) * self.activity[j]
            self.between[j, j // MOVE + 1] = share * self.activity[j]
        # What each response is sent: the samples around its node, weighted; they do not change.
        padded = torch.nn.functional.pad(self.x, (HOP, HOP * nodes - len(self.x)))
        triangle = 1 - torch.abs(torch.arange(2 * HOP) - HOP) / HOP
        self.sent = torch.fft.rfft(padded.unfold(0, 2 * HOP, HOP)[:nodes] * triangle, LENGTH)

    def gains(self):
        raw = self.states @ self.map.T + self.between @ self.moves
        return PEAK * torch.tanh(raw / PEAK)

    def size(self):
        with torch.no_grad():
            return float((self.gains().square().sum() / (self.activity.sum() * BANDS)).sqrt())

    def scale(self, by):
        with torch.no_grad():
            self.map *= by
            self.moves *= by

    def output(self):
        cepstra = torch.nn.functional.pad(self.gains() @ self.table, (1, LENGTH - ORDER - 1))
        response = torch.fft.irfft(torch.exp(torch.fft.rfft(cepstra)), LENGTH)[:, :TAPS]
        frames = torch.fft.irfft(self.sent * torch.fft.rfft(response, LENGTH), LENGTH)[:, : 2 * HOP + TAPS]
        whole = HOP * (len(frames) - 1) + frames.shape[1]
        added = torch.nn.functional.fold(frames.T[None], (1, whole), (1, frames.shape[1]), stride=(1, HOP))
        return added[0, 0, 0, HOP : HOP + len(self.x)]

    def steps(self, n):
        """-> milliseconds a step, cosine to the source, to the target"""
        self.map = self.start.clone().requires_grad_()
        self.moves = torch.zeros(self.between.shape[1], BANDS, requires_grad=True)
        optimizer = torch.optim.Adam([self.map, self.moves], RATE, (0.9, 0.99))
        begin = time.perf_counter()
        for _ in range(6):
            self.scale(STRENGTH / self.size())
        for _ in range(n):
            optimizer.zero_grad()
            embedding = self.encoder(self.output())
            loss = torch.relu(1 - embedding @ self.target) + torch.relu(1 + embedding @ self.source)
            loss.backward()
            optimizer.step()
            size = self.size()
            if size > STRENGTH:
                self.scale(STRENGTH / size)
        with torch.no_grad():
            embedding = self.encoder(self.output())
        return 1e3 * (time.perf_counter() - begin) / n, float(embedding @ self.source), float(embedding @ self.target)


def main():
    program = f"{sys.argv[1]}/bench/bench_voice"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "prepare", folder], check=True)
        other = Torch(folder)
        other.steps(2)
        own, theirs = [], []
        for _ in range(ROUNDS):
            answer = subprocess.run([program, "steps", folder, str(STEPS)], check=True, capture_output=True, text=True)
            own.append([float(value) for value in answer.stdout.split()])
            theirs.append(other.steps(STEPS))
    ratios = [b[0] / a[0] for a, b in zip(own, theirs)]
    for name, rounds in ("scrim", own), ("pytorch", theirs):
        print(f"{name:8} {statistics.median(r[0] for r in rounds):8.2f} ms a step of 4 s   "
              f"cosine to source {rounds[0][1]:.3f}, to target {rounds[0][2]:.3f}")
    print(f"ratio    {statistics.median(ratios):8.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


main()
