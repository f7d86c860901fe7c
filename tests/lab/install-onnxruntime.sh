#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# install-onnxruntime.sh [FOLDER]: the real ONNX Runtime that tests/intent/runtime.rs loads, and two
# plugins of it, from PyPI (about 100 MB), for Linux on x86-64. FOLDER is target/onnxruntime, or
# what BUDDY_TEST_ORT names for the tests.
set -eu
cd "$(dirname "$0")/../.."
folder=${1:-target/onnxruntime}
# ggml's wheel asks for an older ONNX Runtime than it loads on: hence --no-deps.
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps \
    --only-binary=:all: --upgrade --target "$folder" \
    onnxruntime==1.31.1 onnxruntime-ep-openvino==1.8.1 onnxruntime-ggml==0.2.0
ln -sf onnxruntime/capi/libonnxruntime.so.1.31.1 "$folder/libonnxruntime.so"
echo "install-onnxruntime.sh: done"
