"""What PyTorch says of some rows with the regressor that comes with the program: the numbers in tests/autos.rs.

    python assets/golden/autos.py
"""

import torch
from safetensors.torch import load_file

WIDTHS = [2, 16, 64, 1024, 1024, 64]
ROWS = [(0.0, 0.0), (0.03, -0.5), (-0.03, 0.5), (0.1, 40.0), (-0.05, -7.5), (0.002, 1.25)]

layers = torch.nn.Sequential()
for i, (inputs, outputs) in enumerate(zip(WIDTHS, WIDTHS[1:]), 1):
    layers.add_module(f"fc{i}", torch.nn.Linear(inputs, outputs, bias=False))
    layers.add_module(f"bn{i}", torch.nn.BatchNorm1d(outputs))
    layers.add_module(f"relu{i}", torch.nn.ReLU())
layers.add_module("out", torch.nn.Linear(WIDTHS[-1], 1))
weights = load_file("assets/autos/lenet-300-100-mnist.safetensors")
missing = layers.load_state_dict(weights, strict=False)
assert not missing.unexpected_keys, missing
assert all(key.endswith("num_batches_tracked") for key in missing.missing_keys), missing
with torch.no_grad():
    for row, score in zip(ROWS, layers.eval()(torch.tensor(ROWS))[:, 0].tolist()):
        print(f"    ([{row[0]}, {row[1]}], {score:.6}),")
