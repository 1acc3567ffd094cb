"""All watches of an account at Emarsys's rate limit, which they share without knowing of one another.

simulation: limits that count, and watches that check when their real decision says ─▶ benchmark
"""
