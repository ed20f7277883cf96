"""What happens to a member who may hold seats: role, status, end date, seats, removal."""
