"""The studio: a page in the browser on which songs are made, and the JSON API behind it."""
