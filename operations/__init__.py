"""Commands for whoever operates a deployed stack, behind `make deploy`, `make watch` and others."""
