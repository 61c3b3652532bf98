#!/usr/bin/env python3
"""clients.py SERVER PROXY SCRIM MODE...: Triton's own client asks a model server and the proxy in front of it the same.

What the proxy lets out must be, number for number, what `scrim scores apply` makes of what the server said; the client
must get all that it asked for; and what cannot be filtered must be refused. Modes: json, binary (tensors of the Open
Inference Protocol), v1 (KServe's older protocol, over plain HTTP). Works in a folder with digits.scrim and noise.key.
"""
import json
import subprocess
import sys
import urllib.request

import numpy as np
import tritonclient.http as triton
from sklearn.datasets import load_digits
from tritonclient.utils import InferenceServerException

BATCHES = [1, 2, 3, 1, 7, 32, 100, 1, 500] + [1] * 100


def infer(client, x, binary):
    tensor = triton.InferInput("x", list(x.shape), "FP64")
    tensor.set_data_from_numpy(x, binary_data=binary)
    wanted = triton.InferRequestedOutput("predict_proba", binary_data=binary)
    # KServe's server takes JSON only if it is told that it is JSON; the proxy tells it in any case.
    headers = None if binary else {"Content-Type": "application/json"}
    answer = client.infer("digits", [tensor], outputs=[wanted], request_id="batch", headers=headers)
    assert answer.get_response()["id"] == "batch"
    parameters = answer.get_output("predict_proba").get("parameters") or {}
    assert ("binary_data_size" in parameters) == binary
    return answer.as_numpy("predict_proba")


def predict_v1(address, x):
    request = urllib.request.Request(f"http://{address}/v1/models/digits_v1:predict",
                                     json.dumps({"instances": x.tolist()}).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return np.array(json.load(answer)["predictions"])


def ask(address, mode, batches):
    if mode == "v1":
        return np.concatenate([predict_v1(address, x) for x in batches])
    client = triton.InferenceServerClient(address)
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("digits")
    return np.concatenate([infer(client, x, mode == "binary") for x in batches])


def apply(scrim, raw):
    """What the command makes of the raw scores, from doubles and from their shortest text."""
    np.save("raw.npy", raw)
    with open("raw.csv", "w", encoding="ascii") as file:
        file.writelines(",".join(map(repr, row.tolist())) + "\n" for row in raw)
    for name in ("npy", "csv"):
        options = ["-f", "digits.scrim", "-k", "noise.key"]
        subprocess.run([scrim, "scores", "apply", *options, f"raw.{name}", f"due.{name}"], check=True)
    due = np.load("due.npy").astype(np.float32)
    assert np.array_equal(due, np.loadtxt("due.csv", delimiter=",", dtype=np.float32))
    return due


def check(server, proxy, scrim, mode):
    digits = load_digits().data
    batches = [digits[at:at + n] for at, n in zip(np.cumsum([0] + BATCHES[:-1]), BATCHES)]
    raw, purified = ask(server, mode, batches), ask(proxy, mode, batches)
    due = apply(scrim, raw)
    assert raw.shape == purified.shape == (sum(BATCHES), 10)
    assert np.array_equal(purified.astype(np.float32), due), np.abs(purified - due).max()
    changed = np.mean(np.any(purified != raw.astype(np.float32), axis=1))
    assert changed == 1.0, changed
    kept = np.mean(purified.argmax(1) == raw.argmax(1))
    assert kept == 1.0, kept
    print(f"{mode}: {len(BATCHES)} requests, {len(raw)} rows: all equal to scores apply, none as the server gave it, "
          "all with its label")


def refused(proxy, wanted):
    """The server's true scores under another name or shape."""
    client = triton.InferenceServerClient(proxy)
    tensor = triton.InferInput("x", [1, 64], "FP64")
    tensor.set_data_from_numpy(np.zeros((1, 64)), binary_data=False)
    try:
        client.infer("digits", [tensor], outputs=[wanted])
    except InferenceServerException as error:
        return str(error)
    raise AssertionError("not refused")


def main():
    server, proxy, scrim, *modes = sys.argv[1:]
    for mode in modes:
        check(server, proxy, scrim, mode)
    print("refused:", refused(proxy, triton.InferRequestedOutput("predict_proba", class_count=3)))
    print("refused:", refused(proxy, triton.InferRequestedOutput("predict_log_proba", binary_data=False)))


main()
