"""From descriptions of images to a ranking: index, votes, verification, expansion, fusion."""
