"""The vendor: one check of one export through the API of SAP Emarsys.

    client          the one GET of a check, and what to do when its credentials are refused
      credentials   the account's secret, from AWS Secrets Manager
      wsse, token   the two ways of authentication: a signed header (v2), an OAuth 2.0 access token (v3)
        token_table where all execution environments share a token
      reply         what the reply means
        rate_limit  what its headers say of the rate limit

Whatever comes back, or does not, becomes an Observation. Nothing here logs, and no error carries a secret.
"""
