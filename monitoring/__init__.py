"""Alerts, their other forms, and a dashboard."""
