"""How Google's APIs are reached: addresses, credentials, the client libraries of the extra ``cloud``."""
