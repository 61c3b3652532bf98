#!/usr/bin/env python3
"""The digits behind KServe's Python server, which speaks binary tensors and the older protocol as well; port 8095."""
import joblib
import numpy as np
from kserve import InferOutput, InferResponse, Model, ModelServer


class Digits(Model):
    def load(self):
        self.model = joblib.load("model.joblib")
        self.ready = True

    def predict(self, payload, headers=None, response_headers=None):
        if isinstance(payload, dict):
            return {"predictions": self.model.predict_proba(np.array(payload["instances"])).tolist()}
        scores = self.model.predict_proba(payload.inputs[0].as_numpy())
        output = InferOutput("predict_proba", list(scores.shape), "FP64")
        output.set_data_from_numpy(scores, binary_data=False)
        return InferResponse(payload.id, self.name, [output], use_binary_outputs=payload.use_binary_outputs,
                             requested_outputs=payload.request_outputs)


models = [Digits("digits"), Digits("digits_v1")]
for model in models:
    model.load()
ModelServer(http_port=8095, enable_grpc=False, workers=1).start(models)
