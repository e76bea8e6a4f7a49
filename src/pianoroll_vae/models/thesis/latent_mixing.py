"""Interpolates latents, and finds the nearest ones of another song."""

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.ensemble import Latents
from pianoroll_vae.music.phrases import Phrases

MIN_SINE = 1e-4
"""Below this sine of the angle between two latents, linear interpolation takes the place of spherical."""


def interpolate_latents(one: Latents, other: Latents, position: NDArray[np.float32], linear: bool = False) -> Latents:
    """Spherical linear interpolation (slerp) between latents (n, instruments, latent_size), or a linear one.

    position: (n,), 0 at `one`, 1 at `other`. On the great circle the norm stays that of the ends; on a straight line it
    shrinks in the middle, where a Gaussian prior has little mass.
    """
    t = position.astype(np.float32)[:, None, None]
    straight = (1 - t) * one + t * other
    if linear:
        return straight
    norms = np.linalg.norm(one, axis=-1, keepdims=True) * np.linalg.norm(other, axis=-1, keepdims=True)
    cosine = (one * other).sum(-1, keepdims=True) / np.maximum(norms, 1e-12)
    angle = np.arccos(np.clip(cosine, -1, 1))
    sine = np.sin(angle)
    divisor = np.where(sine > MIN_SINE, sine, 1)
    curved = np.sin((1 - t) * angle) / divisor * one + np.sin(t * angle) / divisor * other  # exact at both ends
    return np.where(sine > MIN_SINE, curved, straight).astype(np.float32)


def nearest_of_style(latents: Latents, style: Latents, phrases: Phrases) -> Latents:
    """For each phrase and instrument, (n, instruments, latent_size), the style's nearest latent of that instrument.

    Only phrases in which the instrument plays count; where it never plays in the style, its latents stay.
    """
    nearest = latents.copy()
    for instrument in range(latents.shape[1]):
        playing = style[(phrases[:, instrument] > 0).any((1, 2)), instrument]
        if len(playing):
            distance = np.linalg.norm(latents[:, instrument, None] - playing, axis=-1)
            nearest[:, instrument] = playing[distance.argmin(1)]
    return nearest
