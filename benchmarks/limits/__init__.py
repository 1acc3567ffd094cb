"""What many exports at once ask for, and what a watch weighs: the figures of docs/reliability.md."""
