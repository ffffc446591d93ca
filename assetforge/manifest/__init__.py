"""What the user wrote: parsed, merged and checked against the schema, with a position for every key path."""
