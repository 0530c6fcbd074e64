"""The cheapest configuration of a service that meets its objectives."""
