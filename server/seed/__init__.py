"""What a new installation shows: two organisers, four venues, and shows on sale. Repeating it changes nothing."""
