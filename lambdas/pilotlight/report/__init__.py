"""What a run looks like to people: one view, folded from the ledger, and the texts that are made of it."""
