"""Settings, database, events and outbox, jobs, web, crypto, audit, clock, storage; knows no business."""
