"""What the sandbox costs those who use it: the demo, virtual time, and the test suite."""
