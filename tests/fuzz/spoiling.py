"""Spoils files as bad disks, broken downloads and bad will do."""

import random

HURTFUL = (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", bytes(4), b"\x80" * 4, b"\xff" * 8)


def spoiled(data: bytes, rng: random.Random) -> bytes:
    """The bytes with a few changed, lost, doubled, or replaced by the values that hurt most."""
    spoilt = bytearray(data)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(spoilt) + 1)
        match rng.randrange(7):
            case 0 | 1:
                spoilt[at : at + 1] = bytes([rng.randrange(256)])
            case 2 | 3:
                hurt = rng.choice(HURTFUL)
                spoilt[at : at + len(hurt)] = hurt
            case 4:
                del spoilt[at : at + rng.randrange(1, 40)]
            case 5:
                spoilt[at:at] = spoilt[at : at + rng.randrange(1, 200)]
            case 6:
                if rng.random() < 0.3:
                    del spoilt[at:]
    return bytes(spoilt)
