"""AWS, as the functions call it.

    client         botocore's clients, for the functions that start a watch or tell of a lost one
    json_api       a call in AWS's JSON protocol, for the function that looks: botocore would be half of its cold start
      signature    what makes AWS believe such a call: Signature Version 4

No error carries a text of AWS's that might quote a call of `json_api`.
"""
