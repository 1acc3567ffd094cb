"""What cannot be measured here, in one place: each estimate is generous to the peers rather than to us."""

ANSWER_SECONDS = 0.2
"""What a function waits for in each look: a GET to a vendor far away. The same for all designs."""

COLD_SHARE = 0.05
"""Of all looks, those that find no warm environment. The same for all designs."""

FUNCTION_GB = 0.25
"""Memory of our functions in template.yaml; the peers' functions get the same."""

FUNCTION_VCPU = FUNCTION_GB * 1024 / 1769
"""Lambda gives a function a whole processor for 1,769 MB (its documentation), and one to every import."""

LOG_BYTES_A_CHECK = 1_300
"""Lambda's own START, END and REPORT, and one line of ours, which carries its metrics; also the peers'."""

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
