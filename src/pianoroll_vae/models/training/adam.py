"""Adam over one flat block of weights (`Adam`), and the state of `torch.optim.Adam` as named tensors (`adam_state`).

`Adam` calls PyTorch's fused kernel once a step. `torch.optim.Adam` computes the same and spends more time on its
bookkeeping than the step of a small network takes.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


class Adam:
    """Weights (instruments, parameters). `first` and `second` are the moments, `steps` (instruments,) counts the steps
    of each row."""

    def __init__(self, weights: Tensor, learning_rate: float, weight_decay: float = 0.0) -> None:
        self.weights = weights
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.first = torch.zeros_like(weights)
        self.second = torch.zeros_like(weights)
        self.steps = torch.zeros(len(weights), device=weights.device)

    def state(self) -> Mapping[str, Tensor]:
        """The tensors themselves, for `Trainer.optimizer_state`."""
        return {"first": self.first, "second": self.second, "steps": self.steps}

    def step(self, gradient: Tensor) -> None:
        """Update all rows, which have had equally many steps. gradient: (instruments, parameters)."""
        self.steps += 1
        self._update(self.weights, gradient, self.first, self.second, self.steps[0])

    def step_row(self, row: int, gradient: Tensor) -> None:
        """Update one row. gradient: (parameters,)."""
        self.steps[row] += 1
        self._update(self.weights[row], gradient, self.first[row], self.second[row], self.steps[row])

    def _update(self, weights: Tensor, gradient: Tensor, first: Tensor, second: Tensor, steps: Tensor) -> None:
        """Weight decay is added to the gradient, as L2."""
        torch._fused_adam_(
            [weights],
            [gradient],
            [first],
            [second],
            [],
            [steps],
            lr=self.learning_rate,
            beta1=0.9,
            beta2=0.999,
            weight_decay=self.weight_decay,
            eps=1e-8,
            amsgrad=False,
            maximize=False,
        )


def adam_state(optimizer: torch.optim.Adam, names: Sequence[str]) -> dict[str, Tensor]:
    """`name/step`, `name/exp_avg` and `name/exp_avg_sq` of each parameter: the tensors themselves, for
    `Trainer.optimizer_state`.

    names: of all parameters, in the order in which the optimiser was given them. What PyTorch makes at the first step
    is made here, so that a resumed run can copy into it before its first step. torch.optim.AdamW is an Adam, too.
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
