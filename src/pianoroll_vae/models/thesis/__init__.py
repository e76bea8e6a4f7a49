"""The thesis and its variants: a VAE for each instrument, and networks that predict the next latent."""
