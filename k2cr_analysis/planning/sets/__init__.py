"""Other sets than the plan's, and the plan with one assumption off."""
