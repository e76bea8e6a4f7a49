"""What the prior predicts of an instrument's next bar: in training as PyTorch tensors, in playing as NumPy arrays."""

from typing import Generic, NamedTuple, TypeVar

Values = TypeVar("Values")


class PriorOutput(NamedTuple, Generic[Values]):
    """Of one bar, or of several (…)."""

    kind: Values
    """(…, 3): logits of REST, REPEAT, NEW."""

    back: Values
    """(…, MEMORY_BARS): logits of repeating the bar before, the one before that, …; -inf for a rest."""

    weight: Values
    """(…, components): logits of the mixture's components."""

    mean: Values
    """(…, components, latent_size)"""

    log_std: Values
    """(…, components, latent_size)"""
