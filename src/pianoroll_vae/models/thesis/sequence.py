"""Latent networks with a memory: an LSTM, or attention over relative distances, with a point or a mixture as output.

Inputs are the last segments of a song, oldest first. The output is the next latent: one point, or a mixture of
Gaussians from which a component is drawn.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import layer_norm

from pianoroll_vae.models.recipe import LATENT_HEADS, LatentTraining

TOP_COMPONENTS = 4
"""How many of a mixture's likeliest components may be drawn."""

_MIN_LOG_STD, _MAX_LOG_STD = -5.0, 2.0


def forward(views: Mapping[str, Tensor], training: LatentTraining, history: Tensor, known: Tensor) -> Tensor:
    """history (instruments, batch, memory, inputs) and known (instruments, batch, memory), False before a song's
    beginning, to outputs (instruments, batch, outputs)."""
    state = _lstm(views, history, known) if training.network == "lstm" else _attend(views, history, known)
    return _linear(views, "out", state)


def losses(outputs: Tensor, targets: Tensor, components: int) -> Tensor:
    """(instruments, batch): mean squared error of a point, or minus log likelihood of a mixture."""
    if not components:
        return (outputs - targets).square().mean(-1)
    logits, mean, log_std = _mixture(outputs, components)
    standardised = (targets.unsqueeze(-2) - mean) * torch.exp(-log_std)
    constant = 0.5 * targets.shape[-1] * math.log(2 * math.pi)
    log_likelihood = -0.5 * standardised.square().sum(-1) - log_std.sum(-1) - constant
    return -torch.logsumexp(logits.log_softmax(-1) + log_likelihood, -1)


def sample_component(outputs: Tensor, components: int, uniform: Tensor, temperature: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of the next latent, both (instruments, batch, latent_size).

    uniform (instruments, batch) of 0..1 draws among the likeliest components, whose probabilities are raised to the
    power 1 / temperature (instruments, 1); at temperature 0 the likeliest is taken. A point has the deviation 1.
    """
    if not components:
        return outputs, torch.ones_like(outputs)
    logits, mean, log_std = _mixture(outputs, components)
    top, which = (logits / temperature.clamp(min=1e-3).unsqueeze(-1)).topk(min(TOP_COMPONENTS, components), -1)
    drawn = (top.softmax(-1).cumsum(-1) < uniform.unsqueeze(-1)).sum(-1, keepdim=True).clamp(max=top.shape[-1] - 1)
    chosen = which.gather(-1, drawn).unsqueeze(-1).expand(*which.shape[:-1], 1, mean.shape[-1])
    return mean.gather(-2, chosen).squeeze(-2), log_std.gather(-2, chosen).squeeze(-2).exp()


def _mixture(outputs: Tensor, components: int) -> tuple[Tensor, Tensor, Tensor]:
    """Logits (…, components), means and log deviations (…, components, latent_size)."""
    logits, rest = outputs[..., :components], outputs[..., components:]
    mean, log_std = rest.reshape(*outputs.shape[:-1], 2, components, -1).unbind(-3)
    return logits, mean, log_std.clamp(_MIN_LOG_STD, _MAX_LOG_STD)


def _lstm(views: Mapping[str, Tensor], history: Tensor, known: Tensor) -> Tensor:
    instruments, batch, memory, inputs = history.shape
    projected = torch.bmm(history.reshape(instruments, -1, inputs), views["heard.weight"]) + views["bias"].unsqueeze(1)
    projected = projected.view(instruments, batch, memory, -1)
    state = cell = projected.new_zeros(instruments, batch, projected.shape[-1] // 4)
    for step in range(memory):
        gates = (projected[:, :, step] + torch.bmm(state, views["before.weight"])).chunk(4, -1)
        forget_gate, input_gate, output_gate = (gate.sigmoid() for gate in gates[:3])
        next_cell = forget_gate * cell + input_gate * gates[3].tanh()
        exists = known[:, :, step].unsqueeze(-1)
        cell = torch.where(exists, next_cell, cell)
        state = torch.where(exists, output_gate * next_cell.tanh(), state)
    return state


def _attend(views: Mapping[str, Tensor], history: Tensor, known: Tensor) -> Tensor:
    """One block of attention from the newest segment to all known ones, with a key for each distance."""
    instruments, batch, memory, inputs = history.shape
    embedded = _linear(views, "heard", history.reshape(instruments, -1, inputs))
    width = embedded.shape[-1]
    parts = _linear(views, "query", layer_norm(embedded, (width,))).view(
        instruments, batch, memory, 3, LATENT_HEADS, -1
    )
    query, key, value = parts[:, :, -1, 0], parts[:, :, :, 1], parts[:, :, :, 2]
    distance = views["distance"].flip(-1)  # the newest lies last
    scores = torch.einsum("ibhd,ibmhd->ibhm", query, key) + torch.einsum("ibhd,ihdm->ibhm", query, distance)
    scores = scores / math.sqrt(query.shape[-1])
    attention = scores.masked_fill(~known.unsqueeze(2), -math.inf).softmax(-1)
    attended = torch.einsum("ibhm,ibmhd->ibhd", attention, value).reshape(instruments, batch, width)
    newest = embedded.view(instruments, batch, memory, width)[:, :, -1] + _linear(views, "joined", attended)
    hidden = torch.relu(_linear(views, "wide", layer_norm(newest, (width,))))
    return newest + _linear(views, "narrow", hidden)


def _linear(views: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    return torch.baddbmm(views[f"{name}.bias"].unsqueeze(1), x, views[f"{name}.weight"])
