"""What a build did, as tables and objects."""
