"""What belongs to one visitor: the address, the sidebar's choices, the measurement that runs."""
