"""What a check costs: ours, the same written the common way, and a bare GET, each in a process of its own.

benchmark ─▶ probe: imports one of the handlers, calls it, and says what it took
│            functions/check_export, common_way, bare_get
▼
server: Emarsys, Secrets Manager and DynamoDB on loopback
"""
