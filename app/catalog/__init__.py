"""The truth about models, as values: parse, merge, guard, snapshot, diff, index, query.

Pure: only the standard library, no I/O, no framework, no clock. Whoever calls passes the time in.
"""
