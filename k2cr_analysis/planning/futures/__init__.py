"""The four futures between which a team decides: today, stay and right-size, move the plan, leave GKE."""
