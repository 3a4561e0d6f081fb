"""Builds what readers are served from, beside the process that serves them: orders in, built catalogs out."""
