"""Whether a trained candidate is worth serving: judged by what visitors would get from it."""
