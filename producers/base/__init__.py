"""What every producer needs: readings, their pace, and the way to a listener."""
