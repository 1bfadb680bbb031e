"""The demo: nine months of real grocery sales imported, six weeks replayed day by day with planted trouble, the rest."""
