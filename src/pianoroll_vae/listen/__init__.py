"""What a song looks and sounds like: pictures, audio and the terminal."""
