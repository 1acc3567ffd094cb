"""`make demo`: ten exports at once, on the template deployed on this machine, each until it has ended as it should.

`stories` says what is to happen and how it has to end, `scenario.yaml` is the Emarsys that lets it happen, `board`
makes it happen and knows how far each watch is, `screen` shows it, and `command` shows it live. `recording` makes the
picture of it that the README shows.
"""
