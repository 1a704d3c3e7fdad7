"""What a query brings along beside users: interactions, baskets and side data."""
