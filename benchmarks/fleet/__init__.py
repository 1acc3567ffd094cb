"""The watches of one API user against its rate limit: a discrete-event simulation.

No watch knows of another: all that they share is what each reply says of the limit, and what a watch does about it is
the real `decide`. Only the server and the time are made up.
"""
