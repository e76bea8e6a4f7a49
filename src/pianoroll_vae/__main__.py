"""`python -m pianoroll_vae` is the command `vaemusic`."""

from pianoroll_vae.cli.app import main

if __name__ == "__main__":
    main()
