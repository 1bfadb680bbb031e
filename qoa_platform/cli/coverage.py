"""Owns ``qoa contract coverage``: which promises were ever put to the test, in the ledger or by a planted fault."""
