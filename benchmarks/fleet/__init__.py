"""All watches of an account at Emarsys's rate limit, which they share without knowing of one another."""
