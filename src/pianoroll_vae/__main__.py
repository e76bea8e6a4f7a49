"""`python -m pianoroll_vae` is the command `vaemusic`."""

if __name__ == "__main__":  # a process that is spawned imports this file, too, and needs nothing of the command line
    from pianoroll_vae.cli.app import main

    main()
