"""What cannot be measured here, in one place, the same for all designs: estimates rather favour the other ones."""

ANSWER_SECONDS = 0.2  # what a function waits for in each check: a GET to a vendor far away
COLD_SHARE = 0.05  # of all checks, those that find no warm environment

FUNCTION_GB = 0.25  # of our functions in template.yaml
FUNCTION_VCPU = FUNCTION_GB * 1024 / 1769  # Lambda gives a whole one for 1,769 MB, and to every import

LOG_BYTES_A_CHECK = 1_300  # Lambda's own START, END and REPORT, a line of log and one of metrics
LOG_LINE_BYTES = 200  # of a program that is not a function

# A secret is cached for ten minutes in each of a function's environments, though AWS's samples read it on every call.
SECRET_CALLS_A_CHECK = 0.05

IDLE_POLLS_A_MONTH = 648_000  # what Lambda asks an empty SQS queue, by five pollers of twenty seconds

# A sleeping function has the least memory there is. It is stopped after so long, so it calls itself again.
SLEEPER_GB, SLEEPER_SECONDS = 0.125, 900

# A check of `wait_for_condition` is one attempt of one step: counted as one operation, in its favour.
DURABLE_OPERATIONS_A_CHECK, DURABLE_BYTES_A_CHECK = 1, 1_000

# The smallest task of Fargate. It polls all exports at once, and one is enough for thousands of them.
WORKER_VCPU, WORKER_GB = 0.25, 0.5

FUNCTION_TIMEOUT_SECONDS = 75  # after so long Lambda stops a check that hangs, and bills for it

# A round of a watch whose check hangs: three invocations up to that timeout, 15 s between them, and the wait.
FAILING_ROUND_SECONDS, FAILING_ROUND_STATES = 3 * FUNCTION_TIMEOUT_SECONDS + 5 + 10 + 900, 4

# The first two wait only 300 s. Then the execution's timeout of ten days ends the watch.
FAILING_ROUNDS = 2 + (864_000 - 2 * 540) / FAILING_ROUND_SECONDS
