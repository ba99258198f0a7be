"""Logs: structured, to standard error, without the content of any job."""
