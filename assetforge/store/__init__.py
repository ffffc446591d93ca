"""What has been made, kept outside the repository: blobs, records, claims, and notes of calls under way."""
