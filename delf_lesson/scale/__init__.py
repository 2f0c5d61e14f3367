"""Beyond the classroom: indexes on disk that grow, and more than one machine (docs/scale.md)."""
