"""replay.py SCRIM FILTER FRAME SECONDS: see the script `replay`, which runs it."""

import struct
import subprocess
import sys
import threading
import time

PERIOD = 0.1
WARM = 20  # frames before memory counts


def stream_frame(records, stamp):
    """A KITTI file's records as a frame of a stream (docs/POINT_STREAM.md)."""
    names = [b"x", b"y", b"z", b"intensity"]
    fields = b"".join(struct.pack("<20sIII", name, 4 * i, 1, 7) for i, name in enumerate(names))
    head = struct.pack("<8sHHIIIQQQ", b"SCRIMPTS", 1, 4, 48 + len(fields), 16, 1, len(records) // 16, stamp, 0)
    return head + fields + records


def resident_kb(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def send(pipe, records, count, began, due, dropped):
    """Frame i at began + i * PERIOD. One whose time has passed while another was being written is dropped."""
    for i in range(count):
        at = began + i * PERIOD
        wait = at - time.monotonic()
        if wait < -PERIOD:
            dropped.append(i)
            continue
        if wait > 0:
            time.sleep(wait)
        due[i] = at
        pipe.write(stream_frame(records, i + 1))
        pipe.flush()
    pipe.close()


def read_exactly(pipe, n):
    data = pipe.read(n)
    if len(data) != n:
        raise EOFError
    return data


def main():
    scrim, chosen, path, seconds = sys.argv[1:5]
    with open(path, "rb") as file:
        records = file.read()
    count = int(float(seconds) / PERIOD)
    child = subprocess.Popen([scrim, "cloud", "apply", "-f", chosen, "--mode", "mark", "-j", "2", "-", "-"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    due, dropped, latency, memory = {}, [], [], []
    sender = threading.Thread(target=send, args=(child.stdin, records, count, time.monotonic() + 0.5, due, dropped))
    sender.start()
    while head := child.stdout.read(48):
        n_head, record, _, n, stamp = struct.unpack_from("<IIIQQ", head, 12)
        read_exactly(child.stdout, n_head - 48)
        read_exactly(child.stdout, n * record)
        latency.append(1e3 * (time.monotonic() - due[stamp - 1]))
        if len(latency) in (WARM, count - 1 - len(dropped)):
            memory.append(resident_kb(child.pid))
    sender.join()
    code = child.wait()
    latency.sort()
    p99 = latency[min(int(0.99 * len(latency)), len(latency) - 1)]
    print(f"{count} frames of {len(records) // 16} points in {seconds} s: {len(dropped)} dropped, {len(latency)} came back; "
          f"latency p50 {latency[len(latency) // 2]:.1f} ms, p99 {p99:.1f} ms, most {latency[-1]:.1f} ms; "
          f"memory {memory[0]} kB after {WARM} frames, {memory[-1]} kB at the end")
    ok = code == 0 and not dropped and len(latency) == count and p99 < 1e3 * PERIOD and memory[-1] < 1.02 * memory[0]
    sys.exit(0 if ok else 1)


main()
