"""The trained models in the package: a band, a groove model, and a model card for each."""
