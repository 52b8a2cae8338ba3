"""Signing in by the office's own provider (OpenID Connect), and its tokens in the place of keys.

The provider says who somebody is and in which groups; a file of the office says which group has
which role here. The account, its session and everything after are those of `access/accounts`.
"""
