"""The arrows: each file is named for its arrow, or for the one thing that several arrows share."""
