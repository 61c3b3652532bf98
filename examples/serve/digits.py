#!/usr/bin/env python3
"""A classifier of handwritten digits for MLServer's scikit-learn runtime, and what its filter is trained on.

Writes into the working folder:

    model.joblib, model-settings.json, settings.json    for `mlserver start .`, on the loopback, port 8085
    reference.csv, reference_labels.csv                 the classifier's scores on digits it was not trained on
    members.csv, members_labels.csv                     ... and on those it was
    ask.json                                            a request about three digits, for all that the model can tell
"""
import json

import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def save(name, value):
    with open(name, "w", encoding="ascii") as file:
        json.dump(value, file, indent=2)


def save_scores(name, model, x, y):
    np.savetxt(f"{name}.csv", model.predict_proba(x), fmt="%.9g", delimiter=",")
    np.savetxt(f"{name}_labels.csv", y, fmt="%d")


def main():
    x, y = load_digits(return_X_y=True)
    x_member, x_other, y_member, y_other = train_test_split(x, y, test_size=0.5, random_state=1)
    model = make_pipeline(StandardScaler(), MLPClassifier((64,), max_iter=400, random_state=1)).fit(x_member, y_member)
    joblib.dump(model, "model.joblib")
    save_scores("members", model, x_member, y_member)
    save_scores("reference", model, x_other, y_other)
    print(f"accuracy {model.score(x_other, y_other):.3f}")

    save("model-settings.json", {
        "name": "digits", "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": "./model.joblib"}})
    save("settings.json", {
        "host": "127.0.0.1", "http_port": 8085, "grpc_port": 8086, "metrics_port": 8087,
        "parallel_workers": 0})
    three = x_other[:3]
    save("ask.json", {
        "id": "three digits",
        "inputs": [{"name": "x", "shape": list(three.shape), "datatype": "FP64", "data": three.ravel().tolist()}],
        "outputs": [{"name": "predict"}, {"name": "predict_proba"}]})


main()
