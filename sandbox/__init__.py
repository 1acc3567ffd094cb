"""The whole deployment on one machine: `sandbox.aws` runs template.yaml, `sandbox.emarsys` is an Emarsys to talk to."""
