"""Database tables about people: users, members of matters, conversations, guests."""
