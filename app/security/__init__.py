"""Who may ask: API keys and JSON Web Tokens, and the scopes that they carry."""
