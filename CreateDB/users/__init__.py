"""The people: who they are, why they cannot sign in, and what an operator changes: told and logged."""
