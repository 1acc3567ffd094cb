"""Commands for whoever operates a deployed stack, behind `make deploy`, `make watch` and others.

stack              what the commands know of a stack: its parameters, outputs and resources
watch              sends an export-created event and follows its watch to the end
check_credentials  one status call with an account's secret
logs               the log lines of the functions
dead_letters       lists and sorts the messages of the dead-letter queue, and sends them back
delete             ends the running watches, then deletes the stack
"""
