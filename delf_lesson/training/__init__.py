"""Training of the networks: DELF's two stages, siaMAC and DIR, LIFT."""
