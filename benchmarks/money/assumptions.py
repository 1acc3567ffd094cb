"""What a check takes, in one place: estimates until they are measured, each generous to the peers rather than to us."""

CHECK_SECONDS = 0.25
"""Billed for one look by Lambda: a GET to a vendor far away, and its share of cold starts. The same for all designs."""

FUNCTION_GB = 0.25
"""Memory of our functions in template.yaml; the peers' functions get the same."""

LOG_BYTES_A_CHECK = 1_500
"""Lambda's own START, END and REPORT, one line of ours, and one line that carries a metric; also the peers'."""

LOG_LINE_BYTES = 200
"""One line of log, of a program that is not a function."""

SECRET_CALLS_A_CHECK = 0.05
"""A secret is cached for ten minutes in each of a function's environments. The peers get the same, though AWS's
samples read it on every call."""

IDLE_POLLS_A_MONTH = 648_000
"""What Lambda asks an empty SQS queue in a month, by five pollers of twenty seconds."""

SLEEPER_GB = 0.125
"""The least memory that a Lambda function can have, for one that mostly sleeps."""

SLEEPER_SECONDS = 900
"""After so long a Lambda function is stopped, so a sleeping one calls itself again."""

DURABLE_OPERATIONS_A_CHECK = 1
"""A look of `wait_for_condition` is one attempt of one step: counted as one operation, in the peer's favour."""

DURABLE_BYTES_A_CHECK = 1_000
"""What one attempt writes into the history of a durable execution."""

WORKER_VCPU = 0.25
WORKER_GB = 0.5
"""The smallest task of Fargate. It looks after all exports at once, and one is enough for thousands of them."""
