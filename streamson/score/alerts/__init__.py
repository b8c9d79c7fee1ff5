"""What is told of streams beside their notes: alerts, silence, losses; within a budget."""
