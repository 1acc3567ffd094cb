"""Where credentials may be sent: over TLS, or to this machine, where the sandbox's Emarsys is."""

ORIGIN = r"(https://[A-Za-z0-9._-]+|http://(localhost|127\.0\.0\.1))(:[0-9]{1,5})?"
"""Scheme, host and port of a URL, as a regular expression."""
