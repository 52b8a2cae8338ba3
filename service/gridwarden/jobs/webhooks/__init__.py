"""Addresses that are told of events, signed, tried again, in order for each subject.

`addresses` says where a message may go, `signing` how it is signed (Standard Webhooks), `posting`
posts one, `sending` is the worker's part, `routes` what people see and do.
"""
