"""What the search says and judges here: sessions of RFC 5321, their players, their blame, their scripts."""
