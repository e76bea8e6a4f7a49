"""The latent networks of the chart: what an instrument does next, and the latent of the bar it will write.

They look back on the whole band's bars, as the encoder heard them. The lead decides first; each follower also knows
what the lead and those before it have decided and written in the new bar. A decision is to rest, to repeat one of the
last bars, or to write something new from a latent drawn from a mixture of Gaussians. Knows neither notes nor files.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from pianoroll_vae.models.arranger.parameters import ACTIONS, BAR_POSITIONS, POINTER
from pianoroll_vae.models.arranger.tokens import NEW, REPEAT
from pianoroll_vae.models.arranger.train.layers import Views, attend, norm
from pianoroll_vae.models.recipe import Recipe


@dataclass(frozen=True)
class PriorOutput:
    """Of one instrument's next bars (…)."""

    kind: Tensor
    """(…, 3): scores of RESTS, REPEATS, NEW."""

    back: Tensor
    """(…, MEMORY_BARS): scores of repeating the bar before, the one before that, …; -inf where nothing is there."""

    weight: Tensor
    """(…, components): scores of the mixture's parts."""

    mean: Tensor
    """(…, components, latent_size)"""

    log_deviation: Tensor
    """(…, components, latent_size)"""


def look_back(w: Views, recipe: Recipe, content: Tensor, action: Tensor, bar: Tensor) -> Tensor:
    """(songs, bars, width): what was heard up to each bar.

    content: (songs, bars, players, content), zeros where an instrument rests; deed: (songs, bars, players); bar:
    (songs, bars), counted from the song's beginning.
    """
    arranger = recipe.arranger
    x = embed_history(w, content, action, bar)
    return norm(attend(w, "past.", arranger.prior_layers, arranger.prior_heads, x, bar), w["past.norm"])


def embed_history(w: Views, content: Tensor, action: Tensor, bar: Tensor) -> Tensor:
    """(songs, bars, width): what the layers are shown of bars, as `look_back` takes them."""
    x = F.linear(content.flatten(2), w["past.content"])
    x = x + F.embedding(action + ACTIONS * torch.arange(action.shape[2], device=action.device), w["past.deed"]).sum(2)
    return x + F.embedding(bar % BAR_POSITIONS, w["past.phrase"])


def decide(
    w: Views, recipe: Recipe, planner: int, past: Tensor, content: Tensor, action: Tensor, mine: Tensor, there: Tensor
) -> PriorOutput:
    """What the instrument `planner` of the network does after `past` (…, width).

    content, deed: (…, players, content) and (…, players) of the new bar, of those who have written it; the others'
    are zero. mine: (…, MEMORY_BARS, content), its own last bars, the latest first; there: (…, MEMORY_BARS), whether
    it played in them.
    """
    instruments = content.shape[-2]
    x = F.linear(past, w["now.in"][planner]) + F.linear(content.flatten(-2), w["now.content"][planner])
    x = x + F.embedding(action + ACTIONS * torch.arange(instruments, device=action.device), w["now.deed"][planner]).sum(
        -2
    )
    inner = F.gelu(F.linear(x, w["now.inner"][planner], w["now.inner_bias"][planner]), approximate="tanh")
    x = F.rms_norm(x + F.linear(inner, w["now.out"][planner]), x.shape[-1:])
    actions = F.linear(x, w["say.deed"][planner], w["say.deed_bias"][planner]).float()
    sought = F.linear(x, w["say.looks_for"][planner])
    found = F.linear(mine, w["say.found"][planner])
    alike = (found @ sought.unsqueeze(-1)).squeeze(-1).float() * POINTER**-0.5
    back = (actions[..., 3:] + alike).masked_fill(~there, -torch.inf)
    nothing = F.pad(~there.any(-1, keepdim=True), (REPEAT, NEW - REPEAT))
    kind = actions[..., :3].masked_fill(nothing, -torch.inf)
    mixed, latent = recipe.latents.components, recipe.latent_size
    told = F.linear(x, w["say.mixture"][planner], w["say.mixture_bias"][planner]).float()
    shape = (*told.shape[:-1], mixed, latent)
    mean, log_deviation = (part.reshape(shape) for part in told[..., mixed:].chunk(2, -1))
    return PriorOutput(kind, back, told[..., :mixed], mean, log_deviation.clamp(-5, 2))


def latent_nats(output: PriorOutput, latent: Tensor) -> Tensor:
    """(…): nats of latents (…, latent_size) under the mixtures."""
    off = (latent.unsqueeze(-2) - output.mean) * (-output.log_deviation).exp()
    part = -0.5 * (off**2).sum(-1) - output.log_deviation.sum(-1) - 0.9189385 * latent.shape[-1]
    return -torch.logsumexp(output.weight.log_softmax(-1) + part, -1)
