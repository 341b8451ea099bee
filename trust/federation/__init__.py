"""Federated training in one process: clients, their data, who is asked, and what a server makes."""
