"""Files of others: tables as people's programs write them."""
