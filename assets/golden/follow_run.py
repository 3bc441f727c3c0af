"""Repeats a dense run of wgprune in PyTorch, in float64, from the same initial weights and with the same batches and
rates, and compares the loss of each step and the weights at the end.

    wgprune train --model NAME --data FOLDER --method dense --steps 3 --lr 0.0005 --set learning_rate.schedule=constant --out RUN
    python assets/golden/follow_run.py RUN

needs torch, numpy and safetensors. The run's network has no dropout, and what else it does is what a run does by
default, but for lengths, rates, momentum and weight decay. FOLDER holds the files of MNIST, gzipped, or the binary files of CIFAR-10.
"""

import json
import sys
import tomllib
from pathlib import Path

import torch
from safetensors.torch import load_file

sys.dont_write_bytecode = True
import lenet5_losses
from conv_nets import initialise, norm, parameters
from lenet5_losses import learn, permutation
from nets import module
from sets import of_folder, refuse_unknown, rounded

# Of a loss, and of the norm of the weights.
MOST = 1e-3


def repeat(config, steps, images, dtype):
    """Losses, and the weights before and after."""
    model = module(config["model"], images.pixels.shape[1], int(images.labels.max()) + 1)
    initialise(model)
    before = {name: value.clone() for name, value in parameters(model)}
    model = model.to(dtype)
    own = config["optimiser"]
    momentum, decay = rounded(own["momentum"]), rounded(own["weight_decay"])
    optimiser = torch.optim.SGD(model.parameters(), lr=1, momentum=momentum, weight_decay=decay, nesterov=own["nesterov"])
    batch, losses = config["train"]["batch"], []
    per_epoch = len(images.labels) // batch
    for step, row in enumerate(steps):
        epoch, position = divmod(step, per_epoch)
        if position == 0:
            order = permutation(epoch, len(images.labels))
        optimiser.param_groups[0]["lr"] = rounded(row["learning_rate"])
        places = order[position * batch : (position + 1) * batch]
        losses.append(learn(model, optimiser, *images.batch(places, dtype)))
    return losses, before, dict(parameters(model))


def main():
    run = Path(sys.argv[1])
    config = tomllib.loads((run / "config.toml").read_text())
    refuse_unknown(config, [])
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    steps = [row for row in rows if row["event"] == "step"]
    images, _ = of_folder(Path(config["data"]["name"]))
    lenet5_losses.SEED = config["seed"]
    losses, before, after = repeat(config, steps, images, torch.float64)
    single, _, single_after = repeat(config, steps, images, torch.float32)
    ours = load_file(run / "final.safetensors")
    off = lambda own, values: max(abs(a / b - 1) for a, b in zip(own, values))
    print(f"{config['model']}: {len(steps)} steps of {config['train']['batch']} images, losses {losses[0]:.6f} to {losses[-1]:.6f}")
    moved = norm(after[name] - before[name] for name in after)
    worst = 0
    for who, own_losses, own in [("wgprune", [row["loss"] for row in steps], ours), ("PyTorch in float32", single, single_after)]:
        loss = off(own_losses, losses)
        distance = norm(own[name].double() - after[name] for name in after)
        share = distance / norm(after.values())
        worst = max(worst, loss, share) if who == "wgprune" else worst
        print(f"  {who}: losses off by {loss:.1e}, weights by {share:.1e} of their norm and {distance / moved:.1e} of how far they moved")
    if not worst <= MOST:
        sys.exit(f"{config['model']}: off by {worst}")


if __name__ == "__main__":
    main()
