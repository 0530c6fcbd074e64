"""What the same cluster could cost with no move at all: the honest alternative that a plan has to beat."""
