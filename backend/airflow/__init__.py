"""Airflow beside the application: its environment, its three processes, its API."""
