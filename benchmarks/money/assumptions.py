"""What cannot be measured here, in one place: estimates rather favour the other designs."""

ANSWER_SECONDS = 0.2
"""What a function waits for in each check: a GET to a vendor far away. The same for all designs."""

COLD_SHARE = 0.05
"""Of all checks, those that find no warm environment. The same for all designs."""

FUNCTION_GB = 0.25
"""Memory of our functions in template.yaml; those of the other designs get the same."""

FUNCTION_VCPU = FUNCTION_GB * 1024 / 1769
"""Lambda gives a function a whole processor for 1,769 MB (its documentation), and one to every import."""

LOG_BYTES_A_CHECK = 1_300
"""Lambda's own START, END and REPORT, a line of log and one of metrics; the other designs get the same."""

LOG_LINE_BYTES = 200
"""One line of log, of a program that is not a function."""

SECRET_CALLS_A_CHECK = 0.05
"""A secret is cached for ten minutes in each of a function's environments. The other designs get the same, though AWS's
samples read it on every call."""

IDLE_POLLS_A_MONTH = 648_000
"""What Lambda asks an empty SQS queue in a month, by five pollers of twenty seconds."""

SLEEPER_GB = 0.125
"""The least memory that a Lambda function can have, for one that mostly sleeps."""

SLEEPER_SECONDS = 900
"""After so long a Lambda function is stopped, so a sleeping one calls itself again."""

DURABLE_OPERATIONS_A_CHECK = 1
"""A check of `wait_for_condition` is one attempt of one step: counted as one operation, in its favour."""

DURABLE_BYTES_A_CHECK = 1_000
"""What one attempt writes into the history of a durable execution."""

WORKER_VCPU = 0.25
WORKER_GB = 0.5
"""The smallest task of Fargate. It polls all exports at once, and one is enough for thousands of them."""

FUNCTION_TIMEOUT_SECONDS = 75
"""After so long Lambda stops a check that hangs, and bills for it."""

FAILING_ROUND_SECONDS, FAILING_ROUND_STATES = 3 * FUNCTION_TIMEOUT_SECONDS + 5 + 10 + 900, 4
"""A round of a watch whose check hangs: three invocations up to that timeout, 15 s between them, and the wait."""

FAILING_ROUNDS = 2 + (864_000 - 2 * 540) / FAILING_ROUND_SECONDS
"""The first two wait only 300 s. Then the execution's timeout of ten days ends the watch."""
