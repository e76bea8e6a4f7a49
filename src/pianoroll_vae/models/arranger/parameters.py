"""The weights of the arranger's networks by name, shape and initialisation, and sizes that all parts share. No PyTorch.

`train/` names its modules so that their state dicts have these names; `play/` reads the same weights from the file.
"""

from pianoroll_vae.models.arranger.blocks import BLOCK_BARS, BLOCK_HALVES, FORMS
from pianoroll_vae.models.arranger.conditions import GENRES, TEMPOS
from pianoroll_vae.models.arranger.tokens import MEMORY_BARS
from pianoroll_vae.models.arranger.traits import CLASSES, PLAYING, TRAIT_CLASSES, TRAITS
from pianoroll_vae.models.parameter_spec import ParameterSpec
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.music.bars import LENGTHS, VELOCITIES
from pianoroll_vae.music.chord_labels import CHORDS, QUALITIES
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR

BAR_POSITIONS = 8
"""A bar's position, for its embedding, is its number in the song modulo 8."""

ACTIONS = MEMORY_BARS + 2
"""What an instrument did in a bar: 0 rested, 1 … MEMORY_BARS repeated the bar so many bars back, the last is new."""

WROTE_NEW = ACTIONS - 1

POINTER_WIDTH = 64
"""Of the queries and keys that choose the bar to repeat."""

RETURN_GATES = 4
"""Of each instrument: logits of repeating a bar of which no, one or both half bars have the chords of the new bar, and
of repeating the bar to which the form returns."""

COPIES = 4
"""Half bars whose chord the chart writer may copy: the one before, 4 and 8 bars ago, and in the block to which the form
returns."""

BLOCK_TOKENS = BLOCK_HALVES + 1
"""Of the chart writer: the block and its chords."""

Periods = tuple[float, float]
"""The shortest and the longest of a rotary position embedding."""

CHART_PERIODS: Periods = (4.0, 1024.0)
"""Of the chart writer, in tokens."""

NOTE_PERIODS: Periods = (12.0, 3072.0)
"""Of the decoder, in twelfths of a beat."""

BAR_PERIODS: Periods = (4.0, 1024.0)
"""Of the priors, in bars."""

CHORD_LABELS = CHORDS + 1

CELLS = TWELFTHS_PER_BAR * PITCHES
"""Places and pitches of a bar: the onsets of the bar VAE."""

