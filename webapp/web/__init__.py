"""HTTP edge: connections, middleware, authentication and routes."""
