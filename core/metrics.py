"""Figures for Prometheus; names only, no reading of anything."""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Histogram(
    "huiyin_request_seconds",
    "Time to answer a request",
    ("route", "method", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
PUMPED = Counter("huiyin_rows_total", "Rows taken from a queue and what became of them", ("queue", "outcome"))
LAG = Histogram(
    "huiyin_lag_seconds",
    "How late the oldest row of a batch was",
    ("queue",),
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300),
)
JOBS = Counter("huiyin_jobs_total", "Job runs and what became of them", ("kind", "outcome"))
CALLS = Counter("huiyin_outward_calls_total", "Calls to outside systems", ("system", "api", "outcome"))
WAITING = Gauge("huiyin_waiting_rows", "Rows that wait, by queue and state", ("queue", "state"))
CHAT_CLIENTS = Gauge("huiyin_chat_clients", "Socket.IO clients connected to this process")
AUDITOR = Gauge("huiyin_auditor", "The last round of the auditor of deadlines", ("figure",))
SCHEDULES = Gauge("huiyin_schedules", "Schedules by how they are", ("health",))
