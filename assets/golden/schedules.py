"""Writes schedules.json: learning rates and momentums of a few runs, step by step, as PyTorch's schedulers have them.

    python assets/golden/schedules.py

needs torch; tests/schedules.rs reads them. Each case has the configuration that should mean the same, with epochs of
EPOCH steps.
"""

import json
from pathlib import Path

import torch
from torch.optim import lr_scheduler

HERE = Path(__file__).parent
EPOCH = 5


def table(steps, rate, make, adam=False, every=1):
    """Rate and momentum of each step, where the scheduler moves after every so many."""
    weights = [torch.zeros(1, requires_grad=True)]
    optimiser = torch.optim.Adam(weights, lr=rate) if adam else torch.optim.SGD(weights, lr=rate, momentum=0.9)
    scheduler = make(optimiser)
    (group,) = optimiser.param_groups
    rates, momentums = [], []
    for step in range(steps):
        rates.append(group["lr"])
        momentums.append(group["betas"][0] if adam else group["momentum"])
        optimiser.step()
        if (step + 1) % every == 0 and step + 1 < steps:
            scheduler.step()
    return {"rates": rates, "momentums": momentums}


def warm_up(optimiser, length):
    """Reaches the whole rate with the last of so many moves; PyTorch's counts from 0."""
    return lr_scheduler.LinearLR(optimiser, 1 / length, total_iters=length - 1)


def one_cycle(steps, **more):
    return lambda optimiser: lr_scheduler.OneCycleLR(optimiser, 0.4, total_steps=steps, **more)


def chained(*makes):
    return lambda optimiser: lr_scheduler.ChainedScheduler([make(optimiser) for make in makes])


cases = {}


def case(name, config, *arguments, **more):
    cases[name] = {"config": config} | table(*arguments, **more)


case(
    "cosine",
    {"train.length": "40it", "learning_rate.initial": 0.1, "learning_rate.minimum": 0.01},
    40, 0.1, lambda o: lr_scheduler.CosineAnnealingLR(o, 40, 0.01),
)
case(
    "cosine-that-rises-again",
    {
        "train.length": "12ep",
        "learning_rate.initial": 0.1,
        "learning_rate.minimum": 1e-4,
        "learning_rate.half_period": "3ep",
        "learning_rate.per_epoch": True,
    },
    60, 0.1, lambda o: lr_scheduler.CosineAnnealingLR(o, 3, 1e-4), every=EPOCH,
)
case(
    "warm-up-by-steps",
    {"train.length": "40it", "learning_rate.initial": 0.1, "learning_rate.warm_up": "8it"},
    40, 0.1, chained(lambda o: warm_up(o, 8), lambda o: lr_scheduler.CosineAnnealingLR(o, 40)),
)
case(
    "warm-up-by-epochs",
    {
        "train.length": "10ep",
        "learning_rate.initial": 0.1,
        "learning_rate.schedule": "multi-step",
        "learning_rate.milestones": ["6ep", "8ep"],
        "learning_rate.warm_up": "4ep",
        "learning_rate.per_epoch": True,
    },
    50, 0.1, chained(lambda o: warm_up(o, 4), lambda o: lr_scheduler.MultiStepLR(o, [6, 8])), every=EPOCH,
)
case(
    "one-cycle",
    {"train.length": "60it", "learning_rate.initial": 0.4, "learning_rate.schedule": "one-cycle"},
    60, 0.4, one_cycle(60),
)
# The turn falls between two steps.
case(
    "one-cycle-as-in-fastai",
    {
        "train.length": "57it",
        "optimiser.kind": "adam",
        "learning_rate.initial": 0.4,
        "learning_rate.schedule": "one-cycle",
        "learning_rate.one_cycle.pct_start": 0.25,
        "learning_rate.one_cycle.final_div_factor": 4000,
        "learning_rate.one_cycle.base_momentum": 0.8,
        "learning_rate.one_cycle.max_momentum": 0.99,
    },
    57, 0.4, one_cycle(57, pct_start=0.25, final_div_factor=4000, base_momentum=0.8, max_momentum=0.99), adam=True,
)
case(
    "one-cycle-by-epochs",
    {
        "train.length": "11ep",
        "learning_rate.initial": 0.4,
        "learning_rate.schedule": "one-cycle",
        "learning_rate.per_epoch": True,
    },
    55, 0.4, one_cycle(11), every=EPOCH,
)

lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(values)}" for name, values in cases.items())
(HERE / "schedules.json").write_text(f"{{\n{lines}\n}}\n")
