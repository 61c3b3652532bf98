#!/usr/bin/python3
"""Objects restored by the prior, against the same network and sampler in PyTorch: one thread each, in turns.

    bench/bench_prior.py BUILD FILTER [OBJECTS]

Scrim's time is the whole of scrim_apply: the survey of the frame, sorting, noise, features, network. PyTorch's is
features, network and steps; its neighbours come from torch.cdist and topk, its planes from torch.linalg.eigh in
batches. Objects are procedural, 1024 points, with normal noise of 0.03. Without noise from the key both give the same
points. A ratio above 1 says that Scrim is faster; medians of interleaved rounds, the least and the greatest behind.
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
ROUNDS, STEP, LEAPS = 5, 15, 2
SCALES, MIDDLE = (8, 16, 32), 16


def read_weights(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name.startswith("prior."):
            begin, end = entry["data_offsets"]
            values = np.frombuffer(data[begin:end], np.float32).reshape(entry["shape"])
            tensors[name[6:]] = torch.from_numpy(values.copy())
    return tensors


def fit(way):
    """Ways to neighbours [n, k, 3] -> their mean, normal, how far along it the mean is, deviations along the axes."""
    mean = way.mean(1)
    off = way - mean[:, None]
    values, vectors = torch.linalg.eigh(off.transpose(1, 2) @ off / way.shape[1])
    normal = vectors[:, :, 0]
    return mean, normal, (mean * normal).sum(1, keepdim=True), values.clamp(min=0).sqrt()


def look(x):
    """src/pointcloud_defense/prior_local.h -> ways [n, 11, 3], invariants [n, 77] in units of the spacing; spacing"""
    distance, index = torch.cdist(x, x).topk(SCALES[-1] + 1, largest=False)
    index, near = index[:, 1:], index[:, 1 : MIDDLE + 1]
    around = x[index] - x[:, None]
    own = distance[:, 1 : SCALES[0] + 1].mean(1)
    spacing = own.mean()
    to_plane, to_mean, spreads = [], [], []
    for k in SCALES:
        mean, normal, away, spread = fit(around[:, :k])
        to_plane.append(away * normal)
        to_mean.append(mean - away * normal)
        spreads.append(spread)
        if k == MIDDLE:
            normals, height = normal, (away + (normal * x).sum(1, keepdim=True))[:, 0]
    across = normals[near]
    along = (height[near] - (across * x[:, None]).sum(2))[:, :, None] * across
    weight = ((across * normals[:, None]).sum(2) ** 4)[:, :, None]
    way = to_plane[1]
    once = x + way
    _, normal, away, _ = fit(once[near] - once[:, None])
    twice = once + away * normal
    _, normal, away, _ = fit(twice[near] - twice[:, None])
    ways = torch.stack([*to_plane, *to_mean, along.mean(1), (weight * along).sum(1) / (weight.sum(1) + 1e-6),
                        way[near].mean(1), twice - x, twice + away * normal - x], 1)
    length = ways.norm(dim=2)
    cosine = ways @ ways.transpose(1, 2) / (length[:, :, None] * length[:, None] + 1e-12)
    rows, columns = torch.tril_indices(11, 11, -1)
    logarithm = lambda value: torch.log(value / spacing + 0.01)
    invariants = torch.cat([logarithm(length), cosine[:, rows, columns], logarithm(torch.cat(spreads, 1)),
                            logarithm(own)[:, None], logarithm(spreads[1][near, 0].mean(1))[:, None]], 1)
    return ways / spacing, invariants, spacing


class Prior:
    def __init__(self, path):
        self.w = read_weights(path)
        beta = np.concatenate([[0], np.linspace(1e-4, 0.05, 200)])
        self.alpha, self.beta = np.cumprod(1 - beta), beta

    def linear(self, name, x):
        return torch.nn.functional.linear(x, self.w[name + ".weight"], self.w[name + ".bias"])

    def epsilon(self, x, t):
        ways, invariants, spacing = look(x)
        noise = np.sqrt(1 - self.alpha[t]) / spacing
        h = invariants
        for i in range(4):
            h = torch.relu(self.linear(f"encoder.{i}", h))
        h = h.mean(0)
        for i in range(2):
            h = torch.relu(self.linear(f"head.{i}", h))
        u = torch.log(noise).float()
        told = torch.cat([self.linear("head.2", h), torch.stack([u, torch.sin(u), torch.cos(u)])])
        h = invariants
        for i in range(6):
            gate = torch.sigmoid(self.linear(f"gate.{i}", told))
            h = self.linear(f"layer.{i}", h) * gate + self.w[f"shift.{i}.weight"] @ told
            if i < 5:
                h = torch.nn.functional.leaky_relu(h, 0.01)
        return -(h[:, :, None] * ways).sum(1) / noise.float()

    def restore(self, cloud, step, leaps, noise):
        a, beta = self.alpha, self.beta
        mean = cloud.mean(0)
        deviation = (cloud - mean).pow(2).mean().sqrt()
        x = (cloud - mean) / deviation
        x = np.sqrt(a[step]) * x + noise * np.sqrt(1 - a[step]) * torch.randn_like(x)
        stops = [step - step * i // leaps for i in range(leaps + 1)] if leaps else []
        for t, s in zip(stops, stops[1:]):
            keep = np.sqrt(a[s] / a[t])
            x = keep * x + (np.sqrt(1 - a[s]) - keep * np.sqrt(1 - a[t])) * self.epsilon(x, t)
        for t in range(0 if leaps else step, 0, -1):
            x = (x - beta[t] / np.sqrt(1 - a[t]) * self.epsilon(x, t)) / np.sqrt(1 - beta[t])
            if t > 1:
                x = x + np.sqrt((1 - a[t - 1]) / (1 - a[t]) * beta[t]) * torch.randn_like(x)
        return x * deviation + mean


class Scrim:
    def __init__(self, program, path, objects, folder):
        self.out, self.shape = f"{folder}/out", np.load(objects).shape
        self.process = subprocess.Popen([program, "speed", path, objects], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1)

    def restore(self, settings):
        self.process.stdin.write(f"{settings} {self.out}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def points(self):
        return np.fromfile(self.out, np.float32).reshape(self.shape)


def torch_seconds(prior, clouds, leaps, noise):
    with torch.inference_mode():
        prior.restore(clouds[0], STEP, leaps or 1, noise)
        began = time.perf_counter()
        out = [prior.restore(cloud, STEP, leaps, noise).float() for cloud in clouds]
        return (time.perf_counter() - began) / len(clouds), np.stack([points.numpy() for points in out])


def ratio(slow, fast):
    ratios = [a / b for a, b in zip(slow, fast)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}..{max(ratios):.2f})"


def main(build, path, n):
    with tempfile.TemporaryDirectory() as folder:
        objects = f"{folder}/objects.npy"
        subprocess.run([f"{build}/scrim", "cloud", "shapes", "-q", "-o", objects, "-n", str(n), "--points", "1024",
                        "--seed", "515151"], check=True)
        clean = np.load(objects)
        np.save(objects, (clean + np.random.default_rng(1).normal(0, 0.03, clean.shape)).astype(np.float32))
        clouds = [torch.from_numpy(cloud) for cloud in np.load(objects)]
        prior, scrim = Prior(path), Scrim(f"{build}/bench/bench_prior", path, objects, folder)
        settings = f"step={STEP},passes=1"
        scrim.restore(f"{settings},leaps={LEAPS},noise=0")
        off = np.abs(scrim.points() - torch_seconds(prior, clouds, LEAPS, 0)[1])
        moved = np.abs(scrim.points() - np.load(objects))
        print(f"the same points without noise: median difference {np.median(off):.1e}, 99.9 % within "
              f"{np.quantile(off, 0.999):.1e}; moved {np.median(moved):.1e}")
        theirs, ours = {0: [], LEAPS: []}, {0: [], LEAPS: []}
        for _ in range(ROUNDS):
            for leaps in theirs:
                ours[leaps].append(scrim.restore(f"{settings},leaps={leaps},noise=1"))
                theirs[leaps].append(torch_seconds(prior, clouds, leaps, 1)[0])
        print(f"| sampler from time step {STEP} | PyTorch, ms an object | Scrim, ms | ratio |")
        print("| --- | --- | --- | --- |")
        for leaps, name in ((0, f"{STEP} steps"), (LEAPS, f"{LEAPS} leaps")):
            times = [1e3 * statistics.median(times[leaps]) for times in (theirs, ours)]
            print(f"| {name} | {times[0]:.1f} | {times[1]:.2f} | {ratio(theirs[leaps], ours[leaps])} |")
        print(f"{LEAPS} leaps over {STEP} steps, both Scrim: {ratio(ours[0], ours[LEAPS])} times faster")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 6)
