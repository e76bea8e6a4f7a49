"""What several commands share: music options, charts, lengths, forms, primers, output files, finding a trained band."""
