"""Expressions that earned a name: symbolic Ops with an inner graph and a closed-form gradient."""
