"""Alerts: what a load tells whoever watches an ETF, written in the load's own transaction."""
