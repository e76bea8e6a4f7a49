"""The trained models in the package: a band with openings for its songs, a groove model, and a model card for each."""
