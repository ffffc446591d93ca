"""The page of all pictures served on this machine, live, with buttons that choose and approve."""
