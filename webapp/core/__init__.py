"""Errors, settings, log, metrics, limits, the data folder's lock, events and wording: what every other room uses."""
