"""From the manifest to steps in order: templates, matrix, references, sizes, selection."""
