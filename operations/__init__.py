"""Commands for whoever operates a deployed stack, behind `make deploy`, `make watch` and others.

stack              what the commands know of a stack: its parameters, outputs and resources
watch              announces an export and follows its watch to the end
check_credentials  one status call with an account's secret
delete             ends the running watches, then deletes the stack
"""
