"""`torch.optim.Adam` without `torch.compile`, and its state as named tensors, to save and to resume a run."""

import inspect
from collections.abc import Sequence

import torch
from torch import Tensor


class Adam(torch.optim.Adam):
    """`torch.optim.Adam`, whose methods are wrapped for `torch.compile`, without these wrappers.

    At the first call they import the compiler, `torch._dynamo`, which takes 2 s and is not used here. What is below the
    wrapper of `step` needs to be called without gradients.
    """

    add_param_group = inspect.unwrap(torch.optim.Adam.add_param_group)
    zero_grad = inspect.unwrap(torch.optim.Adam.zero_grad)
    step = torch.no_grad()(inspect.unwrap(torch.optim.Adam.step))


class AdamW(torch.optim.AdamW):
    """`torch.optim.AdamW` in the same way."""

    add_param_group = inspect.unwrap(torch.optim.AdamW.add_param_group)
    zero_grad = inspect.unwrap(torch.optim.AdamW.zero_grad)
    step = torch.no_grad()(inspect.unwrap(torch.optim.AdamW.step))


def adam_state(optimizer: torch.optim.Adam | torch.optim.AdamW, names: Sequence[str]) -> dict[str, Tensor]:
    """`name/step`, `name/exp_avg` and `name/exp_avg_sq` of each parameter: the tensors themselves, for
    `Trainer.optimizer_state`.

    names: of all parameters, in the order in which the optimiser was given them. What PyTorch makes at the first step
    is made here, so that a resumed run can copy into it before its first step.
    """
    state: dict[str, Tensor] = {}
    parameters = [(parameter, group) for group in optimizer.param_groups for parameter in group["params"]]
    for name, (parameter, group) in zip(names, parameters, strict=True):
        own = optimizer.state[parameter]
        if not own:
            on_device = group["fused"] or group["capturable"]
            own["step"] = torch.zeros((), device=parameter.device if on_device else "cpu")
            own["exp_avg"], own["exp_avg_sq"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
        state |= {f"{name}/{moment}": own[moment] for moment in ("step", "exp_avg", "exp_avg_sq")}
    return state