OCTAVES = -(-PITCHES // 12)

ONSET_BIAS = -6.0
"""Added to the bar VAE's onset logits, since most cells have no onset."""

ONSET_THRESHOLD = -0.4
"""A decoded cell of the bar VAE has a note if its onset logit is above: the F1 of held-out onsets is highest there."""


def vae_specs(recipe: Recipe, instruments: int) -> dict[str, ParameterSpec]:
    """Of `ArrangerVae`: encoder, decoder and heads of a band of so many instruments."""
    return _encoder_specs(recipe, instruments) | _decoder_specs(recipe, instruments) | _head_specs(recipe, instruments)


def _encoder_specs(recipe: Recipe, instruments: int) -> dict[str, ParameterSpec]:
    content, latent = recipe.arranger.bar_width, recipe.latent_size
    return {
        "encoder.step.weight": ParameterSpec((instruments * TWELFTHS_PER_BAR, content), 1),
        "encoder.pitch.weight": ParameterSpec((instruments * PITCHES, content), 1),
        "encoder.length.weight": ParameterSpec((len(LENGTHS), content), 1),
        "encoder.instrument.weight": ParameterSpec((instruments, content), content),
        "encoder.up.weight": ParameterSpec((2 * content, content), content),
        "encoder.up.bias": ParameterSpec((2 * content,)),
        "encoder.down.weight": ParameterSpec((content, 2 * content), 2 * content),
        "encoder.latent.weight": ParameterSpec((2 * latent, content), content),
        "encoder.latent.bias": ParameterSpec((2 * latent,)),
    }


def _decoder_specs(recipe: Recipe, instruments: int) -> dict[str, ParameterSpec]:
    arranger, latent = recipe.arranger, recipe.latent_size
    width, content = arranger.width, arranger.bar_width
    return {
        "decoder.kind.weight": ParameterSpec((4, width), width),
        "decoder.instrument.weight": ParameterSpec((instruments, width), width),
        "decoder.bar_position.weight": ParameterSpec((BAR_POSITIONS, width), width),
        "decoder.step.weight": ParameterSpec((TWELFTHS_PER_BAR, width), width),
        "decoder.pitch.weight": ParameterSpec((instruments * PITCHES, width), width),
        "decoder.pitch_class.weight": ParameterSpec((12, width), width),
        "decoder.length.weight": ParameterSpec((len(LENGTHS), width), width),
        "decoder.latent.weight": ParameterSpec((width, latent), latent),
        "decoder.content.weight": ParameterSpec((width, content), content),
        "decoder.chord.weight": ParameterSpec((CHORD_LABELS, width)),
        "decoder.next_chord.weight": ParameterSpec((CHORD_LABELS, width)),
        "decoder.future.weight": ParameterSpec((width, instruments * content)),
        "decoder.genre.weight": ParameterSpec((GENRES, width)),
        "decoder.tempo.weight": ParameterSpec((TEMPOS, width)),
        "decoder.trait.weight": ParameterSpec((instruments * TRAIT_CLASSES, width)),
        "decoder.velocity.weight": ParameterSpec((instruments * VELOCITIES, width)),
        **layer_specs("decoder.layers.", arranger.layers, width, width // arranger.heads * arranger.kv_heads),
        "decoder.norm.scale": ParameterSpec((width,)),
    }


def _head_specs(recipe: Recipe, instruments: int) -> dict[str, ParameterSpec]:
    """The heads predict each field of a note from the fields before it."""
    width = recipe.arranger.width
    return {
        "heads.step.weight": ParameterSpec((TWELFTHS_PER_BAR + 1, width), width),
        "heads.step.bias": ParameterSpec((TWELFTHS_PER_BAR + 1,)),
        "heads.hidden.weight": ParameterSpec((3 * width, width), width),
        "heads.after_step.weight": ParameterSpec((TWELFTHS_PER_BAR, 3 * width), width),
        "heads.after_chord.weight": ParameterSpec((CHORD_LABELS, width)),
        "heads.chord_tone.weight": ParameterSpec((instruments * len(QUALITIES), 12)),
        "heads.after_pitch.weight": ParameterSpec((instruments * PITCHES, 2 * width), width),
        "heads.pitch.weight": ParameterSpec((PITCHES, width), width),
        "heads.pitch_bias.weight": ParameterSpec((instruments, PITCHES)),
        "heads.length.weight": ParameterSpec((len(LENGTHS), width), width),
        "heads.velocity.weight": ParameterSpec((VELOCITIES, width), width),
        "heads.velocity_bias.weight": ParameterSpec((instruments, VELOCITIES)),
    }


def melody_specs(recipe: Recipe, instruments: int) -> dict[str, ParameterSpec]:
    """Of the lead's `Prior`, which has the chart writer and the trait model too."""
    chart = {f"chart.{name}": spec for name, spec in chart_writer_specs(recipe, instruments).items()}
    traits = {f"traits.{name}": spec for name, spec in trait_specs(instruments).items()}
    return prior_specs(recipe, instruments, 1) | chart | traits


def prior_specs(recipe: Recipe, instruments: int, rows: int) -> dict[str, ParameterSpec]:
    """Of the `Prior` of `rows` of a band's instruments."""
    arranger = recipe.arranger
    width, content, latent, mixture = (
        arranger.prior_width,
        arranger.bar_width,
        recipe.latent_size,
        recipe.latents.components,
    )
    return {
        "history.content.weight": ParameterSpec((width, instruments * content), instruments * content),
        "history.action.weight": ParameterSpec((instruments * ACTIONS, width), width),
        "history.bar_position.weight": ParameterSpec((BAR_POSITIONS, width), width),
        "history.chords.weight": ParameterSpec((2 * CHORD_LABELS, width)),
        **layer_specs("history.layers.", arranger.prior_layers, width),
        "history.norm.scale": ParameterSpec((width,)),
        "current.content.weight": ParameterSpec((rows, width, instruments * content), instruments * content),
        "current.action.weight": ParameterSpec((rows, instruments * ACTIONS, width), width),
        "current.history.weight": ParameterSpec((rows, width, width), width),
        "current.future.weight": ParameterSpec((rows, width, instruments * content)),
        "current.active.weight": ParameterSpec((rows, width, instruments)),
        "current.chords.weight": ParameterSpec((2 * CHORD_LABELS, width)),
        "current.form.weight": ParameterSpec((FORMS, width)),
        "current.block_bar.weight": ParameterSpec((BLOCK_BARS, width)),
        "current.genre.weight": ParameterSpec((GENRES, width)),
        "current.tempo.weight": ParameterSpec((TEMPOS, width)),
        "current.up.weight": ParameterSpec((rows, 2 * width, width), width),
        "current.up.bias": ParameterSpec((rows, 2 * width)),
        "current.down.weight": ParameterSpec((rows, width, 2 * width), 2 * width),
        "heads.action.weight": ParameterSpec((rows, 3 + MEMORY_BARS, width), width),
        "heads.action.bias": ParameterSpec((rows, 3 + MEMORY_BARS)),
        "heads.query.weight": ParameterSpec((rows, POINTER_WIDTH, width), width),
        "heads.key.weight": ParameterSpec((rows, POINTER_WIDTH, content), content),
        "heads.return_bar.weight": ParameterSpec((rows, RETURN_GATES, width)),
        "heads.return_bar.bias": ParameterSpec((rows, RETURN_GATES)),
        "heads.mixture.weight": ParameterSpec((rows, mixture * (1 + 2 * latent), width), width),
        "heads.mixture.bias": ParameterSpec((rows, mixture * (1 + 2 * latent)), mixture),
    }


def bar_vae_specs(recipe: Recipe, instruments: int) -> dict[str, ParameterSpec]:
    """Of the `BarVae` of a band."""
    sizes = recipe.bar_vae
    width, latent, features, hidden = sizes.width, sizes.latent_size, sizes.rank + sizes.note_features, sizes.note_width
    by_step, by_pitch, lengths = sizes.step_features, sizes.pitch_features, len(LENGTHS)
    inputs = TWELFTHS_PER_BAR * by_step + (PITCHES + 2 * 12 + OCTAVES) * by_pitch
    return {
        "encoder.pitch.weight": ParameterSpec((PITCHES, by_step), 1),
        "encoder.pitch_class.weight": ParameterSpec((12, by_step), 1),
        "encoder.octave.weight": ParameterSpec((OCTAVES, by_step), 1),
        "encoder.pitch_of_instrument.weight": ParameterSpec((instruments * PITCHES, by_step), 4),
        "encoder.length.weight": ParameterSpec((lengths, by_step), 1),
        "encoder.velocity.weight": ParameterSpec((VELOCITIES, by_step), 1),
        "encoder.step.weight": ParameterSpec((TWELFTHS_PER_BAR, by_pitch), 1),
        "encoder.length_of_pitch.weight": ParameterSpec((lengths, by_pitch), 1),
        "encoder.step_of_class.weight": ParameterSpec((TWELFTHS_PER_BAR, 2 * by_pitch), 1),
        "encoder.step_of_octave.weight": ParameterSpec((TWELFTHS_PER_BAR, by_pitch), 1),
        "encoder.input.weight": ParameterSpec((width, inputs), inputs),
        "encoder.instrument.weight": ParameterSpec((instruments, width), 1),
        **_block_specs("encoder.block.", width),
        "encoder.latent.weight": ParameterSpec((2 * latent, width), width),
        "encoder.latent.bias": ParameterSpec((2 * latent,)),
        "decoder.latent.weight": ParameterSpec((width, latent), latent),
        "decoder.instrument.weight": ParameterSpec((instruments, width), 1),
        **_block_specs("decoder.block.", width),
        "decoder.steps.weight": ParameterSpec((TWELFTHS_PER_BAR * features, width), width),
        "decoder.steps_of_instrument.weight": ParameterSpec((instruments, TWELFTHS_PER_BAR * features), 4),
        "decoder.pitches.weight": ParameterSpec((PITCHES * features, width), width),
        "decoder.pitch_classes.weight": ParameterSpec((12 * features, width), width),
        "decoder.octaves.weight": ParameterSpec((OCTAVES * features, width), width),
        "decoder.pitches_of_instrument.weight": ParameterSpec((instruments, PITCHES * features), 4),
        "decoder.step_bias.weight": ParameterSpec((instruments, TWELFTHS_PER_BAR)),
        "decoder.pitch_bias.weight": ParameterSpec((instruments, PITCHES)),
        "decoder.note.weight": ParameterSpec((hidden, 3 * features), 3 * features),
        "decoder.note_of_instrument.weight": ParameterSpec((instruments, hidden), 1),
        "decoder.length.weight": ParameterSpec((lengths, hidden), hidden),
        "decoder.length.bias": ParameterSpec((lengths,)),
        "decoder.velocity.weight": ParameterSpec((VELOCITIES, hidden), hidden),
        "decoder.velocity.bias": ParameterSpec((VELOCITIES,)),
    }


def _block_specs(prefix: str, width: int) -> dict[str, ParameterSpec]:
    """Of a residual block."""
    return {
        f"{prefix}up.weight": ParameterSpec((2 * width, width), width),
        f"{prefix}up.bias": ParameterSpec((2 * width,)),
        f"{prefix}down.weight": ParameterSpec((width, 2 * width), 2 * width),
        f"{prefix}down.bias": ParameterSpec((width,)),
    }


def chart_writer_specs(recipe: Recipe, instruments: int) -> dict[str, ParameterSpec]:
    """Of the `ChartWriter` of a band."""
    width, layers = recipe.arranger.chart_width, recipe.arranger.chart_layers
    hidden = 2 * width
    return {
        "chord.weight": ParameterSpec((CHORD_LABELS, width), width),
        "block_half.weight": ParameterSpec((BLOCK_TOKENS, width), width),
        "form.weight": ParameterSpec((FORMS, width), width),
        "active.weight": ParameterSpec((width, instruments), instruments),
        "genre.weight": ParameterSpec((GENRES, width)),
        "tempo.weight": ParameterSpec((TEMPOS, width)),
        "present.weight": ParameterSpec((width, instruments)),
        "playing.weight": ParameterSpec((instruments * CLASSES[PLAYING], width)),
        **layer_specs("layers.", layers, width),
        "norm.scale": ParameterSpec((width,)),
        "next_form.weight": ParameterSpec((FORMS, width), width),
        "next_form.bias": ParameterSpec((FORMS,)),
        "query.weight": ParameterSpec((width, width), width),
        "key.weight": ParameterSpec((width, width), width),
        "next_active.form.weight": ParameterSpec((FORMS, hidden), hidden),
        "next_active.up.weight": ParameterSpec((hidden, width + 3 * instruments), width + 3 * instruments),
        "next_active.up.bias": ParameterSpec((hidden,)),
        "next_active.out.weight": ParameterSpec((instruments, hidden), hidden),
        "next_active.out.bias": ParameterSpec((instruments,)),
        "next_chord.weight": ParameterSpec((CHORD_LABELS, width), width),
        "next_chord.bias": ParameterSpec((CHORD_LABELS,)),
        "copy.weight": ParameterSpec((COPIES, width), width),
        "copy.bias": ParameterSpec((COPIES,)),
    }


def trait_specs(instruments: int) -> dict[str, ParameterSpec]:
    """Of the `TraitModel` of a band."""
    classes = instruments * TRAIT_CLASSES
    return {
        "means": ParameterSpec((instruments, len(TRAITS))),
        "logits.weight": ParameterSpec((classes, classes + GENRES + TEMPOS)),
        "logits.bias": ParameterSpec((classes,)),
    }


def layer_specs(prefix: str, layers: int, width: int, kv_width: int | None = None) -> dict[str, ParameterSpec]:
    """Of a `Transformer`. kv_width: of the keys of all heads, and of the values; without it as wide as the queries."""
    qkv_width = width + 2 * (kv_width or width)
    specs: dict[str, ParameterSpec] = {}
    for layer in range(layers):
        name = f"{prefix}{layer}."
        specs |= {
            f"{name}norm1.scale": ParameterSpec((width,)),
            f"{name}qkv.weight": ParameterSpec((qkv_width, width), width),
            f"{name}out.weight": ParameterSpec((width, width), width),
            f"{name}norm2.scale": ParameterSpec((width,)),
            f"{name}up.weight": ParameterSpec((4 * width, width), width),
            f"{name}up.bias": ParameterSpec((4 * width,)),
            f"{name}down.weight": ParameterSpec((width, 4 * width), 4 * width),
        }
    return specs
