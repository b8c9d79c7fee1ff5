"""Points handed on: taken as a listener takes them, sent as producers send them."""
