"""From local features to a ranking: index, votes, verification, and the engine that ties them."""
