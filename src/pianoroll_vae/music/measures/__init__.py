"""What can be measured in music: every function says in its first line what it measures, and where that comes from."""
