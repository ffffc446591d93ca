"""What a person has the lock pin: a picture kept for another request, made by hand, or brought back."""
