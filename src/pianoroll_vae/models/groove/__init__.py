"""The drummer's touch: velocities and small timing for stiff drums."""
