"""The ground floor: settings, database, events, jobs, clock, crypto, audit, storage, web plumbing.

Knows no word of the hospital's business and imports nothing of ours from above.
"""
