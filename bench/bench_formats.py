#!/usr/bin/python3
"""Reading and writing npy and csv, Scrim against numpy, one thread each.

    bench_formats.py [BUILD]

Both read and write the same rows of float32 in turn, ROUNDS times; prints the fastest of each as MB/s of the file and
the ratio (above 1: Scrim is faster). Scrim's writing includes bringing the file to the disk, numpy's does not. Scrim
reads through a buffer of 1024 rows and numpy into one array; the last column is the peak memory of Scrim's process.
"""
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

ROUNDS = 3
NUMBERS = 2_000_000  # a table
PROGRAM = os.path.join(sys.argv[1] if len(sys.argv) > 1 else "build", "bench", "bench_formats")


def seconds(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def scrim(*arguments):
    output = subprocess.run([PROGRAM, *arguments], check=True, capture_output=True, text=True).stdout
    return [float(number) for number in output.split()]


def numpy_read(path):
    return np.load(path) if path.endswith("npy") else np.loadtxt(path, "f4", delimiter=",")


def numpy_write(path, rows):
    if path.endswith("npy"):
        np.save(path, rows)
    else:
        np.savetxt(path, rows, "%.9g", delimiter=",")


def line(k, name, mega, ours, theirs, memory):
    print(f"{k:4} {name:10} {mega / ours:8.0f} {mega / theirs:8.0f} {theirs / ours:7.1f} {memory:10.1f}")


def compare(folder, k, extension):
    rows = np.random.default_rng(1).dirichlet(np.ones(k), NUMBERS // k).astype("f4")
    given, path, theirs = (os.path.join(folder, name) for name in ("given.npy", "x." + extension, "y." + extension))
    np.save(given, rows)
    reading, writing, numpy_reading, numpy_writing = [], [], [], []
    for _ in range(ROUNDS):
        writing.append(scrim("copy", given, path)[2])
        numpy_writing.append(seconds(lambda: numpy_write(theirs, rows)))
        reading.append(scrim("read", path)[1])
        numpy_reading.append(seconds(lambda: numpy_read(path)))
    assert np.array_equal(numpy_read(path), rows)  # Scrim's file holds the same bits
    memory = scrim("copy", path, given)[3]
    mega = os.path.getsize(path) / 1e6
    line(k, "read " + extension, mega, min(reading), min(numpy_reading), memory)
    line(k, "write " + extension, mega, min(writing), min(numpy_writing), memory)


print("   K              Scrim    numpy   ratio   memory\n                   MB/s     MB/s               MiB")
with tempfile.TemporaryDirectory() as folder:
    for k in (10, 100):
        for extension in ("npy", "csv"):
            compare(folder, k, extension)
