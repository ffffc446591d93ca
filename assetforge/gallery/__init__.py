"""A page of all pictures: what it tells, its pictures, its HTML, and the folder that it is written to."""
