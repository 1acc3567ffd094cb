"""`make demo`: ten exports at once, on the template deployed on this machine, each until it has ended as it should.

`stories` says what is to happen and how it has to end, `scenario.yaml` is the Emarsys that lets it happen, `play` makes
it happen, `board` knows how far each watch is, `screen` shows it, and `pace` says how fast time goes by. `recording`
makes the picture of it that the README shows.
"""
