"""The net as an ONNX file: standardising, clipping, three layers, softmax."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from data import CLASSES, DENSE, INPUTS, SPACES

VECTOR = 64


def save(path, net, scale):
    """Writes the model; the calibration is in the last layer already."""
    steps = [
        ("Sub", ["x", "mean"], "centred"),
        ("Mul", ["centred", "inverse"], "scaled"),
        ("Max", ["scaled", "low"], "above"),
        ("Min", ["above", "high"], "clipped"),
        ("Gemm", ["clipped", "w1", "b1"], "sum1"),
        ("Relu", ["sum1"], "hidden"),
        ("Gemm", ["hidden", "w2", "b2"], "sum2"),
        ("Relu", ["sum2"], "vector"),
        ("Gemm", ["vector", "w3", "b3"], "logits"),
    ]
    nodes = [helper.make_node(kind, inputs, [output]) for kind, inputs, output in steps]
    nodes.append(helper.make_node("Softmax", ["logits"], ["probs"], axis=1))
    names = ["mean", "inverse", "low", "high", "w1", "b1", "w2", "b2", "w3", "b3"]
    values = [scale.mean, scale.inverse, scale.low, scale.high, *net.weights]
    tensor = lambda name, size: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size])
    graph = helper.make_graph(
        nodes,
        "buddy_intent",
        [tensor("x", INPUTS)],
        [tensor("probs", len(CLASSES)), tensor("vector", VECTOR)],
        [numpy_helper.from_array(np.asarray(v, "f4"), n) for n, v in zip(names, values)],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
        producer_name="buddy-render",
    )
    about = {
        "spec": "1",
        "classes": ",".join(CLASSES),
        "dense": str(DENSE),
        "buckets": ",".join(str(buckets) for _, buckets in SPACES),
    }
    for key, value in about.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
