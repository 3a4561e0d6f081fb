"""From a snapshot to the documents that clients read; pure, one file per dialect."""
