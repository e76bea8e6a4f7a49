"""Latent networks that remember: an LSTM, or attention over relative distances, whose output may be a distribution.

They hear the last segments of a song, oldest first, and say where the next latent lies: one point, or a mixture of
Gaussians from which a component is drawn. Knows nothing of songs, training or files.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import layer_norm

from pianoroll_vae.models.recipe import LatentTraining
from pianoroll_vae.models.thesis.parameters import HEADS

TOP_COMPONENTS = 4
"""How many of a mixture's likeliest components may be drawn."""

_NARROWEST, _WIDEST = -5.0, 2.0


def remember(views: Mapping[str, Tensor], training: LatentTraining, history: Tensor, known: Tensor) -> Tensor:
    """history (instruments, batch, memory, inputs), known (instruments, batch, memory) False before a song's beginning,
    to what is said of the next latent (instruments, batch, told)."""
    state = _lstm(views, history, known) if training.network == "lstm" else _attend(views, history, known)
    return _layer(views, "out", state)


def nats(told: Tensor, wanted: Tensor, components: int) -> Tensor:
    """What is wrong with it: (instruments, batch) squared error a number, or minus log likelihood of the mixture."""
    if not components:
        return (told - wanted).square().mean(-1)
    weight, centre, log_width = _mixture(told, components)
    off = (wanted.unsqueeze(-2) - centre) * torch.exp(-log_width)
    each = -0.5 * off.square().sum(-1) - log_width.sum(-1) - 0.5 * wanted.shape[-1] * math.log(2 * math.pi)
    return -torch.logsumexp(weight.log_softmax(-1) + each, -1)


def settle(told: Tensor, components: int, rng: Tensor, temperature: Tensor) -> tuple[Tensor, Tensor]:
    """Where the next latent lies and how far it may stray, both (instruments, batch, latent_size).

    chance (instruments, batch) of 0..1 draws among the likeliest components, whose probabilities are taken to the power
    1 / temperature (instruments, 1); at temperature 0 it is the likeliest. A network that says one point strays by 1.
    """
    if not components:
        return told, torch.ones_like(told)
    weight, centre, log_width = _mixture(told, components)
    likely, which = (weight / temperature.clamp(min=1e-3).unsqueeze(-1)).topk(min(TOP_COMPONENTS, components), -1)
    drawn = (likely.softmax(-1).cumsum(-1) < rng.unsqueeze(-1)).sum(-1, keepdim=True).clamp(max=likely.shape[-1] - 1)
    chosen = which.gather(-1, drawn).unsqueeze(-1).expand(*which.shape[:-1], 1, centre.shape[-1])
    return centre.gather(-2, chosen).squeeze(-2), log_width.gather(-2, chosen).squeeze(-2).exp()


def _mixture(told: Tensor, components: int) -> tuple[Tensor, Tensor, Tensor]:
    """Logits (…, components), centres and log widths (…, components, latent_size)."""
    weight, rest = told[..., :components], told[..., components:]
    centre, log_width = rest.reshape(*told.shape[:-1], 2, components, -1).unbind(-3)
    return weight, centre, log_width.clamp(_NARROWEST, _WIDEST)


def _lstm(views: Mapping[str, Tensor], history: Tensor, known: Tensor) -> Tensor:
    instruments, batch, memory, inputs = history.shape
    heard = torch.bmm(history.reshape(instruments, -1, inputs), views["heard.weight"]) + views["bias"].unsqueeze(1)
    heard = heard.view(instruments, batch, memory, -1)
    state = cell = heard.new_zeros(instruments, batch, heard.shape[-1] // 4)
    for step in range(memory):
        gates = (heard[:, :, step] + torch.bmm(state, views["before.weight"])).chunk(4, -1)
        forget, take, show = (gate.sigmoid() for gate in gates[:3])
        moved = forget * cell + take * gates[3].tanh()
        lived = known[:, :, step].unsqueeze(-1)
        cell = torch.where(lived, moved, cell)
        state = torch.where(lived, show * moved.tanh(), state)
    return state


def _attend(views: Mapping[str, Tensor], history: Tensor, known: Tensor) -> Tensor:
    """One block of attention from the newest segment to all that are known; near and far are told apart by distance."""
    instruments, batch, memory, inputs = history.shape
    heard = _layer(views, "heard", history.reshape(instruments, -1, inputs))
    width = heard.shape[-1]
    parts = _layer(views, "query", layer_norm(heard, (width,))).view(instruments, batch, memory, 3, HEADS, -1)
    query, key, value = parts[:, :, -1, 0], parts[:, :, :, 1], parts[:, :, :, 2]
    distance = views["distance"].flip(-1)  # the newest lies last
    score = torch.einsum("ibhd,ibmhd->ibhm", query, key) + torch.einsum("ibhd,ihdm->ibhm", query, distance)
    score = score / math.sqrt(query.shape[-1])
    share = score.masked_fill(~known.unsqueeze(2), -math.inf).softmax(-1)
    joined = torch.einsum("ibhm,ibmhd->ibhd", share, value).reshape(instruments, batch, width)
    newest = heard.view(instruments, batch, memory, width)[:, :, -1] + _layer(views, "joined", joined)
    wide = torch.relu(_layer(views, "wide", layer_norm(newest, (width,))))
    return newest + _layer(views, "narrow", wide)


def _layer(views: Mapping[str, Tensor], name: str, hidden: Tensor) -> Tensor:
    return torch.baddbmm(views[f"{name}.bias"].unsqueeze(1), hidden, views[f"{name}.weight"])
