"""Local steps on decoded pictures, and the way in and out of encoded ones."""
