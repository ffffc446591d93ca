"""An Images API on loopback: strict about the contract, failing on request, telling what it would have cost."""
