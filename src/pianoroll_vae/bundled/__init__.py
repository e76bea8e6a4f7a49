"""What comes trained with the package: a band, the openings of its songs, a drummer's touch, and a card for each."""
