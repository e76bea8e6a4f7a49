"""What several commands share: music options, lengths, forms, primers, output files, finding a trained band."""
