"""Everything Flask: thin views over `oauth`, `signin` and `store`."""
