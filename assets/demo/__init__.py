"""The demo: nine months of real grocery sales imported, six weeks replayed with planted trouble, the rest."""
