"""The watches of one API user against its rate limit: a discrete-event simulation.

    schedule/workloads ─▶ when exports are announced, how long they take ─┐
    server ─▶ a reply ─▶ the real `interpret` ─▶ the real `decide` ───────┴─▶ simulation ─▶ benchmark

No watch knows of another. All that they share is the server, and all that it tells is in the headers of its replies.
"""
